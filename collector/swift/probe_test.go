package swift

import (
	"registry_exporter/collector/testserver"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/registry"
	"registry_exporter/collector/source"
)

// probing is a registry whose Swift is read and written.
func (s *fakeSwift) probing() string {
	return s.config("auth_url: ADDRESS/auth/v1.0, probe: {every: 1m, container: monitoring}")
}

// reading is one whose Swift is only read.
func (s *fakeSwift) reading() string {
	return s.config("auth_url: ADDRESS/auth/v1.0, probe: {every: 1m}")
}

func TestSwiftProbePages(t *testing.T) {
	for _, c := range []struct {
		name   string
		config func(*fakeSwift) string
		server func(*fakeSwift)
	}{
		{"healthy", (*fakeSwift).probing, func(*fakeSwift) {}},
		{"without_a_container", (*fakeSwift).reading, func(*fakeSwift) {}},
		{"object_servers_dead", (*fakeSwift).probing, func(s *fakeSwift) {
			s.objects.instead["PUT"], s.objects.instead["GET"], s.objects.instead["DELETE"] = dead, dead, dead
		}},
		{"store_full", (*fakeSwift).probing, func(s *fakeSwift) { s.objects.instead["PUT"] = answers(http.StatusInsufficientStorage, "") }},
		{"no_right_to_write", (*fakeSwift).probing, func(s *fakeSwift) { s.objects.instead["PUT"] = answers(http.StatusForbidden, "") }},
		{"wrong_key", (*fakeSwift).probing, func(s *fakeSwift) { s.key = "another key" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			c.server(server)
			e := collectortest.New(t, c.config(server))
			e.runOnce(t, "swift_probe")
			collectortest.ComparePage(t, filepath.Join("testdata", "swift_probe", c.name), server.pageOf(t, e, "swift_probe"))
		})
	}
	t.Run("before_the_first_run", func(t *testing.T) {
		server := startSwift(t)
		collectortest.ComparePage(t, filepath.Join("testdata", "swift_probe", "before_the_first_run"), server.pageOf(t, collectortest.New(t, server.probing()), "swift_probe"))
	})
}

func TestSwiftProbe(t *testing.T) {
	at := func(what string, answer http.HandlerFunc) func(*fakeSwift) {
		return func(s *fakeSwift) { s.objects.instead[what] = answer }
	}
	// ofOurs answers GET of what the probe wrote, and leaves the registry's objects alone.
	ofOurs := func(answer func(content string, w http.ResponseWriter)) func(*fakeSwift) {
		return func(s *fakeSwift) {
			s.objects.instead["GET"] = func(w http.ResponseWriter, r *http.Request) {
				if r.PathValue("container") == "registry" {
					s.objects.get(w, r)
					return
				}
				s.objects.mu.Lock()
				content := s.objects.containers["monitoring"][r.PathValue("object")]
				s.objects.mu.Unlock()
				answer(content, w)
			}
		}
	}
	body := func(change func(string) string) func(*fakeSwift) {
		return ofOurs(func(content string, w http.ResponseWriter) {
			w.Header().Set("ETag", md5Hex([]byte(content)))
			_, _ = io.WriteString(w, change(content))
		})
	}
	// theirs answers GET of the registry's objects.
	theirs := func(answer http.HandlerFunc) func(*fakeSwift) {
		return func(s *fakeSwift) {
			s.objects.instead["GET"] = func(w http.ResponseWriter, r *http.Request) {
				if r.PathValue("container") == "registry" {
					answer(w, r)
					return
				}
				s.objects.get(w, r)
			}
		}
	}
	const all = "auth put get delete list read"
	for _, c := range []struct {
		name        string
		server      func(*fakeSwift)
		reason      string
		write, read float64
		steps       string // that were reached; one that failed with a !
	}{
		{"healthy", func(*fakeSwift) {}, "", 1, 1, all},
		{"only the object servers are dead", func(s *fakeSwift) {
			s.objects.instead["PUT"], s.objects.instead["GET"], s.objects.instead["DELETE"] = dead, dead, dead
		}, source.ReasonUnavailable, 0, 0, "auth put! list read!"},
		{"the container servers are dead", at("LIST", dead), source.ReasonUnavailable, 1, 0, "auth put get delete list!"},
		{"the store is full", at("PUT", answers(http.StatusInsufficientStorage, "")), source.ReasonNoSpace, 0, 1, "auth put! list read"},
		{"an object is too large for it", at("PUT", answers(http.StatusRequestEntityTooLarge, "")), source.ReasonNoSpace, 0, 1, "auth put! list read"},
		{"no right to write", at("PUT", answers(http.StatusForbidden, "")), source.ReasonForbidden, 0, 1, "auth put! list read"},
		{"no right to write, and the object servers are dead", func(s *fakeSwift) {
			s.objects.instead["PUT"], s.objects.instead["GET"] = answers(http.StatusForbidden, ""), dead
		}, source.ReasonUnavailable, 0, 0, "auth put! list read!"},
		{"no right to delete", at("DELETE", answers(http.StatusForbidden, "")), source.ReasonForbidden, 0, 1, "auth put get delete! list read"},
		{"no right to read", at("GET", answers(http.StatusForbidden, "")), source.ReasonForbidden, 0, 0, "auth put get! delete list read!"},
		{"no right to list", at("LIST", answers(http.StatusForbidden, "")), source.ReasonForbidden, 1, 0, "auth put get delete list!"},
		{"no container to write to", func(s *fakeSwift) { delete(s.objects.containers, "monitoring") }, source.ReasonNotFound, 0, 1, "auth put! list read"},
		{"no container of the registry", func(s *fakeSwift) { delete(s.objects.containers, "registry") }, source.ReasonNotFound, 1, 0, "auth put get delete list!"},
		{"rate limited", at("PUT", answers(http.StatusTooManyRequests, "")), source.ReasonRateLimited, 0, 1, "auth put! list read"},
		{"what arrives is not what was sent", at("PUT", answers(http.StatusUnprocessableEntity, "")), source.ReasonDigestMismatch, 0, 1, "auth put! list read"},
		{"PUT redirects elsewhere", at("PUT", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid", http.StatusTemporaryRedirect)
		}), source.ReasonRedirected, 0, 1, "auth put! list read"},
		{"PUT with another ETag", at("PUT", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", md5Hex(nil))
			w.WriteHeader(http.StatusCreated)
		}), source.ReasonDigestMismatch, 0, 1, "auth put! list read"},
		{"PUT with a quoted ETag", func(s *fakeSwift) {
			s.objects.instead["PUT"] = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"`+r.Header.Get("ETag")+`"`)
				s.objects.put(quoted{w}, r)
			}
		}, "", 1, 1, all},
		{"HTML to a PUT", at("PUT", answers(http.StatusOK, "<html>Welcome</html>")), source.ReasonBadAnswer, 0, 1, "auth put! list read"},
		{"HTML to a PUT with 201", at("PUT", answers(http.StatusCreated, "<html>Welcome</html>")), source.ReasonBadAnswer, 0, 1, "auth put! list read"},
		{"HTML to a GET", ofOurs(func(_ string, w http.ResponseWriter) { fmt.Fprint(w, "<html>Welcome</html>") }), source.ReasonBadAnswer, 0, 1, "auth put get! delete list read"},
		{"HTML to a DELETE", at("DELETE", answers(http.StatusOK, "<html>Welcome</html>")), source.ReasonBadAnswer, 0, 1, "auth put get delete! list read"},
		{"other bytes", body(func(content string) string { return "x" + content[:len(content)-1] }), source.ReasonDigestMismatch, 0, 1, "auth put get! delete list read"},
		{"fewer bytes", body(func(content string) string { return content[:10] }), source.ReasonShortRead, 0, 1, "auth put get! delete list read"},
		{"no bytes", body(func(string) string { return "" }), source.ReasonShortRead, 0, 1, "auth put get! delete list read"},
		{"more bytes", body(func(content string) string { return content + "x" }), source.ReasonDigestMismatch, 0, 1, "auth put get! delete list read"},
		{"endless bytes", ofOurs(func(content string, w http.ResponseWriter) {
			w.Header().Set("ETag", md5Hex([]byte(content)))
			testserver.WriteEndlessly(w)
		}), source.ReasonTooLarge, 0, 1, "auth put get! delete list read"},
		{"fewer bytes than announced", ofOurs(func(content string, w http.ResponseWriter) {
			w.Header().Set("ETag", md5Hex([]byte(content)))
			w.Header().Set("Content-Length", "1024")
			fmt.Fprint(w, content[:10])
		}), source.ReasonShortRead, 0, 1, "auth put get! delete list read"},
		{"an older copy", ofOurs(func(_ string, w http.ResponseWriter) {
			old := strings.Repeat("o", writeBytes)
			w.Header().Set("ETag", md5Hex([]byte(old)))
			fmt.Fprint(w, old)
		}), source.ReasonDigestMismatch, 0, 1, "auth put get! delete list read"},
		{"what was written is not there", ofOurs(func(_ string, w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }), source.ReasonMissingBlob, 0, 1, "auth put get! delete list read"},
		{"it is gone before it is deleted", at("DELETE", answers(http.StatusNotFound, "")), "", 1, 1, all},
		{"an object of the registry without bytes", theirs(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1")
			w.WriteHeader(http.StatusPartialContent)
		}), source.ReasonShortRead, 1, 0, "auth put get delete list read!"},
		{"an empty part of one", theirs(answers(http.StatusPartialContent, "")), source.ReasonShortRead, 1, 0, "auth put get delete list read!"},
		{"more than the part asked for", theirs(answers(http.StatusPartialContent, "layers")), source.ReasonTooLarge, 1, 0, "auth put get delete list read!"},
		{"the whole object instead of a part", theirs(answers(http.StatusOK, "layers")), source.ReasonBadAnswer, 1, 0, "auth put get delete list read!"},
		{"objects that are listed and not there", theirs(answers(http.StatusNotFound, "")), source.ReasonMissingBlob, 1, 0, "auth put get delete list read!"},
		{"an empty container", func(s *fakeSwift) { s.objects.containers["registry"] = nil }, "", 1, 1, "auth put get delete list"},
		{"an empty container with 204", at("LIST", answers(http.StatusNoContent, "")), "", 1, 1, "auth put get delete list"},
		{"only empty objects", func(s *fakeSwift) { s.objects.containers["registry"] = map[string]string{"empty": ""} }, "", 1, 1, all},
		{"the login is refused", func(s *fakeSwift) { s.key = "another key" }, source.ReasonUnauthorized, 0, 0, "auth!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			c.server(server)
			e := collectortest.New(t, server.probing())
			res := e.runOnce(t, "swift_probe")
			msr.wantReason(t, res.Err, c.reason)
			redis.wantValue(t, res, writeSuccess, c.write)
			redis.wantValue(t, res, readSuccess, c.read)
			wantRunSteps(t, e, "swift_probe", c.steps)
		})
	}
}

// quoted keeps the ETag that is there.
type quoted struct{ http.ResponseWriter }

func (q quoted) WriteHeader(status int) {
	q.Header().Set("ETag", `"`+strings.Trim(q.Header().Get("ETag"), `"`)+`"`)
	q.ResponseWriter.WriteHeader(status)
}

// wantRunSteps wants the last run to have done these steps; those that failed end in a !.
func wantRunSteps(t *testing.T, e *collector.Exporter, collector, want string) {
	t.Helper()
	var got []string
	for _, s := range redis.storeSource(t, e, collector).Probe.track.result().Steps {
		name := s.Name
		if s.Err != nil {
			name += "!"
		}
		got = append(got, name)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("steps %q, want %q", got, want)
	}
}

func TestSwiftProbeHangs(t *testing.T) {
	for _, c := range []struct {
		at, steps, did string
		write, read    float64
	}{
		{"PUT", "auth put! list read", "PUT DELETE LIST LIST GET", 0, 1},
		{"GET", "auth put get! list read!", "PUT GET DELETE LIST LIST GET", 0, 0},
		{"DELETE", "auth put get delete! list read", "PUT GET DELETE DELETE LIST LIST GET", 0, 1},
		{"LIST", "auth put get delete list!", "PUT GET DELETE LIST", 1, 0},
	} {
		t.Run("at "+c.at, func(t *testing.T) {
			t.Parallel()
			server := startSwift(t)
			server.objects.instead[c.at] = testserver.Hang
			e := collectortest.New(t, server.config("auth_url: ADDRESS/auth/v1.0, probe: {every: 3s, container: monitoring}"))
			p := swiftProbeOf(t, e)
			p.limit = 3 * time.Second // in half of which all comes that does not hang
			p.marker = "segments/fff"
			track := source.NewTrack()
			if !(&source.Probe{Every: p.limit * 2, Run: p.run, track: track}).Once(t.Context()) {
				t.Fatal("it did not run")
			}
			last := track.result()
			redis.storeSource(t, e, "swift_probe").Probe.track.last = last
			msr.wantReason(t, last.Err, source.ReasonTimeout)
			redis.wantValue(t, source.Result{Samples: last.Samples}, writeSuccess, c.write)
			redis.wantValue(t, source.Result{Samples: last.Samples}, readSuccess, c.read)
			wantRunSteps(t, e, "swift_probe", c.steps)
			if did := server.objects.did(); did != c.did {
				t.Errorf("it did %s, want %s", did, c.did)
			}
		})
	}
	t.Run("at the login", func(t *testing.T) {
		server := startSwift(t)
		server.login = testserver.Hang
		e := collectortest.New(t, server.config("auth_url: ADDRESS/auth/v1.0, probe: {every: 200ms, container: monitoring}"))
		msr.wantReason(t, e.runOnce(t, "swift_probe").Err, source.ReasonTimeout)
		wantRunSteps(t, e, "swift_probe", "auth!")
	})
}

// swiftProbeOf is what the probe of an exporter's first registry runs, built again.
func swiftProbeOf(t *testing.T, e *collector.Exporter) *prober {
	t.Helper()
	store := testSwiftStore(t, e)
	return &prober{store: store, container: store.cfg.Probe.Container, prefix: "registry_exporter/host/hub/"}
}

// Whatever it was doing when it was told to stop, nothing stays.
func TestSwiftProbeIsStopped(t *testing.T) {
	for _, at := range []string{"PUT", "GET"} {
		t.Run("at "+at, func(t *testing.T) {
			server := startSwift(t)
			ctx, stop := context.WithCancel(t.Context())
			server.objects.instead[at] = func(w http.ResponseWriter, r *http.Request) {
				if at == "PUT" { // it is stored, and nobody says so
					server.objects.put(quoted{w}, r)
				}
				stop()
				testserver.Hang(w, r)
			}
			e := collectortest.New(t, server.probing())
			if redis.storeSource(t, e, "swift_probe").Probe.Once(ctx) {
				t.Error("a run that was stopped counts")
			}
			if left := server.objects.left(); len(left) > 0 {
				t.Errorf("%s is left", left)
			}
		})
	}
}

// An answer that is lost does not mean that nothing was stored.
func TestSwiftProbeLeavesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		want   string
	}{
		{"the proxy is not sure", http.StatusServiceUnavailable, "PUT DELETE"},
		{"a clear no", http.StatusForbidden, "PUT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			server.objects.instead["PUT"] = func(w http.ResponseWriter, r *http.Request) {
				if c.status != http.StatusForbidden {
					server.objects.put(noStatus{w}, r)
				}
				w.WriteHeader(c.status)
			}
			collectortest.New(t, server.probing()).runOnce(t, "swift_probe")
			if did := server.objects.did(); !strings.HasPrefix(did, c.want+" LIST") {
				t.Errorf("it did %s, want %s first", did, c.want)
			}
			if left := server.objects.left(); len(left) > 0 {
				t.Errorf("%s is left", left)
			}
		})
	}
}

// noStatus leaves the status to somebody else.
type noStatus struct{ http.ResponseWriter }

func (noStatus) WriteHeader(int) {}

// What a dead exporter leaves behind is named after it, and overwritten in time.
func TestSwiftProbeNames(t *testing.T) {
	server := startSwift(t)
	server.objects.instead["DELETE"] = dead
	e := registry.newPushExporter(t, "", server.probing())
	for range 3 {
		e.runOnce(t, "swift_probe")
	}
	for _, name := range server.objects.left() {
		if !strings.HasPrefix(name, "registry_exporter/exporter.example.org/hub/") || len(name) > 200 {
			t.Errorf("an object is called %s", name)
		}
	}
	if after := server.objects.headers["PUT"].Get("X-Delete-After"); after != "" {
		t.Errorf("X-Delete-After is %q: it leaves more behind than it takes away", after)
	}
}

// The registry's container is only read, and little of it.
func TestSwiftProbeWithoutAContainer(t *testing.T) {
	server := startSwift(t)
	e := collectortest.New(t, server.reading())
	res := e.runOnce(t, "swift_probe")
	msr.wantReason(t, res.Err, "")
	redis.wantValue(t, res, readSuccess, 1)
	if source.has(res.Samples, writeSuccess) {
		t.Error("nothing was written, and yet it says how that went")
	}
	if did := server.objects.did(); strings.Contains(did, "PUT") || strings.Contains(did, "DELETE") {
		t.Errorf("it did %s", did)
	}
	if part := server.objects.headers["GET"].Get("Range"); part != "bytes=0-0" {
		t.Errorf("it asked for %q", part)
	}
}

// Run after run it reads other objects, until it has been everywhere.
func TestSwiftProbeReadsInTurn(t *testing.T) {
	server := startSwift(t)
	objects := map[string]string{}
	for i := range 3 * listed {
		objects[fmt.Sprintf("segments/%03d", i)] = "layer"
	}
	server.objects.containers["registry"] = objects
	e := collectortest.New(t, server.reading())
	p := swiftProbeOf(t, e)
	p.limit = time.Minute
	seen := map[byte]bool{}
	for range 4 {
		r := p.run(t.Context())
		msr.wantReason(t, r.Err, "")
		seen[r.Steps[len(r.Steps)-1].Note[len("segments/")]] = true
	}
	if len(seen) != 3 {
		t.Errorf("of three pages it read from %d in four runs", len(seen))
	}
}

// Where the objects with bytes are is where layers are.
func TestSwiftProbePrefersObjectsWithBytes(t *testing.T) {
	server := startSwift(t)
	e := collectortest.New(t, server.reading())
	p := swiftProbeOf(t, e)
	p.limit = time.Minute
	for range 20 {
		p.marker = ""
		r := p.run(t.Context())
		msr.wantReason(t, r.Err, "")
		if read := r.Steps[len(r.Steps)-1].Note; read == "files/docker/manifest" {
			t.Fatal("it read one without bytes, although there are others")
		}
	}
}

func TestSwiftProbeTokenEndsInBetween(t *testing.T) {
	for _, at := range []string{"PUT", "GET", "DELETE", "LIST"} {
		t.Run("before "+at, func(t *testing.T) {
			server := startSwift(t)
			e := collectortest.New(t, server.probing())
			e.readOne(t, "swift") // logs in
			refused := false
			usual := map[string]http.HandlerFunc{"PUT": server.objects.put, "GET": server.objects.get, "DELETE": server.objects.delete, "LIST": server.objects.list}
			server.objects.instead[at] = func(w http.ResponseWriter, r *http.Request) {
				if !refused {
					refused = true
					server.revoke()
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				usual[at](w, r)
			}
			msr.wantReason(t, e.runOnce(t, "swift_probe").Err, "")
			server.wantLogins(t, 2)
		})
	}
}

// Reading, probing and counting share a login, and a key that is wrong is tried by none after another.
func TestSwiftSourcesShareALogin(t *testing.T) {
	everything := "auth_url: ADDRESS/auth/v1.0, probe: {container: monitoring}, count: {prefixes: [files/]}"
	for _, c := range []struct{ name, key, want string }{
		{"right", "keykeykey", ""},
		{"wrong", "another key", source.ReasonUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			server.key = c.key
			e := collectortest.New(t, server.config(everything))
			msr.wantReason(t, e.runOnce(t, "swift_probe").Err, c.want)
			msr.wantReason(t, e.runOnce(t, "swift_count").Err, c.want)
			msr.wantReason(t, e.readOne(t, "swift").Err, c.want)
			server.wantLogins(t, 1)
		})
	}
}

// A server may repeat in an error what it was sent.
func TestSwiftProbeErrorsAreOurWords(t *testing.T) {
	for _, at := range []string{"PUT", "GET", "DELETE", "LIST"} {
		server := startSwift(t)
		server.objects.instead[at] = func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, r.Header.Get("X-Auth-Token"))
		}
		res := collectortest.New(t, server.probing()).runOnce(t, "swift_probe")
		msr.wantReason(t, res.Err, source.ReasonForbidden)
		if strings.Contains(res.Err.Error(), "AUTH_tk") {
			t.Errorf("at %s: %s", at, res.Err)
		}
	}
}

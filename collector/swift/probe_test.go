package swift

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/swift/fakeswift"
	"registry_exporter/collector/testserver"
)

// probing configures a registry whose Swift is read and written.
func probing(s *fakeswift.Server) string {
	return s.Config("auth_url: ADDRESS/auth/v1.0, probe: {every: 1m, container: monitoring}")
}

// reading configures a registry whose Swift is only read.
func reading(s *fakeswift.Server) string {
	return s.Config("auth_url: ADDRESS/auth/v1.0, probe: {every: 1m}")
}

func TestProbe(t *testing.T) {
	at := func(what string, answer http.HandlerFunc) func(*fakeswift.Server) {
		return func(s *fakeswift.Server) { s.Objects.Instead[what] = answer }
	}
	// ofOurs changes answers to GET of objects that the probe wrote.
	ofOurs := func(answer func(content string, w http.ResponseWriter)) func(*fakeswift.Server) {
		return func(s *fakeswift.Server) {
			s.Objects.Instead["GET"] = func(w http.ResponseWriter, r *http.Request) {
				if r.PathValue("container") == "registry" {
					s.Objects.Get(w, r)
					return
				}
				answer(s.Objects.Content("monitoring", r.PathValue("object")), w)
			}
		}
	}
	body := func(change func(string) string) func(*fakeswift.Server) {
		return ofOurs(func(content string, w http.ResponseWriter) {
			w.Header().Set("ETag", fakeswift.ETag(content))
			_, _ = io.WriteString(w, change(content))
		})
	}
	// theirs changes answers to GET of the registry's objects.
	theirs := func(answer http.HandlerFunc) func(*fakeswift.Server) {
		return func(s *fakeswift.Server) {
			s.Objects.Instead["GET"] = func(w http.ResponseWriter, r *http.Request) {
				if r.PathValue("container") == "registry" {
					answer(w, r)
					return
				}
				s.Objects.Get(w, r)
			}
		}
	}
	const all = "auth put get delete list read"
	for _, c := range []struct {
		name        string
		server      func(*fakeswift.Server)
		reason      string
		write, read float64
		steps       string // the steps that were reached; a step that failed has a !
	}{
		{"healthy", func(*fakeswift.Server) {}, "", 1, 1, all},
		{"only the object servers are dead", func(s *fakeswift.Server) {
			s.Objects.Instead["PUT"], s.Objects.Instead["GET"], s.Objects.Instead["DELETE"] = fakeswift.Dead, fakeswift.Dead, fakeswift.Dead
		}, source.ReasonUnavailable, 0, 0, "auth put! list read!"},
		{"the container servers are dead", at("LIST", fakeswift.Dead), source.ReasonUnavailable, 1, 0, "auth put get delete list!"},
		{"the store is full", at("PUT", fakeswift.Answer(http.StatusInsufficientStorage, "")), source.ReasonNoSpace, 0, 1, "auth put! list read"},
		{"an object is too large for it", at("PUT", fakeswift.Answer(http.StatusRequestEntityTooLarge, "")), source.ReasonNoSpace, 0, 1, "auth put! list read"},
		{"no right to write", at("PUT", fakeswift.Answer(http.StatusForbidden, "")), source.ReasonForbidden, 0, 1, "auth put! list read"},
		{"no right to write, and the object servers are dead", func(s *fakeswift.Server) {
			s.Objects.Instead["PUT"], s.Objects.Instead["GET"] = fakeswift.Answer(http.StatusForbidden, ""), fakeswift.Dead
		}, source.ReasonUnavailable, 0, 0, "auth put! list read!"},
		{"no right to delete", at("DELETE", fakeswift.Answer(http.StatusForbidden, "")), source.ReasonForbidden, 0, 1, "auth put get delete! list read"},
		{"no right to read", at("GET", fakeswift.Answer(http.StatusForbidden, "")), source.ReasonForbidden, 0, 0, "auth put get! delete list read!"},
		{"no right to list", at("LIST", fakeswift.Answer(http.StatusForbidden, "")), source.ReasonForbidden, 1, 0, "auth put get delete list!"},
		{"no container to write to", func(s *fakeswift.Server) { delete(s.Objects.Containers, "monitoring") }, source.ReasonNotFound, 0, 1, "auth put! list read"},
		{"no container of the registry", func(s *fakeswift.Server) { delete(s.Objects.Containers, "registry") }, source.ReasonNotFound, 1, 0, "auth put get delete list!"},
		{"rate limited", at("PUT", fakeswift.Answer(http.StatusTooManyRequests, "")), source.ReasonRateLimited, 0, 1, "auth put! list read"},
		{"what arrives is not what was sent", at("PUT", fakeswift.Answer(http.StatusUnprocessableEntity, "")), source.ReasonDigestMismatch, 0, 1, "auth put! list read"},
		{"PUT redirects elsewhere", at("PUT", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid", http.StatusTemporaryRedirect)
		}), source.ReasonRedirected, 0, 1, "auth put! list read"},
		{"PUT with another ETag", at("PUT", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", fakeswift.ETag(""))
			w.WriteHeader(http.StatusCreated)
		}), source.ReasonDigestMismatch, 0, 1, "auth put! list read"},
		{"PUT with a quoted ETag", func(s *fakeswift.Server) {
			s.Objects.Instead["PUT"] = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"`+r.Header.Get("ETag")+`"`)
				s.Objects.Put(quoted{w}, r)
			}
		}, "", 1, 1, all},
		{"HTML to a PUT", at("PUT", fakeswift.Answer(http.StatusOK, "<html>Welcome</html>")), source.ReasonBadAnswer, 0, 1, "auth put! list read"},
		{"HTML to a PUT with 201", at("PUT", fakeswift.Answer(http.StatusCreated, "<html>Welcome</html>")), source.ReasonBadAnswer, 0, 1, "auth put! list read"},
		{"HTML to a GET", ofOurs(func(_ string, w http.ResponseWriter) { fmt.Fprint(w, "<html>Welcome</html>") }), source.ReasonBadAnswer, 0, 1, "auth put get! delete list read"},
		{"HTML to a DELETE", at("DELETE", fakeswift.Answer(http.StatusOK, "<html>Welcome</html>")), source.ReasonBadAnswer, 0, 1, "auth put get delete! list read"},
		{"other bytes", body(func(content string) string { return "x" + content[:len(content)-1] }), source.ReasonDigestMismatch, 0, 1, "auth put get! delete list read"},
		{"fewer bytes", body(func(content string) string { return content[:10] }), source.ReasonShortRead, 0, 1, "auth put get! delete list read"},
		{"no bytes", body(func(string) string { return "" }), source.ReasonShortRead, 0, 1, "auth put get! delete list read"},
		{"more bytes", body(func(content string) string { return content + "x" }), source.ReasonDigestMismatch, 0, 1, "auth put get! delete list read"},
		{"endless bytes", ofOurs(func(content string, w http.ResponseWriter) {
			w.Header().Set("ETag", fakeswift.ETag(content))
			testserver.WriteEndlessly(w)
		}), source.ReasonTooLarge, 0, 1, "auth put get! delete list read"},
		{"fewer bytes than announced", ofOurs(func(content string, w http.ResponseWriter) {
			w.Header().Set("ETag", fakeswift.ETag(content))
			w.Header().Set("Content-Length", "1024")
			fmt.Fprint(w, content[:10])
		}), source.ReasonShortRead, 0, 1, "auth put get! delete list read"},
		{"an older copy", ofOurs(func(_ string, w http.ResponseWriter) {
			old := strings.Repeat("o", writeBytes)
			w.Header().Set("ETag", fakeswift.ETag(old))
			fmt.Fprint(w, old)
		}), source.ReasonDigestMismatch, 0, 1, "auth put get! delete list read"},
		{"what was written is not there", ofOurs(func(_ string, w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }), source.ReasonMissingBlob, 0, 1, "auth put get! delete list read"},
		{"it is gone before it is deleted", at("DELETE", fakeswift.Answer(http.StatusNotFound, "")), "", 1, 1, all},
		{"an object of the registry without bytes", theirs(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1")
			w.WriteHeader(http.StatusPartialContent)
		}), source.ReasonShortRead, 1, 0, "auth put get delete list read!"},
		{"an empty part of one", theirs(fakeswift.Answer(http.StatusPartialContent, "")), source.ReasonShortRead, 1, 0, "auth put get delete list read!"},
		{"more than the part asked for", theirs(fakeswift.Answer(http.StatusPartialContent, "layers")), source.ReasonTooLarge, 1, 0, "auth put get delete list read!"},
		{"the whole object instead of a part", theirs(fakeswift.Answer(http.StatusOK, "layers")), source.ReasonBadAnswer, 1, 0, "auth put get delete list read!"},
		{"objects that are listed and not there", theirs(fakeswift.Answer(http.StatusNotFound, "")), source.ReasonMissingBlob, 1, 0, "auth put get delete list read!"},
		{"an empty container", func(s *fakeswift.Server) { s.Objects.Containers["registry"] = nil }, "", 1, 1, "auth put get delete list"},
		{"an empty container with 204", at("LIST", fakeswift.Answer(http.StatusNoContent, "")), "", 1, 1, "auth put get delete list"},
		{"only empty objects", func(s *fakeswift.Server) { s.Objects.Containers["registry"] = map[string]string{"empty": ""} }, "", 1, 1, all},
		{"the login is refused", func(s *fakeswift.Server) { s.Key = "another key" }, source.ReasonUnauthorized, 0, 0, "auth!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			c.server(server)
			e := newSources(t, probing(server))
			res := e.runOnce(t, "swift_probe")
			wantReason(t, res.Err, c.reason)
			wantValue(t, res, writeSuccess, c.write)
			wantValue(t, res, readSuccess, c.read)
			wantRunSteps(t, res, c.steps)
		})
	}
}

// quoted puts the ETag that a handler sets into quotes.
type quoted struct{ http.ResponseWriter }

func (q quoted) WriteHeader(status int) {
	q.Header().Set("ETag", `"`+strings.Trim(q.Header().Get("ETag"), `"`)+`"`)
	q.ResponseWriter.WriteHeader(status)
}

func TestProbeHangs(t *testing.T) {
	cases := []struct {
		at, steps, did string
		write, read    float64
		server         *fakeswift.Server
		sources        testSources
	}{
		{at: "PUT", steps: "auth put! list read", did: "PUT DELETE LIST LIST GET", write: 0, read: 1},
		{at: "GET", steps: "auth put get! list read!", did: "PUT GET DELETE LIST LIST GET", write: 0, read: 0},
		{at: "DELETE", steps: "auth put get delete! list read", did: "PUT GET DELETE DELETE LIST LIST GET", write: 0, read: 1},
		{at: "LIST", steps: "auth put get delete list!", did: "PUT GET DELETE LIST", write: 1, read: 0},
	}
	var runs sync.WaitGroup // all at once, since they mostly wait
	for i := range cases {
		c := &cases[i]
		c.server = fakeswift.Start(t)
		c.server.Objects.Instead[c.at] = testserver.Hang
		p := newTestProber(t, c.server.Config("auth_url: ADDRESS/auth/v1.0, probe: {container: monitoring}"))
		p.timeout = 3 * time.Second // every answer that does not hang comes within half of it
		p.marker = "segments/fff"
		probe := &source.Probe{Every: p.timeout * 2, Run: p.probe}
		c.sources = testSources{"swift_probe": probe.Source(&source.Source{Timeout: time.Minute}, source.NewTrack())}
		runs.Go(func() { probe.Once(t.Context()) })
	}
	runs.Wait()
	for _, c := range cases {
		t.Run("at "+c.at, func(t *testing.T) {
			res := c.sources.readOne(t, "swift_probe")
			wantReason(t, res.Err, source.ReasonTimeout)
			wantValue(t, res, writeSuccess, c.write)
			wantValue(t, res, readSuccess, c.read)
			wantRunSteps(t, res, c.steps)
			if did := c.server.Objects.Done(); did != c.did {
				t.Errorf("it did %s, want %s", did, c.did)
			}
		})
	}
	t.Run("at the login", func(t *testing.T) {
		server := fakeswift.Start(t)
		server.Login = testserver.Hang
		e := newSources(t, server.Config("auth_url: ADDRESS/auth/v1.0, probe: {every: 2s, container: monitoring}"))
		res := e.runOnce(t, "swift_probe")
		wantReason(t, res.Err, source.ReasonTimeout)
		wantRunSteps(t, res, "auth!")
	})
}

// newTestProber is the prober of the first registry of a configuration, before any run.
func newTestProber(t *testing.T, text string) *prober {
	t.Helper()
	store, err := newStore(newBuilder(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return &prober{store: store, container: store.cfg.Probe.Container, prefix: "registry_exporter/host/hub/"}
}

// A run that is stopped leaves no object behind.
func TestProbeIsStopped(t *testing.T) {
	for _, at := range []string{"PUT", "GET"} {
		t.Run("at "+at, func(t *testing.T) {
			server := fakeswift.Start(t)
			ctx, stop := context.WithCancel(t.Context())
			server.Objects.Instead[at] = func(w http.ResponseWriter, r *http.Request) {
				if at == "PUT" { // the object is stored, and no answer comes
					server.Objects.Put(quoted{w}, r)
				}
				stop()
				testserver.Hang(w, r)
			}
			e := newSources(t, probing(server))
			if e["swift_probe"].Probe.Once(ctx) {
				t.Error("a run that was stopped counts")
			}
			if left := server.Objects.Names("monitoring"); len(left) > 0 {
				t.Errorf("%s is left", left)
			}
		})
	}
}

// A PUT that seems to fail may have stored the object.
func TestProbeLeavesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		want   string
	}{
		{"the proxy is not sure", http.StatusServiceUnavailable, "PUT DELETE"},
		{"a clear no", http.StatusForbidden, "PUT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			server.Objects.Instead["PUT"] = func(w http.ResponseWriter, r *http.Request) {
				if c.status != http.StatusForbidden {
					server.Objects.Put(noStatus{w}, r)
				}
				w.WriteHeader(c.status)
			}
			newSources(t, probing(server)).runOnce(t, "swift_probe")
			if did := server.Objects.Done(); !strings.HasPrefix(did, c.want+" LIST") {
				t.Errorf("it did %s, want %s first", did, c.want)
			}
			if left := server.Objects.Names("monitoring"); len(left) > 0 {
				t.Errorf("%s is left", left)
			}
		})
	}
}

// noStatus drops the status that a handler sets.
type noStatus struct{ http.ResponseWriter }

func (noStatus) WriteHeader(int) {}

// An exporter that is killed leaves objects behind. Their names have the exporter's, and a later run overwrites them.
func TestProbeNames(t *testing.T) {
	server := fakeswift.Start(t)
	server.Objects.Instead["DELETE"] = fakeswift.Dead
	e := newSources(t, probing(server))
	for range 3 {
		e.runOnce(t, "swift_probe")
	}
	for _, name := range server.Objects.Names("monitoring") {
		if !strings.HasPrefix(name, "registry_exporter/exporter.example.org/hub/") || len(name) > 200 {
			t.Errorf("an object is called %s", name)
		}
	}
	if after := server.Objects.Header("PUT", "X-Delete-After"); after != "" {
		t.Errorf("X-Delete-After is %q: it leaves more behind than it takes away", after)
	}
}

// Without a container of its own the probe only reads, and little.
func TestProbeWithoutAContainer(t *testing.T) {
	server := fakeswift.Start(t)
	e := newSources(t, reading(server))
	res := e.runOnce(t, "swift_probe")
	wantReason(t, res.Err, "")
	wantValue(t, res, readSuccess, 1)
	if has(res.Samples, writeSuccess) {
		t.Error("nothing was written, and yet it says how that went")
	}
	if did := server.Objects.Done(); strings.Contains(did, "PUT") || strings.Contains(did, "DELETE") {
		t.Errorf("it did %s", did)
	}
	if part := server.Objects.Header("GET", "Range"); part != "bytes=0-0" {
		t.Errorf("it asked for %q", part)
	}
}

// Each run reads objects of the next page, until all pages have been read.
func TestProbeReadsInTurn(t *testing.T) {
	server := fakeswift.Start(t)
	objects := map[string]string{}
	for i := range 3 * listLimit {
		objects[fmt.Sprintf("segments/%03d", i)] = "layer"
	}
	server.Objects.Containers["registry"] = objects
	p := newTestProber(t, reading(server))
	p.timeout = time.Minute
	seen := map[byte]bool{}
	for range 4 {
		r := p.probe(t.Context())
		wantReason(t, r.Err, "")
		seen[r.Steps[len(r.Steps)-1].Note[len("segments/")]] = true
	}
	if len(seen) != 3 {
		t.Errorf("of three pages it read from %d in four runs", len(seen))
	}
}

// Objects with bytes are layers, which the probe reads first.
func TestProbePrefersObjectsWithBytes(t *testing.T) {
	server := fakeswift.Start(t)
	p := newTestProber(t, reading(server))
	p.timeout = time.Minute
	for range 20 {
		p.marker = ""
		r := p.probe(t.Context())
		wantReason(t, r.Err, "")
		if read := r.Steps[len(r.Steps)-1].Note; read == "files/docker/manifest" {
			t.Fatal("it read one without bytes, although there are others")
		}
	}
}

func TestProbeTokenEndsInBetween(t *testing.T) {
	for _, at := range []string{"PUT", "GET", "DELETE", "LIST"} {
		t.Run("before "+at, func(t *testing.T) {
			server := fakeswift.Start(t)
			e := newSources(t, probing(server))
			e.readOne(t, "swift") // logs in
			refused := false
			usual := map[string]http.HandlerFunc{"PUT": server.Objects.Put, "GET": server.Objects.Get, "DELETE": server.Objects.Delete, "LIST": server.Objects.List}
			server.Objects.Instead[at] = func(w http.ResponseWriter, r *http.Request) {
				if !refused {
					refused = true
					server.Revoke()
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				usual[at](w, r)
			}
			wantReason(t, e.runOnce(t, "swift_probe").Err, "")
			server.WantLogins(t, 2)
		})
	}
}

// The three sources share a login. A key that Swift refuses is not sent by one source after another.
func TestSourcesShareALogin(t *testing.T) {
	everything := "auth_url: ADDRESS/auth/v1.0, probe: {container: monitoring}, count: {prefixes: [files/]}"
	for _, c := range []struct{ name, key, want string }{
		{"right", "keykeykey", ""},
		{"wrong", "another key", source.ReasonUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			server.Key = c.key
			e := newSources(t, server.Config(everything))
			wantReason(t, e.runOnce(t, "swift_probe").Err, c.want)
			wantReason(t, e.runOnce(t, "swift_count").Err, c.want)
			wantReason(t, e.readOne(t, "swift").Err, c.want)
			server.WantLogins(t, 1)
		})
	}
}

// A server may repeat in an error what it was sent.
func TestProbeErrorsAreOurWords(t *testing.T) {
	for _, at := range []string{"PUT", "GET", "DELETE", "LIST"} {
		server := fakeswift.Start(t)
		server.Objects.Instead[at] = func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, r.Header.Get("X-Auth-Token"))
		}
		res := newSources(t, probing(server)).runOnce(t, "swift_probe")
		wantReason(t, res.Err, source.ReasonForbidden)
		if strings.Contains(res.Err.Error(), "AUTH_tk") {
			t.Errorf("at %s: %s", at, res.Err)
		}
	}
}

package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest/golden"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// Bounds of the package client: so many layers or manifests, and bytes of a config.
const (
	maxDescriptors = 1000
	maxConfig      = 16 << 20
)

// A sad is one thing that is wrong with the image library/base:1.0 of three layers, and what has to be said of it.
type sad struct {
	name          string
	options       string // of the configuration, after "images"
	breakIt       func(t *testing.T, f *fakeRegistry, image fakeImage)
	step, reason  string
	cache         string // none when it is empty
	badReason     string // of the content; empty: nothing is noted
	text, without string // what the error says, and what it must not say
}

func flip(b []byte) []byte { b[0] ^= 1; return b }
func cut(b []byte) []byte  { return b[:len(b)-1] }

func (s sad) run(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two", "layer three")
	e := f.puller(t, s.options, "library/base:1.0")
	s.breakIt(t, f, image)
	got := e.run(t)
	got.wantReason(t, s.reason)
	cache := s.cache
	if cache == "" {
		cache = "none"
	}
	about := fmt.Sprintf(`endpoint="%s",role="front",image="library/base:1.0"`, f.Listener.Addr())
	if s.reason == "" {
		got.wantSamples(t, map[string]float64{"registry_pull_success{": 1})
		return
	}
	got.wantSamples(t, map[string]float64{
		"registry_pull_success{": 0,
		"registry_pull_step_success{" + about + `,step="` + s.step + `"`:                                        0,
		"registry_pull_failure{" + about:                                                                        1,
		"registry_pull_failure{" + about + fmt.Sprintf(`,step=%q,reason=%q,cache=%q}`, s.step, s.reason, cache): 1,
	})
	if s.badReason == "" {
		got.wantNone(t, "registry_pull_content_bad{")
	} else {
		got.wantSamples(t, map[string]float64{"registry_pull_content_bad{" + about + fmt.Sprintf(`,reason=%q,confirmed="false"}`, s.badReason): 1})
	}
	text := e.last(t).Err.Error()
	if !strings.Contains(text, s.text) {
		t.Errorf("the error does not say %q: %s", s.text, text)
	}
	if s.without != "" && strings.Contains(text, s.without) {
		t.Errorf("the error says %q: %s", s.without, text)
	}
}

func TestPullOfWhatIsBad(t *testing.T) {
	for _, s := range []sad{
		{name: "nothing", breakIt: func(*testing.T, *fakeRegistry, fakeImage) {}},
		{
			name: "a layer that is missing", step: stepLayers, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob, text: "BLOB_UNKNOWN",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.lose(i.layers[1]) },
		},
		{
			name: "a layer cut short", step: stepLayers, reason: source.ReasonShortRead, badReason: source.ReasonShortRead, text: "has 8 bytes, the manifest says 9",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.damage(i.layers[1], cut) },
		},
		{
			name: "a layer that is longer", step: stepLayers, reason: source.ReasonShortRead, badReason: source.ReasonShortRead, text: "has 10 bytes, the manifest says 9",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.damage(i.layers[1], func(b []byte) []byte { return append(b, 0) })
			},
		},
		{
			name: "a byte flipped", step: stepLayers, reason: source.ReasonDigestMismatch, badReason: source.ReasonDigestMismatch,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.damage(i.layers[1], flip) },
		},
		{
			name: "a layer of no bytes though its length is right", step: stepLayers, reason: source.ReasonShortRead, badReason: source.ReasonShortRead, text: "0 of 1 bytes came",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.answer(i.layers[1].String(), emptied(9)) },
		},
		{
			name: "a range of no bytes", step: stepLayers, reason: source.ReasonShortRead, badReason: source.ReasonShortRead,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.answer(i.layers[1].String(), respond(http.Header{"Content-Range": {"bytes 8-8/9"}, "Content-Length": {"1"}}, http.StatusPartialContent, ""))
			},
		},
		{
			name: "a bad copy in a cache", step: stepLayers, reason: source.ReasonDigestMismatch, badReason: source.ReasonDigestMismatch, cache: "hit",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.damage(i.layers[1], flip)
				serve := f.wholeOnly(i.layers[1])
				f.answer(i.layers[1].String(), func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Cache-Status", "HIT"); serve(w, r) })
			},
		},
		{
			name: "a config with a byte flipped", step: stepConfig, reason: source.ReasonDigestMismatch, badReason: source.ReasonDigestMismatch,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.damage(i.config, flip) },
		},
		{
			name: "a config that is missing", step: stepConfig, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.lose(i.config) },
		},
		{
			name: "a tag that is not there", step: stepManifest, reason: source.ReasonNotFound, text: "MANIFEST_UNKNOWN",
			breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) { delete(f.manifests, "1.0") },
		},
		{
			name: "a manifest of another digest than its header", step: stepManifest, reason: source.ReasonDigestMismatch,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.answer("1.0", respond(http.Header{"Content-Type": {mediaTypeManifest}, "Docker-Content-Digest": {i.config.String()}}, 200, "{}"))
			},
		},
		{
			name: "a manifest of no bytes", step: stepManifest, reason: source.ReasonShortRead,
			breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) { f.answer("1.0", emptied(500)) },
		},
		{
			name: "a manifest of schema 1", step: stepManifest, reason: source.ReasonBadAnswer, text: "schema 1",
			breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
				f.answer("1.0", respond(http.Header{"Content-Type": {mediaTypeSchema1}}, 200, `{"schemaVersion":1}`))
			},
		},
		{
			name: "a page of HTML", step: stepManifest, reason: source.ReasonBadAnswer, text: "Content-Type",
			breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
				f.answer("1.0", respond(http.Header{"Content-Type": {"text/html"}}, 200, "<html>"))
			},
		},
		{
			name: "an endless manifest", step: stepManifest, reason: source.ReasonTooLarge,
			breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
				f.answer("1.0", func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", mediaTypeManifest)
					testserver.WriteEndlessly(w)
				})
			},
		},
		{
			name: "an index whose manifest is missing", step: stepManifest, reason: source.ReasonMissingBlob, text: "MANIFEST_UNKNOWN",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.index("1.0", map[string]fakeImage{"linux/amd64": i})
				f.lose(i.manifest)
			},
		},
		{
			name: "an index without our platform", step: stepManifest, reason: source.ReasonNotFound, text: "no image for linux/amd64",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.index("1.0", map[string]fakeImage{"linux/s390x": i, "windows/amd64": i})
			},
		},
		{
			name: "an index in an index", step: stepManifest, reason: source.ReasonBadAnswer,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				inner := f.index("inner", map[string]fakeImage{"linux/amd64": i})
				f.index("1.0", map[string]fakeImage{"linux/amd64": {manifest: inner}})
			},
		},
		{
			name: "a manifest of another size than the index says", step: stepManifest, reason: source.ReasonShortRead, text: "the index says",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.index("1.0", map[string]fakeImage{"linux/amd64": i})
				f.manifests[i.manifest.String()] = append(f.manifests[i.manifest.String()], ' ')
			},
		},
		{
			name: "a manifest of another digest than the index says", step: stepManifest, reason: source.ReasonDigestMismatch,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.index("1.0", map[string]fakeImage{"linux/amd64": i})
				flip(f.manifests[i.manifest.String()])
			},
		},
	} {
		t.Run(s.name, s.run)
	}
}

func TestPullOfWhatIsHostile(t *testing.T) {
	manifestOf := func(layers string) func(*testing.T, *fakeRegistry, fakeImage) {
		return func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.document("1.0", `{"schemaVersion":2,"config":`+descriptorOf("x", i.config, len(f.blobs[i.config]))+`,"layers":[`+layers+`]}`)
		}
	}
	anyDigest := `"digest":"sha256:` + strings.Repeat("0", 64) + `"`
	for _, s := range []sad{
		{name: "deep JSON", reason: source.ReasonBadAnswer, breakIt: manifestOf(`{"annotations":` + strings.Repeat("[", 1<<20) + `}`)},
		{name: "a negative size", reason: source.ReasonBadAnswer, breakIt: manifestOf(`{` + anyDigest + `,"size":-1}`)},
		{name: "a size that overflows", reason: source.ReasonBadAnswer, breakIt: manifestOf(`{` + anyDigest + `,"size":9223372036854775808}`)},
		{name: "a size that is huge", reason: source.ReasonTooLarge, breakIt: manifestOf(`{` + anyDigest + `,"size":9223372036854775000}`)},
		{name: "a size of 1e400", reason: source.ReasonBadAnswer, breakIt: manifestOf(`{` + anyDigest + `,"size":1e400}`)},
		{name: "half a byte", reason: source.ReasonBadAnswer, breakIt: manifestOf(`{` + anyDigest + `,"size":0.5}`)},
		{name: "no size", reason: source.ReasonBadAnswer, text: "does not say the size", breakIt: manifestOf(`{` + anyDigest + `}`)},
		{name: "a digest of an unknown algorithm", reason: source.ReasonBadAnswer, text: "neither of sha256 nor of sha512", without: "md5", breakIt: manifestOf(`{"digest":"md5:d41d8cd98f00b204e9800998ecf8427e","size":1}`)},
		{name: "a digest that is a path", reason: source.ReasonBadAnswer, without: "..", breakIt: manifestOf(`{"digest":"../../../secret","size":1}`)},
		{name: "a digest that is short", reason: source.ReasonBadAnswer, breakIt: manifestOf(`{"digest":"sha256:00","size":1}`)},
		{name: "too many layers", reason: source.ReasonTooLarge, breakIt: manifestOf(strings.Repeat(`{},`, maxDescriptors) + `{}`)},
		{name: "layers that are a text", reason: source.ReasonBadAnswer, breakIt: manifestOf(`"layer"`)},
		{name: "a text after the manifest", reason: source.ReasonBadAnswer, breakIt: manifestOf(`]} {"layers":[`)},
		{name: "a manifest and an index in one", reason: source.ReasonBadAnswer, breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.document("1.0", `{"manifests":[],"layers":[]}`)
		}},
		{name: "a config larger than any", reason: source.ReasonTooLarge, breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.document("1.0", `{"config":`+descriptorOf("x", i.config, maxConfig+1)+`,"layers":[]}`)
		}},
		{name: "no config", reason: source.ReasonBadAnswer, breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.document("1.0", `{"layers":[]}`)
		}},
		{name: "a digest in the header that is none", reason: source.ReasonBadAnswer, without: "secret", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer("1.0", respond(http.Header{"Content-Type": {mediaTypeManifest}, "Docker-Content-Digest": {"secret"}}, 200, "{}"))
		}},
	} {
		s.step = stepManifest
		t.Run(s.name, s.run)
	}
}

func TestPullOfLayersFromServersThatAreOdd(t *testing.T) {
	instead := func(header http.Header, status int, body string) func(*testing.T, *fakeRegistry, fakeImage) {
		return func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.layers[1].String(), respond(header, status, body))
		}
	}
	part := func(value string) http.Header { return http.Header{"Content-Range": {value}} }
	for _, s := range []sad{
		{name: "another range than asked for", reason: source.ReasonBadAnswer, breakIt: instead(part("bytes 0-0/9"), 206, "l")},
		{name: "another total", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(part("bytes 8-8/12"), 206, "o")},
		{name: "a total that nobody knows", reason: source.ReasonBadAnswer, breakIt: instead(part("bytes 8-8/*"), 206, "o")},
		{name: "a total that overflows", reason: source.ReasonBadAnswer, breakIt: instead(part("bytes 8-8/99999999999999999999"), 206, "o")},
		{name: "no range", reason: source.ReasonBadAnswer, breakIt: instead(nil, 206, "o")},
		{name: "more bytes than asked for", reason: source.ReasonBadAnswer, breakIt: instead(part("bytes 8-8/9"), 206, "two")},
		{name: "a range that cannot be", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(part("bytes */3"), 416, "")},
		{name: "a range that cannot be, without a total", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(nil, 416, "")},
		{name: "a range that cannot be though it can", reason: source.ReasonClientError, breakIt: instead(part("bytes */9"), 416, "")},
		{name: "the whole of another length", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(nil, 200, "layer")},
		{name: "a whole that is longer, of no announced length", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.layers[1].String(), func(w http.ResponseWriter, _ *http.Request) {
				_ = http.NewResponseController(w).Flush()
				fmt.Fprint(w, "layer two and more")
			})
		}},
		{name: "a body that is encoded", reason: source.ReasonBadAnswer, breakIt: instead(http.Header{"Content-Encoding": {"gzip"}}, 200, "layer two")},
		{name: "a health check that failed", reason: source.ReasonHealthCheckFailed, breakIt: instead(nil, 503, `{"errors":[{"code":"UNAVAILABLE","message":"service unavailable","detail":"health check failed: please see /debug/health"}]}`)},
		{name: "an error of the server", reason: source.ReasonServerError, breakIt: instead(nil, 500, "{}")},
		{name: "a proxy without a server", reason: source.ReasonServerError, cache: "miss", breakIt: instead(http.Header{"X-Cache": {"MISS from proxy"}}, 502, "")},
		{name: "a stale answer of a cache", reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob, cache: "hit", breakIt: instead(http.Header{"Age": {"60"}}, 404, "")},
		{name: "a name of a cache that tells more than it should", reason: source.ReasonServerError, cache: "miss", without: "secret", breakIt: instead(http.Header{"X-Cache": {"secret"}}, 500, "")},
		{name: "rights for the manifest only", reason: source.ReasonForbidden, breakIt: instead(nil, 403, "")},
		{name: "a server that ignores ranges", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.layers[1].String(), f.wholeOnly(i.layers[1]))
		}},
	} {
		s.step = stepLayers
		t.Run(s.name, s.run)
	}
}

func TestPullThatIsNotLetIn(t *testing.T) {
	const login = ", http: {basic_auth: {username: monitor, password: right-password}}"
	realm := func(answer http.HandlerFunc) func(t *testing.T, f *fakeRegistry, _ fakeImage) {
		return func(t *testing.T, f *fakeRegistry, _ fakeImage) {
			server := httptest.NewServer(answer)
			t.Cleanup(server.Close)
			f.guard = refuse("Bearer", server.URL+"/token")
		}
	}
	for _, s := range []sad{
		{name: "a wrong password", options: strings.Replace(login, "right", "wrong", 1), reason: source.ReasonUnauthorized, breakIt: func(t *testing.T, f *fakeRegistry, _ fakeImage) {
			f.guard = refuse("Basic", "registry")
			f.answer("1.0", refuse("Basic", "registry"))
		}},
		{name: "no password", reason: source.ReasonUnauthorized, breakIt: func(t *testing.T, f *fakeRegistry, _ fakeImage) {
			f.guard = refuse("Basic", "registry")
		}},
		{name: "a password that the token server refuses", options: login, reason: source.ReasonUnauthorized, breakIt: realm(respond(nil, 401, ""))},
		{name: "a token server that is down", options: login, reason: source.ReasonRefused, breakIt: func(t *testing.T, f *fakeRegistry, _ fakeImage) {
			f.guard = refuse("Bearer", "http://127.0.0.1:1/token")
		}},
		{name: "a token server with an error", options: login, reason: source.ReasonServerError, breakIt: realm(respond(nil, 500, "right-password")), without: "right-password"},
		{name: "a token without rights", options: login, reason: source.ReasonUnauthorized, without: "secret-token", breakIt: func(t *testing.T, f *fakeRegistry, i fakeImage) {
			realm(respond(nil, 200, `{"token":"secret-token"}`))(t, f, i)
			f.answer("1.0", refuse("Bearer", "http://127.0.0.1:1/token"))
		}},
		{name: "a token without rights, said with 403", options: login, reason: source.ReasonForbidden, without: "secret-token", breakIt: func(t *testing.T, f *fakeRegistry, i fakeImage) {
			realm(respond(nil, 200, `{"token":"secret-token"}`))(t, f, i)
			f.answer("1.0", respond(nil, 403, "secret-token"))
		}},
	} {
		s.step = stepAuth
		t.Run(s.name, s.run)
	}
}

// What is bad with an image whose store is gone is no content: nothing of it may be noted.
func TestPullOfAStoreThatIsGone(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.answer(image.config.String(), emptied(len(f.blobs[image.config])))
	for _, l := range image.layers {
		f.answer(l.String(), emptied(9))
	}
	got := e.run(t)
	got.wantReason(t, source.ReasonShortRead)
	got.wantNone(t, "registry_pull_content_bad{")
	for _, step := range []string{stepConfig, stepLayers} {
		got.wantSamples(t, map[string]float64{fmt.Sprintf(`registry_pull_failure{endpoint="%s",role="front",image="library/base:1.0",step="%s"`, f.Listener.Addr(), step): 1})
	}
}

// TestPullPages holds whole pages against testdata/pull.
func TestPullPages(t *testing.T) {
	for name, change := range map[string]func(f *fakeRegistry, base, app fakeImage){
		"healthy":       func(*fakeRegistry, fakeImage, fakeImage) {},
		"layer_missing": func(f *fakeRegistry, base, _ fakeImage) { f.lose(base.layers[0]) },
		"tag_missing":   func(f *fakeRegistry, _, _ fakeImage) { delete(f.manifests, "2.0") },
		"store_gone": func(f *fakeRegistry, base, app fakeImage) {
			for _, d := range append(append(base.layers, app.layers...), base.config, app.config) {
				f.answer(d.String(), emptied(len(f.blobs[d])))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			base := f.push("1.0", "layer one", "layer two", strings.Repeat("x", minMeasured))
			app := f.push("linux", "layer four", "layer five")
			f.index("2.0", map[string]fakeImage{"linux/amd64": app})
			change(f, base, app)
			e := f.puller(t, "", "library/base:1.0", "team/app:2.0")
			e.run(t)
			golden.ComparePage(t, filepath.Join("testdata", "pull", name), e.page(t, f.address(), "registry.example.org:443"))
		})
	}
}

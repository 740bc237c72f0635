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

// Bounds of the package client: layers of a manifest, or manifests of an index; and bytes of a config.
const (
	maxDescriptors = 1000
	maxConfig      = 16 << 20
)

// A badPull is one fault of the image library/base:1.0 with three layers, and the page and error that it makes.
type badPull struct {
	name          string
	options       string // of the configuration, after "images"
	seen          bool   // a run finds the image well before it breaks
	breakIt       func(t *testing.T, f *fakeRegistry, image fakeImage)
	step, reason  string
	cache         string // label cache; empty: none
	badReason     string // of registry_pull_content_bad; empty: there is none
	text, without string // the error must have text and must not have without
}

func flip(b []byte) []byte { b[0] ^= 1; return b }
func cut(b []byte) []byte  { return b[:len(b)-1] }

func (s badPull) run(t *testing.T) {
	s.runWith(t, func(f *fakeRegistry) fakeImage { return f.push("1.0", "layer one", "layer two", "layer three") })
}

// runWith breaks the image that store stores, and compares what a run makes of it.
func (s badPull) runWith(t *testing.T, store func(*fakeRegistry) fakeImage) {
	f := startRegistry(t)
	image := store(f)
	e := f.puller(t, s.options, "library/base:1.0")
	if s.seen {
		e.run(t).wantReason(t, "")
	}
	s.breakIt(t, f, image)
	got := e.run(t)
	got.wantReason(t, s.reason)
	cache := s.cache
	if cache == "" {
		cache = "none"
	}
	about := fmt.Sprintf(`address="%s",role="front",image="library/base:1.0"`, f.Listener.Addr())
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
	err := e.last(t).Err
	if err == nil {
		return
	}
	text := err.Error()
	if !strings.Contains(text, s.text) {
		t.Errorf("the error does not say %q: %s", s.text, text)
	}
	if s.without != "" && strings.Contains(text, s.without) {
		t.Errorf("the error says %q: %s", s.without, text)
	}
}

func TestPullOfWhatIsBad(t *testing.T) {
	for _, s := range []badPull{
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
			name: "a manifest of another digest than HEAD says", step: stepManifest, reason: source.ReasonMissingBlob, text: "MANIFEST_UNKNOWN",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.answer("1.0", respond(http.Header{"Content-Type": {mediaTypeManifest}, "Docker-Content-Digest": {i.config.String()}}, 200, "{}"))
			},
		},
		{
			name: "a manifest of no bytes", step: stepManifest, reason: source.ReasonShortRead,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.answer(i.manifest.String(), emptied(len(f.manifests["1.0"])))
			},
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
				f.answer("1.0", func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", mediaTypeManifest)
					if r.Method == http.MethodGet {
						testserver.WriteEndlessly(w)
					}
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
			name: "a manifest of another size than the index says", step: stepManifest, reason: source.ReasonDigestMismatch, text: "one byte more than its descriptor says",
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

func TestPullThatIsNotLetIn(t *testing.T) {
	const login = ", http: {basic_auth: {username: monitor, password: right-password}}"
	realm := func(answer http.HandlerFunc) func(t *testing.T, f *fakeRegistry, _ fakeImage) {
		return func(t *testing.T, f *fakeRegistry, _ fakeImage) {
			server := httptest.NewServer(answer)
			t.Cleanup(server.Close)
			f.guard = refuse("Bearer", server.URL+"/token")
		}
	}
	for _, s := range []badPull{
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

// When the store is down, no content may be noted as bad.
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
		got.wantSamples(t, map[string]float64{fmt.Sprintf(`registry_pull_failure{address="%s",role="front",image="library/base:1.0",step="%s"`, f.Listener.Addr(), step): 1})
	}
}

// TestPullPages compares whole pages with testdata/pull.
func TestPullPages(t *testing.T) {
	for name, change := range map[string]func(f *fakeRegistry, base, app fakeImage){
		"healthy":       func(*fakeRegistry, fakeImage, fakeImage) {},
		"layer_missing": func(f *fakeRegistry, base, _ fakeImage) { f.lose(base.layers[0]) },
		"other_platform_lost": func(f *fakeRegistry, base, app fakeImage) {
			f.index("2.0", map[string]fakeImage{"linux/amd64": app, "linux/arm64": base})
			f.lose(base.layers[2])
			f.push("1.0", "layer one")
		},
		"other_platform_absent": func(f *fakeRegistry, base, app fakeImage) {
			f.index("2.0", map[string]fakeImage{"linux/amd64": app, "linux/arm64": base})
			f.lose(base.manifest)
			f.push("1.0", "layer one")
		},
		"tag_missing": func(f *fakeRegistry, _, _ fakeImage) { delete(f.manifests, "2.0") },
		"store_gone": func(f *fakeRegistry, base, app fakeImage) {
			for _, d := range append(append(base.layers, app.layers...), base.config, app.config) {
				f.answer(d.String(), emptied(len(f.blobs[d])))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			base := f.push("1.0", "layer one", "layer two", strings.Repeat("x", 256<<10))
			app := f.push("linux", "layer four", "layer five")
			f.index("2.0", map[string]fakeImage{"linux/amd64": app})
			change(f, base, app)
			e := f.puller(t, "", "library/base:1.0", "team/app:2.0")
			e.run(t)
			golden.ComparePage(t, filepath.Join("testdata", "pull", name), e.page(t, f.address(), "registry.example.org:443"))
		})
	}
}

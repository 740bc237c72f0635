package registry

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"testing"

	"registry_exporter/collector/source"
)

// forMethod answers requests with one method. The registry answers all others.
func forMethod(f *fakeRegistry, method string, with http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			with(w, r)
			return
		}
		f.serveManifest(w, r, "1.0")
	}
}

func TestPullAsksForTheTagWithHEAD(t *testing.T) {
	const tag = "HEAD /v2/library/base/manifests/1.0: status "
	for _, s := range []badPull{
		{name: "HEAD is refused with 403", reason: source.ReasonClientError, text: tag + "403, but GET is answered", breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
			f.answer("1.0", forMethod(f, http.MethodHead, respond(nil, 403, "")))
		}},
		{name: "HEAD is refused with 502", reason: source.ReasonServerError, text: tag + "502, but GET is answered", breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
			f.answer("1.0", forMethod(f, http.MethodHead, respond(nil, 502, "")))
		}},
		{name: "HEAD waits for a registry that hangs", reason: source.ReasonServerError, text: tag + "504", without: "GET", breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
			f.answer("1.0", forMethod(f, http.MethodHead, respond(nil, 504, "")))
		}},
		{name: "HEAD is not known", breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
			f.answer("1.0", forMethod(f, http.MethodHead, respond(nil, 405, "")))
		}},
		{name: "HEAD says no digest", breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
			f.answer("1.0", forMethod(f, http.MethodHead, respond(http.Header{"Content-Type": {mediaTypeManifest}, "Content-Length": {"9"}}, 200, "")))
		}},
		{name: "HEAD says fewer bytes", reason: source.ReasonDigestMismatch, text: "more than HEAD says", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer("1.0", forMethod(f, http.MethodHead, respond(http.Header{
				"Content-Type": {mediaTypeManifest}, "Content-Length": {"9"}, "Docker-Content-Digest": {i.manifest.String()},
			}, 200, "")))
		}},
		{name: "the digest is not there", reason: source.ReasonMissingBlob, text: "GET /v2/library/base/manifests/sha256:", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.manifest.String(), refuseWith(404, "MANIFEST_UNKNOWN"))
		}},
		{name: "503 once", breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
			f.answer("1.0", func(w http.ResponseWriter, _ *http.Request) { f.set(nil); w.WriteHeader(503) })
		}},
	} {
		s.step = stepManifest
		t.Run(s.name, s.run)
	}
}

// encoded answers with text in gzip, for which nobody has asked.
func encoded(t *testing.T, text []byte) http.HandlerFunc {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return respond(http.Header{"Content-Encoding": {"gzip"}}, 200, packed.String())
}

func TestPullUndoesEncodings(t *testing.T) {
	for _, s := range []badPull{
		{name: "a manifest, a config and a layer in gzip", breakIt: func(t *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.manifest.String(), encoded(t, f.manifests["1.0"]))
			f.answer(i.config.String(), encoded(t, f.blobs[i.config]))
			f.answer(i.layers[1].String(), encoded(t, f.blobs[i.layers[1]]))
		}},
		{name: "another config in gzip, which is no bad content", step: stepConfig, reason: source.ReasonBadAnswer, text: "which was undone", breakIt: func(t *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.config.String(), encoded(t, flip(bytes.Clone(f.blobs[i.config]))))
		}},
		{name: "a config that is called gzip", step: stepConfig, reason: source.ReasonBadAnswer, text: "and is not", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.config.String(), respond(http.Header{"Content-Encoding": {"gzip"}}, 200, string(f.blobs[i.config])))
		}},
		{name: "a config in br", step: stepConfig, reason: source.ReasonBadAnswer, text: "clients do not undo", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.config.String(), respond(http.Header{"Content-Encoding": {"br"}}, 200, string(f.blobs[i.config])))
		}},
	} {
		t.Run(s.name, s.run)
	}
}

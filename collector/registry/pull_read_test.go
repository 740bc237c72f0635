package registry

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// oddWithRange answers requests with Range by odd, and others with the whole blob.
func (f *fakeRegistry) oddWithRange(d digest.Digest, odd http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			odd(w, r)
			return
		}
		f.wholeOnly(d)(w, r)
	}
}

// Clients ask for a whole layer. An odd answer to a Range therefore proves nothing.
func TestALayerIsJudgedByWhatClientsAskFor(t *testing.T) {
	part := func(value string) http.Header { return http.Header{"Content-Range": {value}} }
	for name, odd := range map[string]http.HandlerFunc{
		"403 of a firewall":         saysStatus(403, "no ranges"),
		"501 of a store":            saysStatus(501, ""),
		"416 without a length":      saysStatus(416, ""),
		"416 of a length of 0":      respond(part("bytes */0"), 416, ""),
		"416 of another length":     respond(part("bytes */99"), 416, ""),
		"206 without Content-Range": respond(nil, 206, "o"),
		"206 of all":                respond(part("bytes 0-8/9"), 206, "layer two"),
		"206 of a length of *":      respond(part("bytes 8-8/*"), 206, "o"),
		"206 beyond the end":        respond(part("bytes 8-20/21"), 206, "o and much more"),
		"206 of another length":     respond(part("bytes 8-8/12"), 206, "o"),
		"206 in several parts":      respond(http.Header{"Content-Type": {"multipart/byteranges; boundary=x"}}, 206, "--x\r\n\r\no\r\n--x--"),
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			image := f.push("1.0", "layer one", "layer two")
			e := f.puller(t, "", "library/base:1.0")
			f.answer(image.layers[1].String(), f.oddWithRange(image.layers[1], odd))
			e.run(t).wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_layers_verified{": 2})
			f.damage(image.layers[1], cut)
			e.run(t).wantReason(t, source.ReasonShortRead)
		})
	}
}

// A CDN that sends slices answers 206 to a GET without Range. containerd takes it.
func TestAWholeBlobMayComeWithStatus206(t *testing.T) {
	for name, c := range map[string]struct{ served, reason string }{
		"all of it":   {"layer one", ""},
		"a part":      {"layer", source.ReasonShortRead},
		"other bytes": {"layer 0ne", source.ReasonDigestMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			image := f.push("1.0", "layer one")
			e := f.puller(t, "", "library/base:1.0")
			f.answer(image.layers[0].String(), respond(http.Header{"Content-Range": {"bytes 0-8/9"}}, 206, c.served))
			e.run(t).wantReason(t, c.reason)
		})
	}
}

func TestALimitOnRequestsIsNotAnsweredWithAnotherRequest(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one")
	e := f.puller(t, "", "library/base:1.0")
	asked := 0
	f.answer(image.layers[0].String(), func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusTooManyRequests)
	})
	e.run(t).wantReason(t, source.ReasonRateLimited)
	if asked != 1 {
		t.Errorf("a registry that limits requests was asked %d times for a layer", asked)
	}
}

// containerd asks for the rest with Range, again and again until nothing more comes. The probe asks twice.
func TestALayerThatIsCutIsResumed(t *testing.T) {
	text := strings.Repeat("0123456789", 10)
	cutAt := func(n int) http.HandlerFunc { // the whole blob is cut after n bytes; a part comes to its end
		return func(w http.ResponseWriter, r *http.Request) {
			if from := 0; r.Header.Get("Range") != "" {
				_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
				respond(http.Header{"Content-Range": {fmt.Sprintf("bytes %d-99/100", from)}}, 206, text[from:])(w, r)
				return
			}
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, text[:n])
		}
	}
	ignoring := func(cuts ...int) http.HandlerFunc { // each answer is the whole blob, cut after so many bytes
		n := -2 // the first request is for the last byte
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			if n++; n >= 0 && n < len(cuts) {
				fmt.Fprint(w, text[:cuts[n]])
				return
			}
			fmt.Fprint(w, text)
		}
	}
	for name, c := range map[string]struct {
		serve  http.HandlerFunc
		reason string
	}{
		"at half, and parts come":     {cutAt(50), ""},
		"before its first byte":       {cutAt(0), source.ReasonShortRead}, // without any byte clients ask for no rest
		"twice, without ranges":       {ignoring(30, 60), ""},
		"three times, without ranges": {ignoring(30, 60, 90), source.ReasonShortRead},
		"at the same byte again":      {ignoring(30, 30, 30), source.ReasonShortRead},
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			image := f.push("1.0", text)
			e := f.puller(t, "", "library/base:1.0")
			f.answer(image.layers[0].String(), c.serve)
			e.run(t).wantReason(t, c.reason)
		})
	}
}

// A body without end is read only up to the size of the layer.
func TestALayerWithoutEndIsLeftAtItsSize(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one")
	e := f.puller(t, "", "library/base:1.0")
	f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, strings.Repeat("layer one", 1000)); err != nil {
				return
			}
		}
	})
	got := e.run(t)
	got.wantReason(t, source.ReasonShortRead)
	if n, _ := got.value(t, "registry_pull_bytes{"); n > 100 {
		t.Errorf("%v bytes were read of a layer of 9", n)
	}
}

// Nodes of Kubernetes refuse an image with such a layer. The probe still reads the other layers.
func TestLayersThatNodesRefuse(t *testing.T) {
	sha512 := digest.SHA512.FromString("layer two")
	for name, c := range map[string]struct {
		layer  digest.Digest
		size   int
		served http.HandlerFunc // nil: the registry serves the right bytes
		reason string
		text   string
	}{
		"of 0 bytes":                      {digest.FromString(""), 0, respond(nil, 200, ""), source.ReasonBadAnswer, "containerd refuses it"},
		"of 0 bytes that is not there":    {digest.FromString(""), 0, nil, source.ReasonMissingBlob, "BLOB_UNKNOWN"},
		"of 0 bytes, and a byte comes":    {digest.FromString(""), 0, respond(nil, 200, "x"), source.ReasonShortRead, "the manifest says 0"},
		"of 0 bytes with another digest":  {digest.FromString("x"), 0, respond(nil, 200, ""), source.ReasonDigestMismatch, ""},
		"named by sha512":                 {sha512, 9, respond(nil, 200, "layer two"), source.ReasonBadAnswer, "sha256 alone"},
		"named by sha512 that is damaged": {sha512, 9, respond(nil, 200, "layer 2wo"), source.ReasonDigestMismatch, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			one, config := f.blob("layer one"), f.blob("{}")
			f.document("1.0", `{"config":`+descriptorOf("x", config, 2)+`,"layers":[`+
				descriptorOf("x", c.layer, c.size)+","+descriptorOf("x", one, len("layer one"))+`]}`)
			if c.served != nil {
				f.answer(c.layer.String(), c.served)
			}
			e := f.puller(t, "", "library/base:1.0")
			got := e.run(t)
			got.wantReason(t, c.reason)
			if text := e.last(t).Err.Error(); !strings.Contains(text, c.text) {
				t.Errorf("the error does not say %q: %s", c.text, text)
			}
			if b := e.memory(t).blobs[blobKey{"library/base", one}]; b == nil || b.verified.IsZero() {
				t.Error("the other layer was not read")
			}
		})
	}
}

func TestAConfigThatNodesRefuse(t *testing.T) {
	f := startRegistry(t)
	config := digest.SHA512.FromString("{}")
	f.answer(config.String(), respond(nil, 200, "{}"))
	f.document("1.0", `{"config":`+descriptorOf("x", config, 2)+`,"layers":[]}`)
	e := f.puller(t, "", "library/base:1.0")
	e.run(t).wantReason(t, source.ReasonBadAnswer)
	steps := e.last(t).Steps()
	if !slices.ContainsFunc(steps, func(s source.Step) bool { return strings.HasSuffix(s.Name, " "+stepConfig) && s.Err != nil }) {
		t.Errorf("the config did not fail: %v", steps)
	}
}

package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

func TestPullOfWhatIsHostile(t *testing.T) {
	manifestOf := func(layers string) func(*testing.T, *fakeRegistry, fakeImage) {
		return func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.document("1.0", `{"schemaVersion":2,"config":`+descriptorOf("x", i.config, len(f.blobs[i.config]))+`,"layers":[`+layers+`]}`)
		}
	}
	anyDigest := `"digest":"sha256:` + strings.Repeat("0", 64) + `"`
	for _, s := range []badPull{
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

// These servers answer in the same way with and without Range.
func TestPullOfLayersFromServersThatAreOdd(t *testing.T) {
	instead := func(header http.Header, status int, body string) func(*testing.T, *fakeRegistry, fakeImage) {
		return func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			f.answer(i.layers[1].String(), respond(header, status, body))
		}
	}
	part := func(value string) http.Header { return http.Header{"Content-Range": {value}} }
	for _, s := range []badPull{
		{name: "another range than asked for", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(part("bytes 0-0/9"), 206, "l")},
		{name: "another total", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(part("bytes 8-8/12"), 206, "o")},
		{name: "a total that nobody knows", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(part("bytes 8-8/*"), 206, "o")},
		{name: "a total that overflows", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(part("bytes 8-8/99999999999999999999"), 206, "o")},
		{name: "no range", reason: source.ReasonShortRead, badReason: source.ReasonShortRead, breakIt: instead(nil, 206, "o")},
		{name: "more bytes than asked for", reason: source.ReasonBadAnswer, breakIt: instead(part("bytes 8-8/9"), 206, "two")},
		{name: "a range that cannot be", reason: source.ReasonClientError, breakIt: instead(part("bytes */3"), 416, "")},
		{name: "a range that cannot be, without a total", reason: source.ReasonClientError, breakIt: instead(nil, 416, "")},
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

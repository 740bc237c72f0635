package registry

import (
	"fmt"
	"strings"
	"testing"

	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// indexOf stores an index of entries under a name. An entry is a descriptor without its closing brace.
func (f *fakeRegistry) indexOf(name string, entries ...string) digest.Digest {
	return f.document(name, `{"schemaVersion":2,"manifests":[`+strings.Join(entries, "},")+`}]}`)
}

// entry returns the descriptor of a stored document, without its closing brace.
func (f *fakeRegistry) entry(mediaType string, d digest.Digest) string {
	return strings.TrimSuffix(descriptorOf(mediaType, d, len(f.manifests[d.String()])), "}")
}

// nest stores n indexes around an image, and the tag of the outermost.
func (f *fakeRegistry) nest(i fakeImage, n int) {
	inner := f.entry(mediaTypeManifest, i.manifest)
	for range n - 1 {
		d := f.indexOf("inner", inner)
		inner = f.entry(mediaTypeIndex, d)
	}
	f.indexOf("1.0", inner)
}

func TestPullOfAnIndexAsContainerdTakesIt(t *testing.T) {
	for _, s := range []badPull{
		{name: "an entry without platform", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.nest(i, 1) }},
		{name: "eight indexes, each in another", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.nest(i, 8) }},
		{
			name: "nine indexes, each in another", step: stepManifest, reason: source.ReasonTooLarge, text: "more than 8 indexes",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.nest(i, 9) },
		},
		{
			name: "50 indexes, each in another", step: stepManifest, reason: source.ReasonTooLarge, text: "more than 8 indexes",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.nest(i, 50) },
		},
		{
			name: "an index that names itself", step: stepManifest, reason: source.ReasonDigestMismatch,
			breakIt: func(_ *testing.T, f *fakeRegistry, _ fakeImage) {
				d := digest.FromString("itself")
				f.indexOf("1.0", strings.TrimSuffix(descriptorOf(mediaTypeIndex, d, 175), "}"))
				f.manifests[d.String()] = f.manifests["1.0"]
			},
		},
		{
			name: "an inner index that is lost", step: stepManifest, reason: source.ReasonMissingBlob, text: "MANIFEST_UNKNOWN",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.nest(i, 2)
				inner := digest.FromBytes(f.manifests["inner"])
				delete(f.manifests, inner.String())
			},
		},
		{
			name: "a child without mediaType", step: stepManifest, reason: source.ReasonBadAnswer, text: "its mediaType in the index",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.indexOf("1.0", f.entry("", i.manifest)) },
		},
		{name: "1000 entries, ours the last", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
			var entries []string
			for n := range maxDescriptors - 1 {
				entries = append(entries, fmt.Sprintf(`{"platform":{"os":"linux","architecture":"odd%d"}`, n))
			}
			f.indexOf("1.0", append(entries, f.entry(mediaTypeManifest, i.manifest))...)
		}},
	} {
		t.Run(s.name, s.run)
	}
}

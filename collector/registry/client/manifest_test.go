package client

import (
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

const zeroDigest = `"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"`

func TestAManifestIsReadAsClientsDo(t *testing.T) {
	image, index := manifestTypes[0], indexTypes[0]
	good := `{` + zeroDigest + `,"size":2}`
	for _, c := range []struct {
		name, mediaType, body string
		reason                string // empty: it is one
	}{
		{"image", image, `{"schemaVersion":2,"config":` + good + `,"layers":[` + good + `],"annotations":{"a":["b"]}}`, ""},
		{"image without layers", image, `{"config":` + good + `,"layers":null}`, ""},
		{"keys in capitals, which clients take too", image, `{"CONFIG":{"DIGEST":` + zeroDigest[9:] + `,"SIZE":2}}`, ""},
		{"index", index, `{"manifests":[` + good + `]}`, ""},
		{"empty index", index, `{}`, ""},
		{"index with odd entries for other platforms", index, `{"manifests":[{},null,` + good + `]}`, ""},
		{"as many layers as may be", image, `{"config":` + good + `,"layers":[` + strings.Repeat(good+",", maxDescriptors-1) + good + `]}`, ""},
		{"one layer more", image, `{"config":` + good + `,"layers":[` + strings.Repeat(good+",", maxDescriptors) + good + `]}`, source.ReasonTooLarge},
		{"one manifest more", index, `{"manifests":[` + strings.Repeat("{},", maxDescriptors) + `{}]}`, source.ReasonTooLarge},
		{"millions of layers", image, `{"layers":[` + strings.Repeat("0,", maxManifest/2) + `0]}`, source.ReasonBadAnswer},
		{"null", image, `null`, source.ReasonBadAnswer},
		{"list", image, `[]`, source.ReasonBadAnswer},
		{"no config", image, `{"layers":[]}`, source.ReasonBadAnswer},
		{"config null", image, `{"config":null}`, source.ReasonBadAnswer},
		{"config a list", image, `{"config":[]}`, source.ReasonBadAnswer},
		{"layers an object", image, `{"config":` + good + `,"layers":{}}`, source.ReasonBadAnswer},
		{"layers a number", image, `{"config":` + good + `,"layers":1e999}`, source.ReasonBadAnswer},
		{"layer null", image, `{"config":` + good + `,"layers":[null]}`, source.ReasonBadAnswer},
		{"layer a text", image, `{"config":` + good + `,"layers":["sha256:00"]}`, source.ReasonBadAnswer},
		{"size a text", image, `{"config":{` + zeroDigest + `,"size":"2"}}`, source.ReasonBadAnswer},
		{"size null", image, `{"config":{` + zeroDigest + `,"size":null}}`, source.ReasonBadAnswer},
		{"size with an exponent", image, `{"config":{` + zeroDigest + `,"size":2e3}}`, source.ReasonBadAnswer},
		{"index and manifest in one", index, `{"config":` + good + `,"manifests":[]}`, source.ReasonBadAnswer},
		{"manifest and index in one", image, `{"config":` + good + `,"manifests":[]}`, source.ReasonBadAnswer},
		{"something behind the end", image, `{"config":` + good + `}{}`, source.ReasonBadAnswer},
		{"truncated", image, `{"config":` + good + `,"layers":[` + good, source.ReasonBadAnswer},
		{"nested without end", image, strings.Repeat("[", maxManifest), source.ReasonBadAnswer},
		{"layers nested without end", image, `{"layers":` + strings.Repeat("[", maxManifest-10), source.ReasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseManifest(c.mediaType, []byte(c.body))
			wantReason(t, err, c.reason)
		})
	}
}

func TestADescriptor(t *testing.T) {
	const about = `{"config":{` + zeroDigest + `,"size":2},"layers":[{` + zeroDigest + `,"size":3,`
	for _, c := range []struct {
		name, fields string
		want         Descriptor
	}{
		{"with a media type", `"mediaType":"a/b"`, Descriptor{mediaType: "a/b"}},
		{"with URLs", `"urls":["http://example.org/x",7]`, Descriptor{elsewhere: true}},
		{"with no URL", `"urls":[]`, Descriptor{}},
		{"with URLs null", `"urls":null`, Descriptor{}},
		{"of a platform", `"platform":{"os":"linux","architecture":"amd64","os.version":"1"}`, Descriptor{platform: "linux/amd64"}},
		{"of a platform with a variant", `"platform":{"variant":"v7","os":"linux","architecture":"arm"}`, Descriptor{platform: "linux/arm/v7"}},
		{"with a platform null", `"platform":null`, Descriptor{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := parseManifest(manifestTypes[0], []byte(about+c.fields+`}]}`))
			if err != nil {
				t.Fatal(err)
			}
			got := m.Layers[0]
			c.want.Digest, c.want.Size = m.Config.Digest, 3
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(0, `{"schemaVersion":2,"config":`+`{"mediaType":"x","digest":"sha256:","size":2}`+`,"layers":[]}`)
	f.Add(0, `{"config":{`+zeroDigest+`,"size":1},"layers":[{`+zeroDigest+`,"size":1000,"urls":["x"]}]}`)
	f.Add(2, `{"manifests":[{`+zeroDigest+`,"size":1,"platform":{"os":"linux","architecture":"amd64"}}]}`)
	f.Fuzz(func(t *testing.T, kind int, body string) {
		types := append(append(append([]string{}, manifestTypes...), indexTypes...), schema1Types...)
		m, err := parseManifest(types[uint(kind)%uint(len(types))], []byte(body))
		switch {
		case err != nil && source.Reason(err) != source.ReasonBadAnswer && source.Reason(err) != source.ReasonTooLarge:
			t.Errorf("reason %s: %s", source.Reason(err), err)
		case err != nil:
			return
		case m.IsIndex:
			_, _ = m.ForPlatform("linux/amd64")
			if len(m.manifests) > maxDescriptors {
				t.Errorf("%d manifests", len(m.manifests))
			}
			return
		}
		var sum int64
		for _, l := range append(slices.Clone(m.Layers), m.Config) {
			if l.Size < 0 || l.Size > maxBlob || !isDigest(l.Digest) {
				t.Errorf("size %d, digest %s", l.Size, l.Digest)
			}
			sum += l.Size
		}
		if sum < 0 || len(m.Layers) > maxDescriptors {
			t.Errorf("%d layers of %d bytes", len(m.Layers), sum)
		}
	})
}

package collector

import (
	"strings"
	"testing"
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
		{"one layer more", image, `{"config":` + good + `,"layers":[` + strings.Repeat(good+",", maxDescriptors) + good + `]}`, reasonTooLarge},
		{"one manifest more", index, `{"manifests":[` + strings.Repeat("{},", maxDescriptors) + `{}]}`, reasonTooLarge},
		{"millions of layers", image, `{"layers":[` + strings.Repeat("0,", maxManifest/2) + `0]}`, reasonBadAnswer},
		{"null", image, `null`, reasonBadAnswer},
		{"list", image, `[]`, reasonBadAnswer},
		{"no config", image, `{"layers":[]}`, reasonBadAnswer},
		{"config null", image, `{"config":null}`, reasonBadAnswer},
		{"config a list", image, `{"config":[]}`, reasonBadAnswer},
		{"layers an object", image, `{"config":` + good + `,"layers":{}}`, reasonBadAnswer},
		{"layers a number", image, `{"config":` + good + `,"layers":1e999}`, reasonBadAnswer},
		{"layer null", image, `{"config":` + good + `,"layers":[null]}`, reasonBadAnswer},
		{"layer a text", image, `{"config":` + good + `,"layers":["sha256:00"]}`, reasonBadAnswer},
		{"size a text", image, `{"config":{` + zeroDigest + `,"size":"2"}}`, reasonBadAnswer},
		{"size null", image, `{"config":{` + zeroDigest + `,"size":null}}`, reasonBadAnswer},
		{"size with an exponent", image, `{"config":{` + zeroDigest + `,"size":2e3}}`, reasonBadAnswer},
		{"index and manifest in one", index, `{"config":` + good + `,"manifests":[]}`, reasonBadAnswer},
		{"manifest and index in one", image, `{"config":` + good + `,"manifests":[]}`, reasonBadAnswer},
		{"something behind the end", image, `{"config":` + good + `}{}`, reasonBadAnswer},
		{"truncated", image, `{"config":` + good + `,"layers":[` + good, reasonBadAnswer},
		{"nested without end", image, strings.Repeat("[", maxManifest), reasonBadAnswer},
		{"layers nested without end", image, `{"layers":` + strings.Repeat("[", maxManifest-10), reasonBadAnswer},
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
		want         descriptor
	}{
		{"with a media type", `"mediaType":"a/b"`, descriptor{mediaType: "a/b"}},
		{"with URLs", `"urls":["http://example.org/x",7]`, descriptor{elsewhere: true}},
		{"with no URL", `"urls":[]`, descriptor{}},
		{"with URLs null", `"urls":null`, descriptor{}},
		{"of a platform", `"platform":{"os":"linux","architecture":"amd64","os.version":"1"}`, descriptor{platform: "linux/amd64"}},
		{"of a platform with a variant", `"platform":{"variant":"v7","os":"linux","architecture":"arm"}`, descriptor{platform: "linux/arm/v7"}},
		{"with a platform null", `"platform":null`, descriptor{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := parseManifest(manifestTypes[0], []byte(about+c.fields+`}]}`))
			if err != nil {
				t.Fatal(err)
			}
			got := m.layers[0]
			c.want.digest, c.want.size = m.config.digest, 3
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(0, `{"schemaVersion":2,"config":`+descriptorOf("x", "sha256:", 2)+`,"layers":[]}`)
	f.Add(0, `{"config":{`+zeroDigest+`,"size":1},"layers":[{`+zeroDigest+`,"size":1000,"urls":["x"]}]}`)
	f.Add(2, `{"manifests":[{`+zeroDigest+`,"size":1,"platform":{"os":"linux","architecture":"amd64"}}]}`)
	f.Fuzz(func(t *testing.T, kind int, body string) {
		types := append(append(append([]string{}, manifestTypes...), indexTypes...), schema1Types...)
		m, err := parseManifest(types[uint(kind)%uint(len(types))], []byte(body))
		switch {
		case err != nil && reason(err) != reasonBadAnswer && reason(err) != reasonTooLarge:
			t.Errorf("reason %s: %s", reason(err), err)
		case err != nil:
			return
		case m.isIndex:
			_, _ = m.of("linux/amd64")
			if len(m.manifests) > maxDescriptors {
				t.Errorf("%d manifests", len(m.manifests))
			}
			return
		}
		var sum int64
		for _, l := range append(readable(m.layers), m.config) {
			if l.size < 0 || l.size > maxBlob || !isDigest(l.digest) {
				t.Errorf("size %d, digest %s", l.size, l.digest)
			}
			sum += l.size
		}
		if sum < 0 || len(m.layers) > maxDescriptors {
			t.Errorf("%d layers of %d bytes", len(m.layers), sum)
		}
	})
}

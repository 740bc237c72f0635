package client

import (
	"slices"
	"testing"

	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

func TestANodeRuns(t *testing.T) {
	for platform, want := range map[string][]string{
		"linux/amd64":      {"linux/amd64", "linux/386"},
		"linux/amd64/v3":   {"linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"},
		"linux/arm":        {"linux/arm/v7", "linux/arm/v6", "linux/arm/v5"},
		"linux/arm/v6":     {"linux/arm/v6", "linux/arm/v5"},
		"linux/arm64":      {"linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"},
		"linux/arm64/v8.2": {"linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"},
		"linux/arm64/v9": {
			"linux/arm64/v9", "linux/arm64/v8.5", "linux/arm64/v8.4", "linux/arm64/v8.3", "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64",
			"linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5",
		},
		"linux/s390x":              {"linux/s390x"},
		"linux/amd64/v99999999999": {"linux/amd64/v99999999999", "linux/amd64", "linux/386"},
	} {
		if got := runsOn(platform); !slices.Equal(got, want) {
			t.Errorf("%s runs %v, want %v", platform, got, want)
		}
	}
}

func TestTheEntryOfAnIndexThatContainerdTakes(t *testing.T) {
	none := ""
	for _, c := range []struct {
		name, node string
		has        []string
		want       int // -1: none fits
	}{
		{"the first of two alike", "linux/amd64", []string{"linux/amd64", "linux/amd64"}, 0},
		{"the exact one behind a variant that is too new", "linux/amd64", []string{"linux/amd64/v2", "linux/amd64"}, 1},
		{"only a variant that is too new", "linux/amd64", []string{"linux/amd64/v2"}, -1},
		{"the exact one behind one without platform", "linux/amd64", []string{none, "linux/amd64"}, 1},
		{"one without platform behind another's", "linux/amd64", []string{"linux/arm64", none}, 1},
		{"386 before one without platform", "linux/amd64", []string{none, "linux/386"}, 1},
		{"the kernel's name x86_64", "linux/amd64", []string{"linux/x86_64"}, 0},
		{"the kernel's name aarch64", "linux/arm64", []string{"linux/arm", "linux/aarch64"}, 1},
		{"v7 before v6", "linux/arm/v7", []string{"linux/arm/v6", "linux/arm/v7"}, 1},
		{"arm without variant is v7", "linux/arm/v7", []string{"linux/arm"}, 0},
		{"arm without variant on v6", "linux/arm/v6", []string{"linux/arm"}, -1},
		{"arm64/v8 is arm64", "linux/arm64", []string{"linux/arm64/v8"}, 0},
		{"another system", "linux/amd64", []string{"windows/amd64"}, -1},
		{"an attestation", "linux/amd64", []string{"unknown/unknown"}, -1},
		{"an empty index", "linux/amd64", nil, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Manifest
			for n, p := range c.has {
				m.manifests = append(m.manifests, Descriptor{Digest: digest.FromString(p), Size: int64(n), platform: p})
			}
			got, err := m.ForPlatform(c.node)
			if c.want < 0 {
				wantReason(t, err, source.ReasonNotFound)
				return
			}
			if wantReason(t, err, ""); got.Size != int64(c.want) {
				t.Errorf("entry %d, want %d", got.Size, c.want)
			}
		})
	}
}

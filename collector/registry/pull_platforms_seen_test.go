package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// pullsBase is the configuration of a probe that pulls library/base:1.0 from a registry.
func (f *fakeRegistry) pullsBase() string {
	return "registries:\n- name: hub\n  url: " + f.URL + "\n  pull: {images: [library/base:1.0]}\n"
}

// skopeo sync without --all, and a pull-through cache before it, copy some platforms and the index as it is: no node of
// pull.platform minds, and nothing was lost.
func TestPlatformsThatNeverWereThere(t *testing.T) {
	f := startRegistry(t)
	arm64 := f.twoPlatforms()
	manifest := string(f.manifests[arm64.manifest.String()])
	f.lose(arm64.manifest)
	e := f.puller(t, "", "library/base:1.0")
	for range 3 {
		got := e.run(t)
		got.wantReason(t, "")
		got.wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_platforms_absent{": 1})
		got.wantNone(t, "registry_pull_content_bad{", "registry_pull_failure{")
		note := noteOf(got.results[0], "library/base:1.0 platforms")
		if want := fmt.Sprintf("never there: linux/arm64 (%s)", arm64.manifest); !strings.Contains(note, want) {
			t.Errorf("the note is %q, want %q", note, want)
		}
		if warns := e.warnings(t); !strings.Contains(warns, "the index of library/base:1.0 names 1 image for other platforms, not there when first asked for, nor since") {
			t.Errorf("the report warns of %q", warns)
		}
	}

	f.document("another", manifest) // copied at last
	got := e.run(t)
	got.wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_platforms_absent{": 0})
	if warns := e.warnings(t); warns != "" {
		t.Errorf("the report still warns: %s", warns)
	}

	f.lose(arm64.manifest)
	got = e.run(t)
	got.wantReason(t, source.ReasonMissingBlob)
	got.wantSamples(t, map[string]float64{"registry_pull_success{": 0, "registry_pull_platforms_absent{": 0, "registry_pull_content_bad{": 1})
}

func TestAnIndexInTheIndex(t *testing.T) {
	f := startRegistry(t)
	s390x := f.push("s390x", "layer one")
	inner := f.indexOf("inner", f.entry(mediaTypeManifest, s390x.manifest)+`,"platform":{"os":"linux","architecture":"s390x"}`)
	ours := f.push("amd64", "layer one")
	f.indexOf("1.0", f.entry(mediaTypeManifest, ours.manifest), f.entry(mediaTypeIndex, inner))
	e := f.puller(t, "", "library/base:1.0")
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_platforms_absent{": 0})
	f.lose(inner)
	e.run(t).wantReason(t, source.ReasonMissingBlob)
	if e = f.puller(t, "", "library/base:1.0"); e.run(t).err() != nil {
		t.Errorf("an index that never was there: %v", e.last(t).Err)
	}
}

// A platform that is lost stays lost for an exporter that is restarted.
func TestPlatformsThatWereThereBeforeARestart(t *testing.T) {
	for _, c := range []struct {
		name     string
		stateDir string
		damage   func(t *testing.T, stateDir string)
		reason   string
	}{
		{name: "with --state.dir", stateDir: t.TempDir(), reason: source.ReasonMissingBlob},
		{name: "without it"},
		{name: "with a file that somebody changed", stateDir: t.TempDir(), damage: func(t *testing.T, stateDir string) {
			files, _ := filepath.Glob(filepath.Join(stateDir, "platforms-*"))
			if len(files) != 1 {
				t.Fatalf("the state folder holds %q", files)
			}
			if err := os.WriteFile(files[0], []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := startRegistry(t)
			arm64 := f.twoPlatforms()
			collect(t, "pull", c.stateDir, f.pullsBase()).run(t).wantReason(t, "")
			if c.damage != nil {
				c.damage(t, c.stateDir)
			}
			f.lose(arm64.manifest)
			got := collect(t, "pull", c.stateDir, f.pullsBase()).run(t)
			got.wantReason(t, c.reason)
			if c.reason == "" {
				got.wantSamples(t, map[string]float64{"registry_pull_platforms_absent{": 1})
			}
		})
	}
}

// The file holds what the index names now, and no more than that.
func TestSeenPlatformsOfAnotherIndexAreForgotten(t *testing.T) {
	f := startRegistry(t)
	arm64 := f.twoPlatforms()
	dir := t.TempDir()
	e := collect(t, "pull", dir, f.pullsBase())
	e.run(t)
	other := f.push("other", "another layer")
	f.index("1.0", map[string]fakeImage{"linux/amd64": f.push("amd64", "layer one"), "linux/s390x": other})
	e.run(t)
	files, _ := filepath.Glob(filepath.Join(dir, "platforms-*"))
	if len(files) != 1 {
		t.Fatalf("the state folder holds %q", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || !strings.Contains(string(text), other.manifest.String()) || strings.Contains(string(text), arm64.manifest.String()) {
		t.Errorf("%v, and the file holds %s", err, text)
	}
}

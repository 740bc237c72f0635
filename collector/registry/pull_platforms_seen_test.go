package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
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

// lostAfter is what a pull finds when the image for linux/arm64, which was there, is lost. Another index stood under the tag before.
func lostAfter(t *testing.T, f *fakeRegistry, another func()) *collected {
	t.Helper()
	arm64 := f.twoPlatforms()
	e := f.puller(t, "", "library/base:1.0")
	e.run(t).wantReason(t, "")
	another()
	e.run(t).wantReason(t, "")
	f.twoPlatforms() // the right one again
	f.lose(arm64.manifest)
	return e
}

// Somebody pushes another index under the tag by mistake, for a minute. Meanwhile, or later, a platform of the right one is lost.
func TestAPlatformThatWasThereBeforeAnotherIndexIsLost(t *testing.T) {
	for name, another := range map[string]func(f *fakeRegistry){
		"an index of other platforms": func(f *fakeRegistry) {
			f.index("1.0", map[string]fakeImage{"linux/amd64": f.push("amd64", "layer one"), "linux/s390x": f.push("other", "another layer")})
		},
		"an image without an index": func(f *fakeRegistry) { f.push("1.0", "layer one") },
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			e := lostAfter(t, f, func() { another(f) })
			got := e.run(t)
			got.wantReason(t, source.ReasonMissingBlob)
			got.wantSamples(t, map[string]float64{"registry_pull_platforms_absent{": 0, "registry_pull_content_bad{": 1})
		})
	}
}

// Somebody replaces an index by an image of one platform: the page says nothing of other platforms any more.
func TestAnImageThatIsNoIndexAnyMoreHasNoSampleOfPlatforms(t *testing.T) {
	f := startRegistry(t)
	f.twoPlatforms()
	e := f.puller(t, "", "library/base:1.0")
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_platforms_absent{": 0})
	f.push("1.0", "layer one")
	e.run(t).wantNone(t, "registry_pull_platforms_absent{")
}

// numbered are n manifests that no other call makes for the same kind.
func numbered(kind string, n int) []client.Descriptor {
	var all []client.Descriptor
	for i := range n {
		all = append(all, client.Descriptor{Digest: digest.FromString(fmt.Sprintf("%s %d", kind, i))})
	}
	return all
}

func TestManifestsThatLeftTheIndexAreRememberedForAMonth(t *testing.T) {
	known, now := &platforms{seen: map[digest.Digest]time.Time{}}, time.Now()
	old := numbered("old", 1)
	known.note(old[0], nil)
	known.forget(nil, now)
	known.forget(nil, now.Add(source.Remembered-time.Second))
	if !known.wasThere(old[0].Digest) {
		t.Error("it is forgotten within 30 days")
	}
	known.forget(nil, now.Add(source.Remembered))
	if known.wasThere(old[0].Digest) {
		t.Error("it is remembered for longer than 30 days")
	}
}

// A tag gets another image each hour. The probe remembers the manifests that the index names, and those that left it last.
func TestTheNewestManifestsAreRemembered(t *testing.T) {
	known, now := &platforms{seen: map[digest.Digest]time.Time{}}, time.Now()
	named := numbered("named", 60)
	var last []client.Descriptor
	for hour := range 5 {
		last = append(numbered(fmt.Sprintf("hour %d", hour), 30), named...)
		for _, d := range last {
			known.note(d, nil)
		}
		known.forget(last, now.Add(time.Duration(hour)*time.Hour))
	}
	known.forget(named, now.Add(5*time.Hour))
	kept := known.toKeep()
	if len(kept) != maxSeen || len(known.seen) != maxSeen {
		t.Errorf("%d are kept, and %d remembered", len(kept), len(known.seen))
	}
	for _, d := range last {
		if _, found := kept[d.Digest]; !found {
			t.Errorf("one of the last hour is not kept")
		}
	}
}

// The daemon pages for a platform that is lost: check says the same, and writes nothing.
func TestCheckReadsWhichPlatformsWereThere(t *testing.T) {
	f := startRegistry(t)
	arm64 := f.twoPlatforms()
	dir := t.TempDir()
	collect(t, "pull", dir, f.pullsBase()).run(t).wantReason(t, "")
	before := contentOf(t, dir)
	f.lose(arm64.manifest)
	e := collect(t, "pull", "", f.pullsBase())
	e.options.StateFrom, e.options.Keep = dir, source.NewKeep(nil)
	e.build(t)
	e.run(t).wantReason(t, source.ReasonMissingBlob)
	f.push("1.0", "layer one") // the index has no other platform any more
	e.run(t)
	if after := contentOf(t, dir); after != before {
		t.Errorf("the file was %q, and is %q", before, after)
	}
}

// contentOf is the text of the only seenFile in a folder.
func contentOf(t *testing.T, dir string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "platforms-*"))
	if len(files) != 1 {
		t.Fatalf("the state folder holds %q", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package registry

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// startWholeOnly starts a registry that sends layers as a whole only, with an image of layers of 100,000 bytes, and a
// puller of this image.
func startWholeOnly(t *testing.T, options string, letters ...string) (*fakeRegistry, fakeImage, *collected) {
	t.Helper()
	var layers []string
	for _, letter := range letters {
		layers = append(layers, strings.Repeat(letter, 100_000))
	}
	f := startRegistry(t)
	image := f.push("1.0", layers...)
	for _, l := range image.layers {
		f.answer(l.String(), f.wholeOnly(l))
	}
	return f, image, f.puller(t, ", max_bytes: 1KiB"+options, "library/base:1.0")
}

// layersNote returns the note of the step layers in the last run.
func (e *collected) layersNote(t *testing.T) string {
	t.Helper()
	steps := e.last(t).Steps()
	return steps[len(steps)-1].Note
}

// warnings returns the findings of the last run.
func (e *collected) warnings(t *testing.T) string {
	t.Helper()
	res := e.last(t)
	var all []string
	for _, f := range res.Source.Words.Findings(&source.View{Now: time.Now()}, res) {
		all = append(all, f.What)
	}
	return strings.Join(all, "\n")
}

// methods returns the methods of requests since the last call whose path ends so, with their numbers.
func (f *fakeRegistry) methods(ends ...string) string {
	get, head := 0, 0
	for _, r := range f.Requests() {
		for _, end := range ends {
			switch {
			case !strings.HasSuffix(r.URL.Path, end):
			case r.Method == http.MethodHead:
				head++
			default:
				get++
			}
		}
	}
	f.Clear()
	return fmt.Sprintf("%d GET, %d HEAD", get, head)
}

func TestLayersThatAreSentAsAWholeAreReadInTurn(t *testing.T) {
	_, _, e := startWholeOnly(t, "", "a", "b", "c")
	for i, want := range []struct {
		note       string
		unverified float64
	}{
		{"last bytes of 0 layers, first ones of 3, 1 read in full; never read in full, as the server sends them as a whole only: 2 not yet in turn", 2},
		{"last bytes of 0 layers, first ones of 1, lengths of 2, 1 read in full; never read in full, as the server sends them as a whole only: 1 not yet in turn", 1},
		{"last bytes of 0 layers, first ones of 1, lengths of 2, 1 read in full", 0},
	} {
		got := e.run(t)
		got.wantReason(t, "")
		got.wantSamples(t, map[string]float64{"registry_pull_layers_verified{": float64(i + 1), "registry_pull_layers_unverified{": want.unverified})
		if note := e.layersNote(t); note != want.note {
			t.Errorf("run %d: got %q, want %q", i, note, want.note)
		}
		if says := strings.Contains(e.warnings(t), "layers of library/base:1.0 that were never read in full"); says != (want.unverified > 0) {
			t.Errorf("run %d: the report warns of layers that nobody has read: %t", i, says)
		}
	}
}

// A bit that flipped behind the first 64 KiB shows when the whole layer is read.
func TestALayerThatIsSentAsAWholeAndDamaged(t *testing.T) {
	f, image, e := startWholeOnly(t, "", "a")
	f.damage(image.layers[0], func(b []byte) []byte { b[99_000] ^= 1; return b })
	got := e.run(t)
	got.wantReason(t, source.ReasonDigestMismatch)
	got.wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1, "registry_pull_layers_unverified{": 0})
}

// A cache would fetch a layer again each time that a client hangs up on it. So the probe asks for the layer once, and
// reads it to its end within pull.whole of the day.
func TestTheDayBoundsWhatIsReadAsAWhole(t *testing.T) {
	f, image, e := startWholeOnly(t, ", whole: 150KiB", "a", "b")
	ends := []string{image.layers[0].String(), image.layers[1].String()}
	for i, want := range []string{"3 GET, 0 HEAD", "1 GET, 1 HEAD", "0 GET, 2 HEAD", "0 GET, 2 HEAD"} {
		got := e.run(t)
		got.wantReason(t, "")
		got.wantSamples(t, map[string]float64{"registry_pull_layers_verified{": 1, "registry_pull_layers_unverified{": 1})
		if asked := f.methods(ends...); asked != want {
			t.Errorf("run %d: %s, want %s", i, asked, want)
		}
	}
	today := &e.memory(t).today
	if today.used != 100_000 {
		t.Errorf("%d bytes were counted, want 100000", today.used)
	}
	today.since = today.since.Add(-day)
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_layers_verified{": 2, "registry_pull_layers_unverified{": 0})
}

func TestALayerLargerThanTheDayIsToldAndNotRead(t *testing.T) {
	f, image, e := startWholeOnly(t, ", whole: 50KiB", "a")
	for _, want := range []string{"1 GET, 0 HEAD", "0 GET, 1 HEAD"} {
		got := e.run(t)
		got.wantReason(t, "")
		got.wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_layers_unverified{": 1})
		if asked := f.methods(image.layers[0].String()); asked != want {
			t.Errorf("%s, want %s", asked, want)
		}
		if note := e.layersNote(t); !strings.HasSuffix(note, ": 1 larger than pull.whole (51.2 kB a day)") {
			t.Errorf("the note is %q", note)
		}
	}
	if warns := e.warnings(t); !strings.Contains(warns, "pull.whole (51.2 kB a day)") {
		t.Errorf("the report warns of %q", warns)
	}
}

// Clients set no time limit while bytes come.
func TestALayerThatIsNotReadInTheTimeOfARunIsNoFault(t *testing.T) {
	t.Parallel()
	f, image, e := startWholeOnly(t, ", every: 2s", "a")
	slow := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, strings.Repeat("a", 90_000))
		_ = http.NewResponseController(w).Flush()
		if r.Method == http.MethodGet && r.Header.Get("Range") == "" {
			<-r.Context().Done()
		}
	}
	f.answer(image.layers[0].String(), slow)
	for _, want := range []string{"2 GET, 0 HEAD", "0 GET, 1 HEAD"} {
		got := e.run(t)
		got.wantReason(t, "")
		got.wantSamples(t, map[string]float64{"registry_pull_layers_unverified{": 1})
		if asked := f.methods(image.layers[0].String()); asked != want {
			t.Errorf("%s, want %s", asked, want)
		}
		if note := e.layersNote(t); !strings.HasSuffix(note, ": 1 not in the time of a run") {
			t.Errorf("the note is %q", note)
		}
	}
}

// Clients send no HEAD of a layer, so an odd answer to it proves nothing.
func TestALayerWhoseHEADIsOddIsAskedForAsBefore(t *testing.T) {
	for name, odd := range map[string]http.HandlerFunc{
		"refused":        saysStatus(403, ""),
		"not found":      saysStatus(404, ""),
		"another length": respond(http.Header{"Content-Length": {"9"}}, 200, ""),
	} {
		t.Run(name, func(t *testing.T) {
			f, image, e := startWholeOnly(t, ", whole: 1KiB", "a")
			e.run(t).wantReason(t, "")
			serve := f.wholeOnly(image.layers[0])
			f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					odd(w, r)
					return
				}
				serve(w, r)
			})
			f.Clear()
			e.run(t).wantReason(t, "")
			if asked := f.methods(image.layers[0].String()); asked != "1 GET, 1 HEAD" {
				t.Errorf("%s, want 1 GET, 1 HEAD", asked)
			}
			f.lose(image.layers[0])
			f.answer(image.layers[0].String(), saysStatus(404, ""))
			e.run(t).wantReason(t, source.ReasonMissingBlob)
		})
	}
}

// A server that cuts each answer costs at most pull.whole a day, and one more layer.
func TestResumesCountForTheDay(t *testing.T) {
	f, image, e := startWholeOnly(t, ", whole: 150KiB", "a")
	n := 0
	f.answer(image.layers[0].String(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		if n++; n == 1 { // for its last byte
			n = 99
			_, _ = io.WriteString(w, strings.Repeat("a", 100_000))
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("a", 30_000*(n-99)))
	})
	e.run(t).wantReason(t, source.ReasonShortRead)
	if used := e.memory(t).today.used; used != 30_000+60_000 {
		t.Errorf("%d bytes were counted, want 90000: the rest was asked for once, and then there was no room", used)
	}
}

func TestDailyBytes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b := dailyBytes{}
	for _, c := range []struct {
		after time.Duration
		n     int64
		has   bool
	}{
		{0, 100, true}, {0, 101, false}, {time.Hour, 100, true}, {time.Hour, 1, false}, {day - time.Minute, 1, false}, {day, 100, true},
	} {
		has := b.has(c.n, 100, now.Add(c.after))
		if has != c.has {
			t.Errorf("%d bytes after %s: room %t, want %t", c.n, c.after, has, c.has)
		}
		if has && c.after > 0 {
			b.used += c.n
		}
	}
}

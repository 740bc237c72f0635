package trust

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/collector/trust/fakenotary"
	"registry_exporter/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A trustTest is the source of a registry whose log a fake Notary serves.
type trustTest struct {
	*testing.T
	*source.Source
	server   *fakenotary.Server
	stateDir string
}

// start makes the source, and runs it once: from then on changes count.
func start(t *testing.T, server *fakenotary.Server, stateDir string) *trustTest {
	t.Helper()
	tt := &trustTest{T: t, Source: newSource(t, server.Config("trust: {url: ADDRESS, repositories: {max: 10}}"), stateDir), server: server, stateDir: stateDir}
	tt.run("")
	server.Asked()
	return tt
}

// newSource builds the source of the only registry of a configuration, as an exporter does.
func newSource(t *testing.T, text, stateDir string) *source.Source {
	t.Helper()
	return newBuilt(t, text, stateDir, source.NewKeep(nil))
}

func newBuilt(t *testing.T, text, stateDir string, keep *source.Keep) *source.Source {
	t.Helper()
	sources, err := Sources(newBuilder(t, text, stateDir, keep))
	if err != nil {
		t.Fatal(err)
	}
	sources[0].Timeout = 10 * time.Second
	return sources[0]
}

func newBuilder(t *testing.T, text, stateDir string, keep *source.Keep) *ask.Builder {
	t.Helper()
	c, err := config.Load(testserver.TempFile(t, "registry_exporter.yml", []byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	b := ask.NewBuilder(c, 0, ask.Options{Lockout: &ask.Lockout{}, Keep: keep, StateDir: stateDir})
	b.Collector = "trust"
	return b
}

// newReaderOf builds the reader of the only registry of a configuration.
func newReaderOf(t *testing.T, text string) *reader {
	t.Helper()
	r, _, err := newReader(newBuilder(t, text, "", source.NewKeep(nil)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs the probe once, which must fail for the reason, or not at all. It returns what a page then shows.
func (tt *trustTest) run(reason string) source.Result {
	tt.Helper()
	if !tt.Probe.Once(tt.Context()) {
		tt.Fatal("it did not run")
	}
	res := tt.Get(tt.Context(), 10*time.Second)
	if got := source.Reason(res.Err); got != reason {
		tt.Fatalf("reason %q, want %q (%v)", got, reason, res.Err)
	}
	return res
}

// shown returns what a page shows of the changes: "1 update, 2 deletion", in the order of the names.
func shown(res source.Result) string {
	var all []string
	for _, s := range res.All(changesTotal) {
		if s.Value > 0 {
			all = append(all, fmt.Sprintf("%v %s", s.Value, s.Label("category")))
		}
	}
	return strings.Join(all, ", ")
}

// byRepository returns what a page shows of one category: "library/nginx 2, other 1".
func byRepository(res source.Result, category string) string {
	var all []string
	for _, s := range res.All(changesByRepository) {
		if s.Value > 0 && s.Label("category") == category {
			all = append(all, fmt.Sprintf("%s %v", s.Label("repository"), s.Value))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func (tt *trustTest) wantShown(res source.Result, want string) {
	tt.Helper()
	if got := shown(res); got != want {
		tt.Errorf("counted %q, want %q", got, want)
	}
}

// wantAsked fails the test unless the server was asked for these pages since the last time.
func (tt *trustTest) wantAsked(want ...string) {
	tt.Helper()
	if got := tt.server.Asked(); !slices.Equal(got, want) {
		tt.Errorf("asked for %q, want %q", got, want)
	}
}

func (tt *trustTest) wantLost(res source.Result, want float64) {
	tt.Helper()
	if got, _ := res.Value(cursorLost); got != want {
		tt.Errorf("lost its place %v times, want %v", got, want)
	}
}

const nginx = "msr.example.org/library/nginx"

func TestNothingBeforeTheFirstRunCounts(t *testing.T) {
	server := fakenotary.Start(t)
	server.Publish(nginx, "update")
	server.Publish(nginx, "deletion")
	tt := &trustTest{T: t, Source: newSource(t, server.Config("trust: {url: ADDRESS}"), ""), server: server}
	res := tt.run("")
	tt.wantAsked("-1 100")
	tt.wantShown(res, "")
	if got := len(res.All(changesTotal)); got != 3 {
		t.Errorf("%d categories begin at 0, want 3", got)
	}
	for _, s := range res.All(lastChange) {
		if want := source.Unix(fakenotary.Begin.Add(time.Second)); s.Label("category") == "deletion" && s.Value != want {
			t.Errorf("the last deletion was at %v, want %v", s.Value, want)
		}
	}
}

func TestAQuietFeedCostsOneRequest(t *testing.T) {
	server := fakenotary.Start(t)
	server.Publish(nginx, "update")
	tt := start(t, server, "")
	tt.run("")
	tt.wantAsked("-1 1")
}

func TestChangesCountOnce(t *testing.T) {
	for _, uuids := range []bool{false, true} {
		t.Run(fmt.Sprintf("uuids %t", uuids), func(t *testing.T) {
			server := fakenotary.Start(t)
			if uuids {
				server.SetUUIDs()
			}
			tt := start(t, server, "")
			for range 3 {
				server.Publish(nginx, "update")
			}
			server.Publish("msr.example.org/library/wordpress", "deletion")
			server.Publish(nginx, "renamed")
			for range 2 {
				res := tt.run("")
				tt.wantShown(res, "3 update, 1 deletion, 1 other")
				if got := byRepository(res, "update"); got != "library/nginx 3" {
					t.Error(got)
				}
				if got := byRepository(res, "deletion"); got != "library/wordpress 1" {
					t.Error(got)
				}
			}
		})
	}
}

// After change 1 the feed is asked from its start: change_id=1 is never sent.
func TestTheFirstChangeOfAllIsTheLastOneThatIsCounted(t *testing.T) {
	server := fakenotary.Start(t)
	tt := start(t, server, "")
	server.Publish(nginx, "update")
	tt.wantShown(tt.run(""), "1 update")
	server.Publish(nginx, "update")
	tt.wantShown(tt.run(""), "2 update")
	tt.wantAsked("-1 1", "0 100", "-1 1", "0 100")
}

// A run ends after ten pages, and the next one goes on.
func TestALongFeedIsReadInSeveralRuns(t *testing.T) {
	server := fakenotary.Start(t)
	tt := start(t, server, "")
	for range 1150 {
		server.Publish(nginx, "update")
	}
	tt.wantShown(tt.run(""), "1000 update")
	if got := len(server.Asked()); got != 11 {
		t.Errorf("%d requests, want 11", got)
	}
	tt.wantShown(tt.run(""), "1150 update")
}

func TestDeletionsAreNamedForADay(t *testing.T) {
	server := fakenotary.Start(t)
	tt := start(t, server, "")
	at := time.Now().Add(-30 * 24 * time.Hour) // the exporter was away
	server.PublishAt("msr.example.org/library/wordpress", "deletion", at)
	res := tt.run("")
	if got, _ := res.Value(deletionTime); got != source.Unix(at) {
		t.Errorf("deleted at %v, want %v", got, source.Unix(at))
	}
	for _, c := range []struct {
		name string
		read time.Duration // ago
		want int
	}{
		{"was read 23 hours ago", 23 * time.Hour, 1},
		{"was read 25 hours ago", 25 * time.Hour, 0},
	} {
		r := &reader{feed: &feed{account: &ask.Account{Client: &ask.Client{}}}, book: &book{saved: saved{Begun: true, Deletions: []deleted{{"a", at, time.Now().Add(-c.read)}}}}}
		if got := len((source.Result{Samples: r.samples(true, time.Now())}).All(deletionTime)); got != c.want {
			t.Errorf("%s: %d deletions, want %d", c.name, got, c.want)
		}
	}
}

// An exporter that is started tells of the deletions of the last day, which it does not count.
func TestADeletionOfTheLastDayBeforeTheFirstRun(t *testing.T) {
	for name, c := range map[string]struct {
		age  time.Duration
		want bool
	}{"an hour ago": {time.Hour, true}, "two days ago": {48 * time.Hour, false}} {
		server := fakenotary.Start(t)
		server.PublishAt(nginx, "deletion", time.Now().Add(-c.age))
		tt := start(t, server, "")
		res := tt.run("")
		if _, got := res.Value(deletionTime); got != c.want {
			t.Errorf("%s: told %t", name, got)
		}
		tt.wantShown(res, "")
	}
}

func TestACountedChangeOutlivesAReload(t *testing.T) {
	server := fakenotary.Start(t)
	before := source.NewKeep(nil)
	tt := &trustTest{T: t, Source: newBuilt(t, server.Config("trust: {url: ADDRESS}"), "", before), server: server}
	tt.run("")
	server.Publish(nginx, "update")
	tt.wantShown(tt.run(""), "1 update")
	tt.Source = newBuilt(t, server.Config("trust: {url: ADDRESS, every: 2m, repositories: {max: 7}}"), "", source.NewKeep(before))
	server.Publish(nginx, "update")
	tt.wantShown(tt.run(""), "2 update")
}

func TestARegistryWithoutALogHasNoSource(t *testing.T) {
	sources, err := Sources(newBuilder(t, "registries:\n- name: hub\n  url: https://hub.example.org\n  msr: {}\n", "", source.NewKeep(nil)))
	if err != nil || len(sources) > 0 {
		t.Errorf("%d sources, %v", len(sources), err)
	}
}

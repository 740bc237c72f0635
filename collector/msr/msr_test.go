package msr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
)

const testEndpoint = "10.0.0.1:443"

// parsed is what an answer becomes on a page: NAME{values of labels behind the endpoint} is value.
func tidied(samples []source.Sample, err error) ([]source.Sample, error) {
	return source.tidy(samples, err, source.MaxSamples)
}

func parsed(t *testing.T, body []byte, names *serverNames) (map[string]float64, error) {
	t.Helper()
	samples, err := tidied(parseClusterStatus(body, testEndpoint, names))
	page := map[string]float64{}
	for _, s := range samples {
		if s.Labels[0] != testEndpoint {
			t.Errorf("endpoint of %s is %q", s.Metric.Name, s.Labels[0])
		}
		page[s.Metric.Name+"{"+strings.Join(s.Labels[1:], ",")+"}"] = s.Value
	}
	return page, err
}

func wantSample(t *testing.T, page map[string]float64, name string, want float64) {
	t.Helper()
	got, found := page[name]
	switch {
	case !found:
		t.Errorf("no %s", name)
	case got != want:
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func wantReason(t *testing.T, err error, want string) {
	t.Helper()
	if got := source.Reason(err); got != want {
		t.Errorf("reason is %q, want %q: %v", got, want, err)
	}
}

// around is an answer with the given system tables, complete but for them.
func around(tables string) []byte {
	return []byte(`{"rethink_system_tables": {` + tables + `}, "replica_health": {}, "replica_timestamp": {}, "replica_readonly": {}, "gc_lock_holder": ""}`)
}

// repeated joins n rows, each made of format and its number.
func repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestVerdictOfAReplicaIsItsOwn: an exporter before this one kept the flag of the replica before.
func TestVerdictOfAReplicaIsItsOwn(t *testing.T) {
	for _, c := range []struct {
		name   string
		health string
		a, b   float64
	}{
		{"OK behind a bad one", `{"a": "Notary unhealthy: timeout", "b": "OK"}`, 0, 1},
		{"bad one behind OK", `{"a": "OK", "b": "Notary unhealthy: timeout"}`, 1, 0},
		{"words that hold OK", `{"a": "OK", "b": "NOT OK"}`, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := bytes.Replace(around(""), []byte(`"replica_health": {}`), []byte(`"replica_health": `+c.health), 1)
			page, err := parsed(t, body, &serverNames{})
			wantReason(t, err, "")
			wantSample(t, page, "registry_msr_replica_health{a}", c.a)
			wantSample(t, page, "registry_msr_replica_health{b}", c.b)
		})
	}
}

func TestHundredThousandIssuesAreOneNumber(t *testing.T) {
	issues := repeated(100_000, `{"id": "%[1]d", "type": "table_availability", "critical": true, "description": "Table %[1]d is not available."}`)
	page, err := parsed(t, around(`"current_issues": [`+issues+`]`), &serverNames{})
	wantReason(t, err, "")
	wantSample(t, page, "registry_msr_current_issues{table_availability,true}", 100_000)
	wantSample(t, page, "registry_msr_current_issues{table_availability,false}", 0)
	if want := 2*len(issueTypes) + 1; len(page) != want { // and gc_lock_held
		t.Errorf("%d samples, want %d", len(page), want)
	}
}

func TestDeepNestingIsABadAnswer(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	page, err := parsed(t, around(`"current_issues": [], "info": `+deep), &serverNames{})
	wantReason(t, err, source.ReasonBadAnswer)
	wantSample(t, page, "registry_msr_current_issues{unknown,true}", 0) // was read before
}

func TestTopLevelIssuesBehindDeepNesting(t *testing.T) {
	body := `{"current_issues": [{"critical": true}], "rethink_system_tables": ` + strings.Repeat("[", 1000)
	page, err := parsed(t, []byte(body), &serverNames{})
	wantReason(t, err, source.ReasonBadAnswer)
	wantSample(t, page, "registry_msr_current_issues{unknown,true}", 1)
}

// TestMoreSamplesThanFit: whatever the order of the answer, the same samples stay.
func TestMoreSamplesThanFit(t *testing.T) {
	row := func(i int) string {
		return fmt.Sprintf(`{"db": "dtr2", "name": "table_%04d", "status": {"ready_for_reads": true}, "shards": [{"replicas": [{"server": "a", "state": "ready"}]}]}`, i)
	}
	var rows []string
	for i := range 2000 {
		rows = append(rows, row(i))
	}
	kept := func() []string {
		body := around(`"current_issues": [], "table_status": [` + strings.Join(rows, ",") + `]`)
		page, err := parsed(t, body, &serverNames{})
		wantReason(t, err, source.ReasonTooLarge)
		return slices.Sorted(maps.Keys(page))
	}
	first := kept()
	if len(first) != source.MaxSamples {
		t.Errorf("%d samples, want %d", len(first), source.MaxSamples)
	}
	if !slices.Contains(first, "registry_msr_table_availability{dtr2,table_0000}") || !slices.Contains(first, "registry_msr_gc_lock_held{}") {
		t.Error("what comes first was dropped")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if again := kept(); !slices.Equal(first, again) {
			t.Error("another order of rows keeps other samples")
		}
	}
}

// TestOrderOfAnAnswerDoesNotMatter: rows and keys of a real answer may come in any order.
func TestOrderOfAnAnswerDoesNotMatter(t *testing.T) {
	body := clusterStatusOf(t, "one_killed_15s")
	want, err := parseClusterStatus(body, testEndpoint, &serverNames{})
	wantReason(t, err, "")
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	for _, rows := range answer["rethink_system_tables"].(map[string]any) {
		slices.Reverse(rows.([]any))
	}
	reversed, err := json.Marshal(answer) // keys are in another order than the server's
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseClusterStatus(reversed, testEndpoint, &serverNames{})
	wantReason(t, err, "")
	if !reflect.DeepEqual(want, got) {
		t.Error("other samples, or in another order")
	}
}

const lostServer = "73736b06-0dff-4bc7-9488-c26624528ed5"

// TestNameOfALostServerIsRememberedFromAnotherView: view a knows one server by id only, view b by its name.
func TestNameOfALostServerIsRememberedFromAnotherView(t *testing.T) {
	viewA, viewB := clusterStatusOf(t, "not_everyone_sees_everyone_view_a"), clusterStatusOf(t, "not_everyone_sees_everyone_view_b")
	const byID = "registry_msr_server_connected{dtr_rethinkdb_5eb9459a7832," + lostServer + "}"
	const byName = "registry_msr_server_connected{dtr_rethinkdb_5eb9459a7832,dtr_rethinkdb_56b65e8c1404}"
	names := &serverNames{}

	page, err := parsed(t, viewA, names)
	wantReason(t, err, "")
	wantSample(t, page, byID, 0)

	page, err = parsed(t, viewB, names)
	wantReason(t, err, "")
	wantSample(t, page, byName, 0)

	page, err = parsed(t, viewA, names)
	wantReason(t, err, "")
	wantSample(t, page, byName, 0)
	wantSample(t, page, "registry_msr_server_connected{dtr_rethinkdb_f2277ad178f7,dtr_rethinkdb_56b65e8c1404}", 1)
	wantSample(t, page, "registry_msr_server_up{dtr_rethinkdb_56b65e8c1404}", 0)
	if _, found := page[byID]; found {
		t.Errorf("still %s", byID)
	}
}

func TestReplicasOfARegistryShareTheNamesOfServers(t *testing.T) {
	replica := func(tables string) string {
		body := clusterStatusOf(t, tables)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	viewA, viewB := replica("not_everyone_sees_everyone_view_a"), replica("not_everyone_sees_everyone_view_b")
	e := collectortest.New(t, `
registries:
- {name: hub, url: http://hub, msr: {replicas: [`+viewA+`, `+viewB+`]}}
- {name: other, url: http://other, msr: {replicas: [`+viewA+`]}}
`)
	peersOf := func(s *source.Source) (peers []string) {
		samples, err := s.Read(t.Context())
		wantReason(t, err, "")
		for _, s := range samples {
			if s.Metric == serverConnected {
				peers = append(peers, s.Labels[2])
			}
		}
		return peers
	}
	registries := e.live.Load().registries
	hub := sourcesOf(registries[0], "msr")
	peersOf(hub[1])
	if slices.Contains(peersOf(hub[0]), lostServer) {
		t.Error("the name that one replica told is not known to the other")
	}
	if !slices.Contains(peersOf(sourcesOf(registries[1], "msr")[0]), lostServer) {
		t.Error("a name is known to another registry, whose servers these are not")
	}
}

func sourcesOf(r *collector.registry, collector string) (sources []*source.Source) {
	for _, s := range r.sources {
		if s.Collector == collector {
			sources = append(sources, s)
		}
	}
	return sources
}

func TestServerLabels(t *testing.T) {
	servers := []rethinkServer{
		{serverID: serverID{"one", "11111111-aaaa"}},
		{serverID: serverID{"two", "22222222-bbbb"}},
		{serverID: serverID{"two", "33333333-cccc"}},
	}
	labels := (&serverNames{}).labels(servers)
	for ref, want := range map[string]string{
		"one":                          "one",
		"11111111-aaaa":                "one",
		"one__conflict__11111111-aaaa": "one", // the other one is gone
		"22222222-bbbb":                "two__22222222",
		"two__conflict__22222222-bbbb": "two__22222222",
		"two__conflict__33333333-cccc": "two__33333333",
		"two__conflict__44444444-dddd": "two__conflict__44444444-dddd", // nobody knows that one
		"44444444-dddd":                "44444444-dddd",
		"":                             "",
	} {
		if got := labels.resolve(ref); got != want {
			t.Errorf("%q becomes %q, want %q", ref, got, want)
		}
	}
}

func TestServerNamesAreBounded(t *testing.T) {
	names := &serverNames{}
	for i := range 10 * maxServerNames {
		names.learn([]rethinkServer{{serverID: serverID{"a", fmt.Sprint(i)}}})
	}
	long := strings.Repeat("x", source.MaxLabelBytes+1)
	names.learn([]rethinkServer{{serverID: serverID{long, "id"}}, {serverID: serverID{"name", long}}})
	if n := len(names.names); n > maxServerNames {
		t.Errorf("%d names are remembered", n)
	}
	if _, known := names.of(long); known {
		t.Error("an id of any length is remembered")
	}
	if _, known := names.of("id"); known {
		t.Error("a name of any length is remembered")
	}
}

// hostileAnswers would cost many times their size if everything in them was kept.
var hostileAnswers = []struct {
	name   string
	body   func(n int) []byte
	reason string
}{
	{"keys at the top", func(n int) []byte { return []byte("{" + repeated(n, `"%d":0`) + "}") }, source.ReasonBadAnswer},
	{"replicas", func(n int) []byte { return []byte(`{"replica_health":{` + repeated(n, `"%d":""`) + "}}") }, source.ReasonTooLarge},
	{"locks", func(n int) []byte { return []byte(`{` + repeated(n, `"gc_lock_holder":"%d"`) + "}") }, source.ReasonTooLarge},
	{"servers", func(n int) []byte { return around(`"server_status":[` + repeated(n, `{"name":"%d"}`) + "]") }, source.ReasonTooLarge},
	{"peers", func(n int) []byte {
		return around(`"server_status":[{"name":"a","network":{"connected_to":{` + repeated(n, `"%d":true`) + "}}}]")
	}, source.ReasonTooLarge},
	{"named servers", func(n int) []byte {
		return around(`"table_config":[{"shards":[{"replicas":[` + repeated(n, `"%d"`) + "]}]}]")
	}, source.ReasonTooLarge},
	{"tables", func(n int) []byte { return around(`"table_status":[` + repeated(n, `{"name":"%d","status":{}}`) + "]") }, source.ReasonTooLarge},
	{"stats", func(n int) []byte {
		return around(`"stats":[` + repeated(n, `{"id":["server"],"server":"%d","query_engine":{"queries_total":1}}`) + "]")
	}, source.ReasonTooLarge},
	{"odd rows", func(n int) []byte { return around(`"server_status":[` + repeated(n, "%d") + "]") }, source.ReasonBadAnswer},
	{"issues", func(n int) []byte { return around(`"current_issues":[` + repeated(n, `{"id":"%d"}`) + "]") }, ""},
}

func TestMemoryIsBoundedByTheAnswer(t *testing.T) {
	for _, c := range hostileAnswers {
		t.Run(c.name, func(t *testing.T) {
			body := c.body(200_000)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			samples, err := tidied(parseClusterStatus(body, testEndpoint, &serverNames{}))
			runtime.ReadMemStats(&after)
			wantReason(t, err, c.reason)
			if len(samples) > source.MaxSamples {
				t.Errorf("%d samples", len(samples))
			}
			const fixed = 16 << 20 // for maxEntries of whatever kind
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > fixed+4*uint64(len(body)) {
				t.Errorf("%d bytes allocated for an answer of %d", allocated, len(body))
			}
		})
	}
}

func FuzzClusterStatus(f *testing.F) {
	folders, err := filepath.Glob(filepath.Join("testdata", "msr", "*", "cluster_status.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range folders {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if !bytes.Contains(text, []byte("@rethinkdb")) { // real tables are too large to vary well
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		samples, err := parseClusterStatus(body, testEndpoint, &serverNames{})
		if r := source.Reason(err); r != "" && r != source.ReasonBadAnswer && r != source.ReasonTooLarge {
			t.Errorf("reason %q: %s", r, err)
		}
		if err == nil && !json.Valid(body) {
			t.Error("what is not JSON was read without an error")
		}
		if most := 9*(maxEntries+1) + 2*len(issueTypes); len(samples) > most { // a table or server has 9 at most
			t.Errorf("%d samples", len(samples))
		}
		for _, s := range source.Mask(nil).samples(samples) {
			if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
				t.Errorf("%s is %v", s.Metric.Name, s.Value)
			}
			for _, l := range s.Labels {
				if len(l) > source.MaxLabelBytes || !utf8.ValidString(l) {
					t.Errorf("%s has label %q", s.Metric.Name, l)
				}
			}
		}
		if kept, _ := tidied(samples, err); len(kept) > source.MaxSamples {
			t.Errorf("%d samples are kept", len(kept))
		}
	})
}

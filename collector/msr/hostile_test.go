package msr

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"unicode/utf8"

	"registry_exporter/collector/source"
)

// hostileAnswers would take many times their size in memory if the decoder kept everything in them.
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
			samples, err := shown(t, 0, func() ([]source.Sample, error) { return parseClusterStatus(body, testAddress, &serverNames{}) })
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
		samples, err := parseClusterStatus(body, testAddress, &serverNames{})
		if r := source.Reason(err); r != "" && r != source.ReasonBadAnswer && r != source.ReasonTooLarge {
			t.Errorf("reason %q: %s", r, err)
		}
		if err == nil && !json.Valid(body) {
			t.Error("what is not JSON was read without an error")
		}
		if most := 9*(maxEntries+1) + 2*len(issueTypes); len(samples) > most { // a table or server has 9 at most
			t.Errorf("%d samples", len(samples))
		}
		all, err := shown(t, math.MaxInt, func() ([]source.Sample, error) { return samples, err })
		for _, s := range all {
			if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
				t.Errorf("%s is %v", s.Metric.Name, s.Value)
			}
			for _, l := range s.Labels {
				if len(l) > source.MaxLabelBytes || !utf8.ValidString(l) {
					t.Errorf("%s has label %q", s.Metric.Name, l)
				}
			}
		}
		if kept, _ := shown(t, 0, func() ([]source.Sample, error) { return all, err }); len(kept) > source.MaxSamples {
			t.Errorf("%d samples are kept", len(kept))
		}
	})
}

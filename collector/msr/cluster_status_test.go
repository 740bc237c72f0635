package msr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// TestVerdictOfAReplicaIsItsOwn: an older exporter gave a replica the verdict of the replica before it.
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

// TestMoreSamplesThanFit: a page shows the same samples in whatever order the answer has them.
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
	want, err := parseClusterStatus(body, testAddress, &serverNames{})
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
	got, err := parseClusterStatus(reversed, testAddress, &serverNames{})
	wantReason(t, err, "")
	if !reflect.DeepEqual(want, got) {
		t.Error("other samples, or in another order")
	}
}

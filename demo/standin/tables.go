package standin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// tables are the system tables of RethinkDB, as one server of a real cluster answered them.
type tables struct {
	text   []byte
	issues []byte // current_issues of them; nil when there are none
}

// A view says which tables replica 1, 2 and 3 show while a fault is on, and which replicas have an old verdict.
type view struct {
	fault  string
	tables [3]string
	silent []string
}

// views has the view of each fault. The first whose fault is on counts; the last one is a healthy cluster.
var views = []view{
	{"majority-lost", everyone("quorum_lost_15s"), []string{firstReplica, thirdReplica}},
	{"one-server-killed", everyone("one_killed_15s"), []string{firstReplica}},
	{"one-server-just-killed", everyone("one_killed_1s"), []string{firstReplica}},
	{"one-server-long-killed", everyone("one_killed_60s"), []string{firstReplica}},
	{"one-server-hung", everyone("one_hung_1s"), []string{firstReplica}},
	{"views-differ", [3]string{
		"not_everyone_sees_everyone_view_b", "not_everyone_sees_everyone_view_a", "not_everyone_sees_everyone_view_b",
	}, nil},
	{"table-lost", everyone("table_total_loss"), nil},
	{"backfilling", everyone("returned_backfilling"), nil},
	{"", everyone("healthy"), nil},
}

func everyone(tables string) [3]string { return [3]string{tables, tables, tables} }

func (f *Faults) view() view {
	for _, v := range views {
		if f.On(v.fault) {
			return v
		}
	}
	return views[len(views)-1]
}

func loadTables(folder string) (map[string]tables, error) {
	all := map[string]tables{}
	for _, v := range views {
		for _, name := range v.tables {
			t, err := readTables(filepath.Join(folder, name+".json"))
			if err != nil {
				return nil, err
			}
			all[name] = t
		}
	}
	return all, nil
}

func readTables(file string) (tables, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return tables{}, fmt.Errorf("reading RethinkDB tables: %w", err)
	}
	var content struct {
		Issues []json.RawMessage `json:"current_issues"`
	}
	if err := json.Unmarshal(text, &content); err != nil {
		return tables{}, fmt.Errorf("reading RethinkDB tables from %s: %w", file, err)
	}
	t := tables{text: text}
	if len(content.Issues) > 0 {
		t.issues, err = json.Marshal(content.Issues)
	}
	return t, err
}

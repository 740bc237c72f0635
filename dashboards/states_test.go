package dashboards

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestStates asks Prometheus what the panels of the first line show: a state in words is one of few numbers.
func TestStates(t *testing.T) {
	const (
		pull     = `registry_pull_success{role="front",endpoint="e",image="base",instance="x"} `
		other    = `registry_pull_success{role="front",endpoint="e",image="app",instance="x"} `
		second   = `registry_pull_success{role="front",endpoint="e",image="base",instance="y"} `
		failure  = `registry_collector_failure{collector="%s",endpoint="e",reason="%s",instance="x"} 1`
		suspect  = `registry_pull_content_bad{role="front",endpoint="e",image="base",reason="short_read",confirmed="false",instance="x"} `
		bad      = `registry_pull_content_bad{role="backend",endpoint="f",image="base",reason="short_read",confirmed="true",instance="x"} `
		push     = `registry_push_success{role="front",endpoint="e",instance="x"} `
		storage  = `registry:storage:up `
		swift    = `registry_swift_reachable{endpoint="e",container="c",instance="x"} `
		read     = `registry_swift_read_success{endpoint="e",container="c",instance="x"} `
		write    = `registry_swift_write_success{endpoint="e",container="m",instance="x"} `
		waiting  = `registry_replication_pending_seconds{endpoint="e",to="codfw",instance="x"} `
		arrived  = `registry_replication_pending_seconds{endpoint="e",to="esams",instance="x"} 0`
		interval = `registry_replication_interval_seconds{endpoint="e",instance="x"} 60`
	)
	fails := func(collector, reason string) string { return fmt.Sprintf(failure, collector, reason) }
	for name, c := range map[string]struct {
		panel  string
		series []string
		want   string
	}{
		"all images can be pulled":                      {"Pull", []string{pull + "1", other + "1"}, "OK"},
		"one of two images cannot":                      {"Pull", []string{pull + "0", other + "1", fails("pull", "short_read")}, "FAILS"},
		"no pull has ended yet":                         {"Pull", []string{pull + "0", fails("pull", "pending")}, "UNKNOWN"},
		"the exporter's account may not pull":           {"Pull", []string{pull + "0", fails("pull", "forbidden")}, "UNKNOWN"},
		"a second exporter can pull":                    {"Pull", []string{pull + "0", fails("pull", "pending"), second + "1"}, "OK"},
		"a second exporter cannot":                      {"Pull", []string{pull + "0", fails("pull", "pending"), second + "0"}, "FAILS"},
		"a push works":                                  {"Push", []string{push + "1"}, "OK"},
		"a push is refused":                             {"Push", []string{push + "0", fails("push", "read_only")}, "FAILS"},
		"the exporter's account is refused":             {"Push", []string{push + "0", fails("push", "unauthorized")}, "UNKNOWN"},
		"nothing is known to be bad":                    {"Content", []string{pull + "1", other + "0"}, "OK"},
		"nothing can be pulled, so nothing is known":    {"Content", []string{pull + "0"}, "UNKNOWN"},
		"layers were bad once":                          {"Content", []string{pull + "0", suspect + "3"}, "SUSPECT"},
		"layers were bad once, and one twice":           {"Content", []string{pull + "1", suspect + "3", bad + "1"}, "BAD"},
		"a store that is reached and not probed":        {"Storage", []string{storage + "1", swift + "1"}, "OK"},
		"a store that is read and written":              {"Storage", []string{storage + "1", swift + "1", read + "1", write + "1"}, "OK"},
		"a store that is not reached":                   {"Storage", []string{storage + "0", swift + "0", read + "0", write + "0"}, "DOWN"},
		"a store that is neither read nor written":      {"Storage", []string{storage + "1", swift + "1", read + "0", write + "0"}, "NO READS"},
		"a store that is full":                          {"Storage", []string{storage + "1", swift + "1", read + "1", write + "0", fails("swift_probe", "no_space")}, "NO WRITES"},
		"a store that was not probed yet":               {"Storage", []string{storage + "1", swift + "1", read + "0", write + "0", fails("swift_probe", "pending")}, "OK"},
		"a store that does not let the exporter in":     {"Storage", []string{swift + "0"}, "UNKNOWN"},
		"a canary on its way":                           {"Other sites", []string{waiting + "60", arrived, interval}, "OK"},
		"a canary that should be there":                 {"Other sites", []string{waiting + "90", arrived, interval}, "LATE"},
		"a canary that should have been there long ago": {"Other sites", []string{waiting + "200", arrived, interval}, "BEHIND"},
		"no canary was ever pushed":                     {"Other sites", []string{interval}, "UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := panelOf(t, "registry-one", c.panel)
			promtool(t, fillIn(p.Targets[0].Expr), c.series, valueOf(t, p, c.want))
		})
	}
}

// TestStatesAreTheSame holds the columns of the overview against the panels of the story.
func TestStatesAreTheSame(t *testing.T) {
	columns := panelOf(t, "registry-overview", "Registries now").Targets
	for _, title := range []string{"Pull", "Push", "Content", "Storage", "Other sites"} {
		want := `label_replace(` + panelOf(t, "registry-one", title).Targets[0].Expr + `, "site", "–", "site", "")`
		if !slices.ContainsFunc(columns, func(c Target) bool { return c.Expr == want }) {
			t.Errorf("no column asks what the panel %s does: %s", title, want)
		}
	}
}

func panelOf(t *testing.T, uid, title string) Panel {
	t.Helper()
	for _, d := range load(t) {
		for _, p := range d.Panels {
			if d.UID == uid && p.Title == title && p.Type != "row" {
				return p
			}
		}
	}
	t.Fatalf("%s has no panel %s", uid, title)
	return Panel{}
}

// valueOf is the smallest number that a panel shows as these words.
func valueOf(t *testing.T, p Panel, words string) string {
	t.Helper()
	for _, m := range p.FieldConfig.Defaults.Mappings {
		var options map[string]struct{ Text string }
		if m.Type != "value" || json.Unmarshal(m.Options, &options) != nil {
			continue
		}
		for _, value := range slices.Sorted(maps.Keys(options)) {
			if options[value].Text == words {
				return value
			}
		}
	}
	t.Fatalf("%s never shows %s", p.Title, words)
	return ""
}

// promtool requires one answer with this value from these series.
func promtool(t *testing.T, expr string, series []string, want string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not installed; on Debian: apt-get install prometheus")
	}
	type object = map[string]any
	var input []object
	for _, s := range series {
		name, value, _ := strings.Cut(s, " ")
		input = append(input, object{"series": name, "values": value + "x2"})
	}
	text, err := json.Marshal(object{"tests": []object{{
		"interval": "1m", "input_series": input,
		"promql_expr_test": []object{{
			"expr": "sum(" + expr + ")", "eval_time": "1m", "exp_samples": []object{{"labels": "{}", "value": json.Number(want)}},
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "states.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), path, "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%s\n%s", err, out)
	}
}

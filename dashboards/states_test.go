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

// TestStates asks Prometheus, with the rules of the alerts, for the states that the panels of the first lines show in
// words.
func TestStates(t *testing.T) {
	const (
		front    = `registry_api_up{role="front",address="e",instance="x"} `
		login    = `registry_api_authorized{role="front",address="e",instance="x"} `
		letIn    = `registry_api_authorized{role="front",address="e",instance="y"} 1`
		pull     = `registry_pull_success{role="front",address="e",image="base",instance="x"} `
		other    = `registry_pull_success{role="front",address="e",image="app",instance="x"} `
		second   = `registry_pull_success{role="front",address="e",image="base",instance="y"} `
		step     = `registry_pull_failure{role="front",address="e",image="base",step="%s",reason="%s",instance="x"} 1`
		refused  = `registry_push_failure{role="front",address="e",step="auth",reason="unauthorized",instance="x"} 1`
		failure  = `registry_collector_failure{collector="%s",address="e",reason="%s",instance="x"} 1`
		suspect  = `registry_pull_content_bad{role="front",address="e",image="base",reason="short_read",confirmed="false",instance="x"} `
		bad      = `registry_pull_content_bad{role="backend",address="f",image="base",reason="short_read",confirmed="true",instance="x"} `
		push     = `registry_push_success{role="front",address="e",instance="x"} `
		verified = `registry_tls_verified{role="front",address="e",instance="x"} `
		stranger = `registry_tls_verified{role="front",address="e",instance="y"} 0`
		covered  = `registry_tls_name_covered{address="e",name="n",instance="x"} `
		begins   = `registry_tls_start_timestamp_seconds{role="front",address="e",instance="x"} -8000000`
		ends     = `registry_tls_expiry_timestamp_seconds{role="front",address="e",instance="x"} `
		health   = `registry_health_ok{address="e",instance="x"} `
		unasked  = `registry_health_ok{address="e",instance="y"} 0`
		check    = `registry_health_check_failing{address="e",check="storagedriver_swift",kind="storagedriver",instance="x"} 1`
		redis    = `registry_redis_reachable{address="e",instance="x"} `
		ping     = `registry_msr_ping_healthy{address="e",instance="x"} `
		table    = `registry_msr_table_availability{address="e",db="d",table="t",instance="x"} `
		swift    = `registry_swift_reachable{address="e",swift_container="c",instance="x"} `
		read     = `registry_swift_read_success{address="e",swift_container="c",instance="x"} `
		write    = `registry_swift_write_success{address="e",swift_container="m",instance="x"} `
		waiting  = `registry_replication_pending_seconds{address="e",to="codfw",instance="x"} `
		arrived  = `registry_replication_pending_seconds{address="e",to="esams",instance="x"} 0`
		absent   = `registry_replication_pending_seconds{address="e",to="esams",instance="x"} 14401`
		seen     = `registry_replication_pending_seconds{address="e",to="codfw",instance="y"} 0`
		unseen   = `registry_replication_failure{address="e",to="codfw",reason="server_error",instance="x"} 1`
		interval = `registry_replication_interval_seconds{address="e",instance="x"} 60`
	)
	fails := func(collector, reason string) string { return fmt.Sprintf(failure, collector, reason) }
	failsAt := func(name, reason string) string { return fmt.Sprintf(step, name, reason) }
	for name, c := range map[string]struct {
		panel  string
		series []string
		want   string
	}{
		"a front that answers":                          {"Front", []string{front + "1"}, "OK"},
		"a front that does not":                         {"Front", []string{front + "0", fails("api", "refused")}, "DOWN"},
		"a front that wants another client certificate": {"Front", []string{front + "0", fails("api", "tls_client_cert")}, "UNKNOWN"},
		"an account that is let in":                     {"Login", []string{front + "1", login + "1"}, "OK"},
		"a token server that is down":                   {"Login", []string{front + "1", login + "0", fails("api", "refused")}, "FAILS"},
		"an account whose password is wrong":            {"Login", []string{front + "1", login + "0", fails("api", "unauthorized")}, "UNKNOWN"},
		"an account that has no right":                  {"Login", []string{front + "1", login + "0", fails("api", "forbidden")}, "UNKNOWN"},
		"a second exporter is let in":                   {"Login", []string{front + "1", login + "0", fails("api", "refused"), letIn}, "OK"},
		"all images can be pulled":                      {"Pull", []string{pull + "1", other + "1"}, "OK"},
		"one of two images cannot":                      {"Pull", []string{pull + "0", other + "1", fails("pull", "short_read")}, "FAILS"},
		"no pull has ended yet":                         {"Pull", []string{fails("pull", "pending")}, "UNKNOWN"},
		"the exporter's account may not pull":           {"Pull", []string{pull + "0", failsAt("auth", "forbidden"), fails("pull", "forbidden")}, "UNKNOWN"},
		"who lets us in refuses the layers":             {"Pull", []string{pull + "0", failsAt("layers", "forbidden"), fails("pull", "forbidden")}, "FAILS"},
		"an image that was never there":                 {"Pull", []string{pull + "0", failsAt("manifest", "not_found"), fails("pull", "not_found")}, "UNKNOWN"},
		"an image that was there a minute ago":          {"Pull", []string{pull + "1 0", failsAt("manifest", "not_found"), fails("pull", "not_found")}, "FAILS"},
		"a second exporter can pull":                    {"Pull", []string{fails("pull", "pending"), second + "1"}, "OK"},
		"a second exporter cannot":                      {"Pull", []string{fails("pull", "pending"), second + "0"}, "FAILS"},
		"a push works":                                  {"Push", []string{push + "1"}, "OK"},
		"no push has ended yet":                         {"Push", []string{fails("push", "pending")}, "UNKNOWN"},
		"a push is refused":                             {"Push", []string{push + "0", fails("push", "read_only")}, "FAILS"},
		"the exporter's account is refused":             {"Push", []string{push + "0", refused, fails("push", "unauthorized")}, "UNKNOWN"},
		"nothing is known to be bad":                    {"Content", []string{pull + "1", other + "0"}, "OK"},
		"no pull has ended, so nothing is known":        {"Content", []string{fails("pull", "pending")}, "UNKNOWN"},
		"nothing can be pulled, so nothing is known":    {"Content", []string{pull + "0"}, "UNKNOWN"},
		"layers were bad once":                          {"Content", []string{pull + "0", suspect + "3"}, "SUSPECT"},
		"layers were bad once, and one twice":           {"Content", []string{pull + "1", suspect + "3", bad + "1"}, "BAD"},
		"a certificate with months left":                {"Certificate", []string{verified + "1", covered + "1", begins, ends + "8000000"}, "OK"},
		"a second exporter knows no such issuer":        {"Certificate", []string{verified + "1", stranger, begins, ends + "8000000"}, "OK"},
		"a certificate that nobody trusts":              {"Certificate", []string{verified + "0", begins, ends + "8000000"}, "NOT TRUSTED"},
		"a certificate without one of the names":        {"Certificate", []string{verified + "1", covered + "0", begins, ends + "8000000"}, "NOT TRUSTED"},
		"a certificate with ten days left":              {"Certificate", []string{verified + "1", begins, ends + "864000"}, "ENDS SOON"},
		"a certificate with three days left":            {"Certificate", []string{verified + "1", begins, ends + "259200"}, "ENDS NOW"},
		"no health check fails":                         {"Health checks", []string{health + "1"}, "OK"},
		"a health check fails":                          {"Health checks", []string{health + "0", check}, "FAILING"},
		"nobody answers at the debug server":            {"Health checks", []string{health + "0"}, "UNKNOWN"},
		"a second exporter cannot ask for health":       {"Health checks", []string{health + "1", unasked}, "OK"},
		"a store that is reached and not probed":        {"Storage", []string{swift + "1"}, "OK"},
		"a store that is read and written":              {"Storage", []string{swift + "1", read + "1", write + "1"}, "OK"},
		"a store that is not reached":                   {"Storage", []string{swift + "0", read + "0", write + "0"}, "DOWN"},
		"a store that is neither read nor written":      {"Storage", []string{swift + "1", read + "0", write + "0"}, "NO READS"},
		"a store that is full":                          {"Storage", []string{swift + "1", read + "1", write + "0", fails("swift_probe", "no_space")}, "NO WRITES"},
		"a store that was not probed yet":               {"Storage", []string{swift + "1", fails("swift_probe", "pending")}, "OK"},
		"a store that does not let the exporter in":     {"Storage", []string{swift + "0", fails("swift", "unauthorized")}, "UNKNOWN"},
		"a cache that answers":                          {"Cache", []string{redis + "1"}, "OK"},
		"a cache that does not":                         {"Cache", []string{redis + "0", fails("redis", "refused")}, "DOWN"},
		"a cache that does not let the exporter in":     {"Cache", []string{redis + "0", fails("redis", "unauthorized")}, "UNKNOWN"},
		"a majority of MSR":                             {"MSR majority", []string{ping + "1", table + "4"}, "OK"},
		"a database that cannot be asked":               {"MSR majority", []string{ping + "1"}, "UNKNOWN"},
		"no replica of MSR answers":                     {"MSR majority", []string{ping + "0", fails("ping", "timeout")}, "LOST"},
		"replicas of MSR whose certificates have ended": {"MSR majority", []string{ping + "0", fails("ping", "tls_expired")}, "UNKNOWN"},
		"a canary on its way":                           {"Other sites", []string{waiting + "60", arrived, interval}, "OK"},
		"a canary that should be there":                 {"Other sites", []string{waiting + "200", arrived, interval}, "LATE"},
		"a canary that should have been there long ago": {"Other sites", []string{waiting + "14401", arrived, interval}, "BEHIND"},
		"a site that cannot be asked for its canary":    {"Other sites", []string{waiting + "14401", interval, unseen}, "UNKNOWN"},
		"one of two sites cannot be asked":              {"Other sites", []string{waiting + "14401", arrived, interval, unseen}, "UNKNOWN"},
		"one cannot be asked, and the other is behind":  {"Other sites", []string{waiting + "60", absent, interval, unseen}, "BEHIND"},
		"a site that a second exporter can ask":         {"Other sites", []string{waiting + "14401", interval, unseen, seen}, "OK"},
		"no canary was ever pushed":                     {"Other sites", []string{interval}, "UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := panelOf(t, "registry-one", c.panel)
			promtool(t, FillIn(p.Targets[0].Expr), c.series, valueOf(t, p, c.want))
		})
	}
}

// TestStatesAreTheSame: the overview, its columns and its states over time have the same queries and words as the panels
// of the other dashboard.
func TestStatesAreTheSame(t *testing.T) {
	table := panelOf(t, "registry-overview", "Registries now")
	for title, byTime := range map[string]string{
		"Front": "Fronts by time", "Login": "", "Pull": "Pulls by time", "Push": "Pushes by time", "Content": "", "Storage": "Storage by time",
		"Other sites": "", "Cache": "", "Health checks": "", "Certificate": "", "MSR majority": "",
	} {
		panel := panelOf(t, "registry-one", title)
		want := `label_replace(` + panel.Targets[0].Expr + `, "site", "–", "site", "")`
		if !slices.ContainsFunc(table.Targets, func(c Target) bool { return c.Expr == want }) {
			t.Errorf("no column asks what the panel %s does: %s", title, want)
		}
		words := wordsOf(panel.FieldConfig.Defaults.Mappings)
		if got := wordsOf(mappingsOf(t, table, title)); !maps.Equal(got, words) {
			t.Errorf("the column %s shows %v, the panel %v", title, got, words)
		}
		if byTime == "" {
			continue
		}
		line := panelOf(t, "registry-overview", byTime)
		if line.Targets[0].Expr != panel.Targets[0].Expr {
			t.Errorf("%s asks something else than the panel %s", byTime, title)
		}
		if got := wordsOf(line.FieldConfig.Defaults.Mappings); !maps.Equal(got, words) {
			t.Errorf("%s shows %v, the panel %v", byTime, got, words)
		}
	}
}

// TestLogins compares the login of each address in the table with that of the front.
func TestLogins(t *testing.T) {
	login, table := panelOf(t, "registry-one", "Login"), panelOf(t, "registry-one", "Front and backends now")
	each := strings.NewReplacer("(registry, site)", "(registry, site, address, role)", `role="front",`, "").Replace(login.Targets[0].Expr)
	want := `label_replace(` + each + `, "site", "–", "site", "")`
	if !slices.ContainsFunc(table.Targets, func(c Target) bool { return c.Expr == want }) {
		t.Errorf("no column asks of each address what the panel does of the front: %s", want)
	}
	words := wordsOf(login.FieldConfig.Defaults.Mappings)
	if got := wordsOf(mappingsOf(t, table, "Login")); !maps.Equal(got, words) {
		t.Errorf("the column shows %v, the panel %v", got, words)
	}
}

// TestTiles compares the tiles of the overview with the states that they count: an unknown state is not green.
func TestTiles(t *testing.T) {
	for tile, of := range map[string]struct{ panel, broken, unknown string }{
		"Pulls":        {"Pull", "== bool 0", "2"},
		"Pushes":       {"Push", "== bool 0", "2"},
		"Content":      {"Content", "== bool 2", "3"},
		"Storage":      {"Storage", "<= bool 0", "2"},
		"Other sites":  {"Other sites", "== bool 2", "3"},
		"MSR majority": {"MSR majority", "< bool 3", "5"},
		"Caches":       {"Cache", "== bool 0", "2"},
		"Sources":      {"Everything by time", "== bool 0", "2"},
	} {
		panel := panelOf(t, "registry-one", of.panel)
		state := panel.Targets[0].Expr
		if got := valueOf(t, panel, "UNKNOWN"); got != of.unknown {
			t.Errorf("%s: unknown is %s, not %s", of.panel, got, of.unknown)
		}
		want := fmt.Sprintf("sum((%s) %s) > 0 or -count((%s) == %s) or 0 * count(%s)", state, of.broken, state, of.unknown, state)
		p := panelOf(t, "registry-overview", tile)
		if got := p.Targets[0].Expr; got != want {
			t.Errorf("the tile %s asks %s, want %s", tile, got, want)
		}
		if !slices.ContainsFunc(p.FieldConfig.Defaults.Mappings, func(m Mapping) bool {
			return m.Type == "range" && strings.Contains(string(m.Options), `"not all known"`)
		}) {
			t.Errorf("the tile %s has no words for what is not known", tile)
		}
	}
}

// TestTileCounts asks Prometheus for a tile of three registries.
func TestTileCounts(t *testing.T) {
	const (
		success = `registry_pull_success{registry="%s",role="front",address="e",image="base"} %d`
		pending = `registry_collector_failure{registry="%s",collector="pull",address="e",reason="pending"} 1`
	)
	well, broken := fmt.Sprintf(success, "a", 1), fmt.Sprintf(success, "b", 0)
	unknown := []string{fmt.Sprintf(pending, "c")}
	for name, c := range map[string]struct {
		series []string
		want   string
	}{
		"all work":                           {[]string{well}, "0"},
		"one is broken":                      {[]string{well, broken}, "1"},
		"one is not known":                   {append(unknown, well), "-1"},
		"one is broken and one is not known": {append(unknown, broken), "1"},
		"one of each":                        {append(unknown, well, broken), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promtool(t, FillIn(panelOf(t, "registry-overview", "Pulls").Targets[0].Expr), c.series, c.want)
		})
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

// valueOf returns the number that a panel shows with these words.
func valueOf(t *testing.T, p Panel, words string) string {
	t.Helper()
	for value, shown := range wordsOf(p.FieldConfig.Defaults.Mappings) {
		if shown.Text == words {
			return value
		}
	}
	t.Fatalf("%s never shows %s", p.Title, words)
	return ""
}

// words are the text and colour with which a panel shows a number.
type words struct{ Text, Color string }

// wordsOf returns the words for each number.
func wordsOf(mappings []Mapping) map[string]words {
	all := map[string]words{}
	for _, m := range mappings {
		var options map[string]words
		if m.Type == "value" && json.Unmarshal(m.Options, &options) == nil {
			maps.Copy(all, options)
		}
	}
	return all
}

// mappingsOf returns the mappings of a column.
func mappingsOf(t *testing.T, table Panel, column string) []Mapping {
	t.Helper()
	for _, o := range table.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if o.Matcher.Options == column && property.ID == "mappings" {
				var mappings []Mapping
				if err := json.Unmarshal(property.Value, &mappings); err != nil {
					t.Fatal(err)
				}
				return mappings
			}
		}
	}
	t.Fatalf("%s has no words for the column %s", table.Title, column)
	return nil
}

// promtool fails the test unless the expression has one result with this value for these series.
func promtool(t *testing.T, expr string, series []string, want string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not installed; on Debian: apt-get install prometheus")
	}
	rules, err := filepath.Abs("../alerts/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	var input []object
	for _, s := range series {
		name, value, _ := strings.Cut(s, " ")
		input = append(input, object{"series": name, "values": strings.ReplaceAll(value, " ", "x0 ") + "x2"})
	}
	text, err := json.Marshal(object{"rule_files": []string{rules}, "tests": []object{{
		"interval": "1m", "input_series": input,
		"promql_expr_test": []object{{
			"expr": "sum(" + expr + ")", "eval_time": "2m", "exp_samples": []object{{"labels": "{}", "value": json.Number(want)}},
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

package alerts_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/alerts"
)

// everyEvaluation is Prometheus's default interval of evaluations. Two files may be evaluated up to this long after each
// other.
const everyEvaluation = time.Minute

// latest returns how long after the beginning of a fault its alert fires at the latest, when the other alert stands in
// another file.
func latest(f alerts.Fault, told, follows alerts.Rule) time.Duration {
	if told.File == follows.File {
		return f.Seen.Lag() + told.For
	}
	return f.Seen.Lag() + told.For + everyEvaluation
}

func alertNamed(t *testing.T, name string) alerts.Rule {
	t.Helper()
	all := alertRules(t)
	i := slices.IndexFunc(all, func(r alerts.Rule) bool { return r.Alert == name })
	if i < 0 {
		t.Fatalf("there is no alert %s", name)
	}
	return all[i]
}

// TestNothingGoesOutBeforeItsCause: with the intervals and `for` that ship, an alert that follows from a fault never
// fires before the alert about the fault, whenever probes run and rules are evaluated.
func TestNothingGoesOutBeforeItsCause(t *testing.T) {
	for _, f := range alerts.Faults {
		for _, name := range f.Told {
			told := alertNamed(t, name)
			for _, name := range f.Follows {
				follows := alertNamed(t, name)
				if at := latest(f, told, follows); at > follows.For && f.When != alerts.Milder {
					t.Errorf("%s: %s fires %s after it, %s after %s", f.Name, told.Alert, at, follows.Alert, follows.For)
				}
				if told.Alert == follows.Alert {
					t.Errorf("%s silences itself", told.Alert)
				}
			}
		}
	}
}

// TestNothingIsToldWhenItsCauseIsOver: the alert about a fault still fires when an alert that follows ends, which takes a
// scrape and an evaluation more.
func TestNothingIsToldWhenItsCauseIsOver(t *testing.T) {
	const longer = time.Minute
	for _, f := range alerts.Faults {
		for _, name := range f.Told {
			told := alertNamed(t, name)
			for _, name := range f.Follows {
				if follows := alertNamed(t, name); told.KeepFiringFor < follows.KeepFiringFor+longer && f.When == alerts.Never {
					t.Errorf("%s: %s keeps firing for %s, %s for %s", f.Name, told.Alert, told.KeepFiringFor, follows.Alert, follows.KeepFiringFor)
				}
			}
		}
	}
}

// TestLeftOut: the rule of an alert in LeftOut has a metric that shows the fault before the `for` of this alert is over.
func TestLeftOut(t *testing.T) {
	for _, f := range alerts.Faults {
		for name, metric := range f.LeftOut {
			left := alertNamed(t, name)
			if parts := keepsBack.Split(expanded(t, left.Expr), 2); len(parts) < 2 || !strings.Contains(parts[1], metric) {
				t.Errorf("%s: %s has no unless or and with %s", f.Name, name, metric)
			}
			if at := f.Seen.Lag() + everyEvaluation; at > left.For {
				t.Errorf("%s: %s shows it after %s, %s fires after %s", f.Name, metric, at, name, left.For)
			}
		}
	}
}

var keepsBack = regexp.MustCompile(`\b(?:unless|and)\b`)

// expanded returns the expression with the expressions of the records that it uses.
func expanded(t *testing.T, expr string) string {
	t.Helper()
	for _, r := range rules(t) {
		if strings.HasPrefix(r.Record, "registry:access_errors:ratio_") {
			expr = strings.ReplaceAll(expr, r.Record, r.Expr)
		}
	}
	return expr
}

// TestLags: the intervals of the table are the defaults of the configuration, and a run takes a minute at most.
func TestLags(t *testing.T) {
	code := read(t, "../config/probes.go")
	for signal, name := range map[alerts.Signal]string{alerts.PullProbe: "Pull", alerts.PushProbe: "Push", alerts.SwiftProbe: "SwiftProbe"} {
		m := regexp.MustCompile(`Default` + name + `Every += model\.Duration\((?:(\d+) \* )?time\.Minute\)`).FindStringSubmatch(code)
		if m == nil {
			t.Fatalf("no default for %s", signal)
		}
		if every, err := time.ParseDuration(max(m[1], "1") + "m"); err != nil || signal.Lag() != every+time.Minute {
			t.Errorf("%s: the lag is %s, the default %s (%v)", signal, signal.Lag(), every, err)
		}
	}
}

// TestFaultsNameWhatTheyDo: each fault has alerts about it, and alerts that follow.
func TestFaultsNameWhatTheyDo(t *testing.T) {
	for _, f := range alerts.Faults {
		if f.Name == "" || len(f.Told) == 0 || len(f.Follows)+len(f.LeftOut) == 0 || len(f.Equal) == 0 {
			t.Errorf("%+v lacks something", f)
		}
		for name := range f.LeftOut {
			if slices.Contains(f.Follows, name) {
				t.Errorf("%s: %s is silenced and left out", f.Name, name)
			}
		}
	}
}

// TestOneFaultIsOneAlert: in each test that lists all alerts which fire, people are told of one.
func TestOneFaultIsOneAlert(t *testing.T) {
	listed := 0
	for _, u := range unitTests(t) {
		firing := u.firing(t)
		told := slices.DeleteFunc(slices.Clone(firing), func(name string) bool {
			return slices.ContainsFunc(alerts.Faults, func(f alerts.Fault) bool {
				return slices.Contains(f.Follows, name) && slices.ContainsFunc(f.Told, func(cause string) bool { return slices.Contains(firing, cause) })
			})
		})
		if len(firing) > 0 {
			listed++
		}
		if len(told) > 1 {
			t.Errorf("%s: people are told of %q", u.Name, told)
		}
	}
	if listed < 6 {
		t.Errorf("only %d tests list what fires", listed)
	}
}

// inhibitHead begins the part of alertmanager.yml that is written from Faults. This part ends the file.
const inhibitHead = "# Written from the table of faults in alerts/faults.go by `cd alerts && go test . -run TestInhibitRules -update`: which alerts silence which.\ninhibit_rules:\n"

func TestInhibitRules(t *testing.T) {
	before, _, found := strings.Cut(read(t, alertmanagerFile), inhibitHead)
	if !found {
		t.Fatal("no inhibit_rules")
	}
	var b strings.Builder
	b.WriteString(before + inhibitHead)
	for _, f := range alerts.Faults {
		if len(f.Follows) > 0 {
			fmt.Fprintf(&b, "  # %s\n  - source_matchers: [%s]\n    target_matchers: [%s]\n    equal: [%s]\n",
				strings.ToUpper(f.Name[:1])+f.Name[1:]+".", alertMatcher(f.Told), alertMatcher(f.Follows), strings.Join(f.Equal, ", "))
		}
	}
	writeOrCompare(t, alertmanagerFile, b.String(), "TestInhibitRules")
}

func alertMatcher(names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("alertname=%q", names[0])
	}
	return fmt.Sprintf("alertname=~%q", strings.Join(names, "|"))
}

// writeOrCompare fails the test unless the file has this content. With -update it writes the file first.
func writeOrCompare(t *testing.T, file, want, test string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Clean(file), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, file) != want {
		t.Errorf("%s is not what the rules say: run go test . -run %s -update", file, test)
	}
}

// faultTable writes the table of faults for the README.
func faultTable() string {
	var b strings.Builder
	for _, f := range alerts.Faults {
		follows := slices.Sorted(slices.Values(f.Follows))
		for _, name := range slices.Sorted(maps.Keys(f.LeftOut)) {
			follows = append(follows, name+"°")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.Name, strings.Join(f.Told, ", "), f.Seen, strings.Join(follows, ", "), f.When)
	}
	return b.String()
}

package report

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// readYAML decodes a file of the repository.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Alert, Record, Expr string
			Labels              struct{ Severity string }
		}
	}
}

func TestImpactsHaveTheSeverityOfTheirAlert(t *testing.T) {
	severity := map[string]string{}
	for _, file := range []string{"registry.yml", "certificates.yml", "content.yml", "probes.yml", "access.yml", "msr.yml", "harbor.yml", "exporter.yml"} {
		var rules ruleFile
		readYAML(t, "alerts/"+file, &rules)
		for _, g := range rules.Groups {
			for _, r := range g.Rules {
				severity[r.Alert] = r.Labels.Severity
			}
		}
	}
	for _, one := range impacts {
		if want, found := severity[one.alert]; found && one.severity != want {
			t.Errorf("%s is %s, the alert %s", one.alert, one.severity, want)
		} else if !found {
			t.Errorf("there is no alert %s", one.alert)
		}
		if _, err := os.Stat(filepath.Join("../../runbooks", one.alert+".md")); err != nil {
			t.Errorf("%s has no runbook: %s", one.alert, err)
		}
	}
}

// TestImpactsStandInTheOrderOfTheInhibitions: an alert that silences others stands before them.
func TestImpactsStandInTheOrderOfTheInhibitions(t *testing.T) {
	var manager struct {
		Inhibit []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
		} `yaml:"inhibit_rules"`
	}
	readYAML(t, "alertmanager/alertmanager.yml", &manager)
	compared := 0
	for _, rule := range manager.Inhibit {
		sources, targets := matching(rule.Source), matching(rule.Target)
		for _, target := range targets {
			for _, source := range sources {
				compared++
				if source >= target {
					t.Errorf("%s stands before %s, which silences it", impacts[target].alert, impacts[source].alert)
				}
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d compared", compared)
	}
}

var matcher = regexp.MustCompile(`^(\w+)(=~|!~|!=|=)"(.*)"$`)

// matching returns the impacts whose alerts all matchers take.
func matching(matchers []string) []int {
	var found []int
	for i, one := range impacts {
		if !slices.ContainsFunc(matchers, func(m string) bool {
			parts := matcher.FindStringSubmatch(m)
			matches := parts != nil && parts[1] == "alertname" && regexp.MustCompile("^(?:"+parts[3]+")$").MatchString(one.alert)
			return matches == strings.HasPrefix(parts[2], "!")
		}) {
			found = append(found, i)
		}
	}
	return found
}

func TestEveryAlertThatIsNamedHasAnImpact(t *testing.T) {
	named := map[string]bool{}
	for _, file := range append(filesOfWords(t), "narrator.go") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`"((?:Registry|MSR|Harbor)[A-Z]\w+)"`).FindAllStringSubmatch(string(text), -1) {
			named[name[1]] = true
			if _, at := impactOf(name[1]); at == len(impacts) {
				t.Errorf("%s has none", name[1])
			}
		}
	}
	for _, one := range impacts {
		if !named[one.alert] {
			t.Errorf("%s is the impact of nothing", one.alert)
		}
	}
}

// filesOfWords returns the files in which packages name alerts: those of the systems, and all of package source.
func filesOfWords(t *testing.T) []string {
	t.Helper()
	systems, err := filepath.Glob("../*/*words.go")
	if err != nil || len(systems) < 9 {
		t.Fatalf("only these files of words: %q, %v", systems, err)
	}
	shared, err := filepath.Glob("../source/*.go")
	if err != nil {
		t.Fatal(err)
	}
	return append(systems, slices.DeleteFunc(shared, func(file string) bool { return strings.HasSuffix(file, "_test.go") })...)
}

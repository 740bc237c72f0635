package alerts_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"registry_exporter/alerts"
)

// cannotLook is the alert about what the exporter cannot see. It is a ticket, and people may be told of it once pages are
// over.
const cannotLook = "RegistryExporterCannotLook"

const alertmanagerFile = "../alertmanager/alertmanager.yml"

// An inhibition says which alerts silence which.
type inhibition struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string
}

func inhibitions(t *testing.T) []inhibition {
	t.Helper()
	var file struct {
		Inhibitions []inhibition `yaml:"inhibit_rules"`
	}
	if err := yaml.Unmarshal([]byte(read(t, alertmanagerFile)), &file); err != nil {
		t.Fatal(err)
	}
	return file.Inhibitions
}

var matcher = regexp.MustCompile(`^(\w+)(=~|!=|=)"(.*)"$`)

// chosen returns the alerts whose names the matchers take. It ignores matchers of other labels, which Alertmanager
// checks.
func chosen(t *testing.T, matchers []string) []alerts.Rule {
	t.Helper()
	found := alertRules(t)
	for _, text := range matchers {
		m := matcher.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("not a matcher: %s", text)
		}
		if m[1] != "alertname" {
			continue
		}
		pattern := regexp.MustCompile("^(?:" + m[3] + ")$")
		found = slices.DeleteFunc(found, func(r alerts.Rule) bool { return pattern.MatchString(r.Alert) == (m[2] == "!=") })
		for name := range strings.SplitSeq(m[3], "|") {
			if !slices.ContainsFunc(alertRules(t), func(r alerts.Rule) bool { return regexp.MustCompile("^" + name + "$").MatchString(r.Alert) }) {
				t.Errorf("there is no alert %s", name)
			}
		}
	}
	if len(found) == 0 {
		t.Errorf("no alert matches %q", matchers)
	}
	return found
}

// TestPagesSilenceTheBlindSpots: a page silences the ticket of the same registry that says "pulls and pushes go on".
func TestPagesSilenceTheBlindSpots(t *testing.T) {
	m := metrics(t)
	silenced := map[string]bool{}
	for _, i := range inhibitions(t) {
		if slices.ContainsFunc(chosen(t, i.Target), func(r alerts.Rule) bool { return r.Alert == cannotLook }) {
			for _, source := range chosen(t, i.Source) {
				silenced[source.Alert] = true
			}
		}
	}
	for _, r := range alertRules(t) {
		labels, err := m.LabelsOf(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		if r.Labels["severity"] == "critical" && labels["registry"] && !silenced[r.Alert] {
			t.Errorf("%s does not silence %s", r.Alert, cannotLook)
		}
	}
}

// TestInhibitorsMatch: both alerts of an inhibition have each label in which they must be equal.
func TestInhibitorsMatch(t *testing.T) {
	m := metrics(t)
	for _, i := range inhibitions(t) {
		for _, r := range slices.Concat(chosen(t, i.Source), chosen(t, i.Target)) {
			labels, err := m.LabelsOf(r.Expr)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range i.Equal {
				if !labels[l] {
					t.Errorf("%s has no label %s, which has to be equal", r.Alert, l)
				}
			}
		}
	}
}

// TestNeverSilenced: no fault silences pages about content that is lost, or is open to others. A bad certificate silences
// no probe.
func TestNeverSilenced(t *testing.T) {
	for _, f := range alerts.Faults {
		for _, told := range f.Told {
			for _, follows := range f.Follows {
				if strings.Contains(told, "Certificate") && strings.HasSuffix(follows, "Fails") {
					t.Errorf("%s silences %s, which an exporter that does not check certificates sees for another reason", told, follows)
				}
				switch follows {
				case "RegistryStorageDown", "MSRMajorityLost", "RegistryObjectsVanished", "RegistryContentBad", "RegistryExporterGone":
					t.Errorf("%s silences %s", told, follows)
				case "RegistryLoginFails":
					if told != "MSRMajorityLost" && told != "HarborDatabaseDown" && told != "HarborRegistryDown" { // the accounts are in the database, and Harbor lets nobody in without its registry
						t.Errorf("%s silences %s", told, follows)
					}
				}
			}
		}
	}
}

// TestGrouping: all alerts of one site of one registry are one message, and a second page is told within a minute.
func TestGrouping(t *testing.T) {
	type route struct {
		GroupBy       []string      `yaml:"group_by"`
		GroupWait     time.Duration `yaml:"group_wait"`
		GroupInterval time.Duration `yaml:"group_interval"`
		Receiver      string
		Routes        []route
	}
	var file struct{ Route route }
	if err := yaml.Unmarshal([]byte(read(t, alertmanagerFile)), &file); err != nil {
		t.Fatal(err)
	}
	all := file.Route
	if !slices.Equal(all.GroupBy, []string{"registry", "site"}) || all.GroupWait != 30*time.Second || all.GroupInterval != 5*time.Minute || len(all.Routes) != 1 {
		t.Fatalf("%+v", all)
	}
	if page := all.Routes[0]; page.Receiver != "page" || page.GroupBy != nil || page.GroupWait != 0 || page.GroupInterval != time.Minute {
		t.Errorf("%+v", page)
	}
}

func TestAmtool(t *testing.T) {
	run(t, "amtool", "check-config", alertmanagerFile)
	for severity, receiver := range map[string]string{"critical": "page", "warning": "ticket"} {
		run(t, "amtool", "config", "routes", "test", "--config.file="+alertmanagerFile, "--verify.receivers="+receiver, "alertname=Any", "severity="+severity)
	}
}

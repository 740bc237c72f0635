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

// cannotLook is a ticket that may be told once the pages are over.
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

// chosen are the alerts that the matchers of the name take; those of other labels are left to Alertmanager.
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

// TestInhibitorsComeFirst: one that waits longer than what it silences comes too late.
func TestInhibitorsComeFirst(t *testing.T) {
	for _, i := range inhibitions(t) {
		for _, source := range chosen(t, i.Source) {
			for _, target := range chosen(t, i.Target) {
				if source.For > target.For || source.For == target.For && target.Alert == "RegistryBackendDown" {
					t.Errorf("%s fires after %s, which it silences after %s only", source.Alert, source.For, target.For)
				}
				if source.Alert == target.Alert {
					t.Errorf("%s silences itself", source.Alert)
				}
			}
		}
	}
}

// TestInhibitorsEndLast: what follows from a fault is over a scrape and an evaluation later, and must not be told then.
func TestInhibitorsEndLast(t *testing.T) {
	const longer = time.Minute
	milder := map[string]string{ // may be told when the worse form is over
		"RegistryCertificateEnding": "RegistryCertificateEndsSoon",
		"RegistryObjectsVanished":   "RegistryObjectsVanishing",
		"RegistrySitesDifferMuch":   "RegistrySitesDiffer",
		"MSRSplitBrain":             "MSRViewsDiffer",
		"MSRCriticalIssues":         "MSRIssues",
		"RegistryManyServerErrors":  "RegistryServerErrors",
	}
	for _, i := range inhibitions(t) {
		for _, source := range chosen(t, i.Source) {
			for _, target := range chosen(t, i.Target) {
				afterwards := milder[source.Alert] == target.Alert || target.Alert == cannotLook
				if source.KeepFiringFor < target.KeepFiringFor+longer && !afterwards {
					t.Errorf("%s keeps firing for %s: %s, which it silences, does for %s", source.Alert, source.KeepFiringFor, target.Alert, target.KeepFiringFor)
				}
			}
		}
	}
}

// TestPagesSilenceTheBlindSpots: a ticket that says "pulls and pushes go on" never stands beside a page of the same registry.
// RegistryCertificateEnding waits for longer, and means nothing yet.
func TestPagesSilenceTheBlindSpots(t *testing.T) {
	m := metrics(t)
	silenced := map[string]bool{"RegistryCertificateEnding": true}
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
		if r.Labels["severity"] == "critical" && labels["registry"] && labels["site"] && !silenced[r.Alert] {
			t.Errorf("%s does not silence %s", r.Alert, cannotLook)
		}
	}
}

// TestInhibitorsMatch: a label that only one of the two has is never equal.
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

func TestInhibitions(t *testing.T) {
	silences := map[[2]string]bool{}
	for _, i := range inhibitions(t) {
		for _, source := range chosen(t, i.Source) {
			for _, target := range chosen(t, i.Target) {
				silences[[2]string{source.Alert, target.Alert}] = true
			}
		}
	}
	const clients = "RegistryServerErrors RegistryManyServerErrors RegistryEmptyPulls RegistrySlowLayers "
	const apart = "RegistrySitesDiffer RegistrySitesDifferMuch RegistryReplicationFails RegistryReplicationStopped"
	for source, targets := range map[string]string{
		"RegistryStorageDown":               "RegistryDown RegistryPassiveSiteDown RegistryHealthCheckFailing RegistryInstanceHealthCheckFailing RegistryBackendDown RegistryPullFails RegistryPushFails RegistryStorageReadOnly RegistryPassiveSiteProbeFails " + clients + apart,
		"RegistryDown":                      "RegistryHealthCheckFailing RegistryBackendDown RegistryPullFails RegistryPushFails " + clients + apart,
		"RegistryPassiveSiteDown":           "RegistryHealthCheckFailing RegistryBackendDown RegistryPassiveSiteProbeFails " + clients + apart,
		"RegistryLoginFails":                "RegistryPullFails RegistryPushFails",
		"RegistryPullFails":                 "RegistryBackendDown RegistryUpstreamFails",
		"RegistryContentBad":                "RegistryBackendDown",
		"RegistryStorageReadOnly":           "RegistryPushFails",
		"RegistryCacheStopsRegistry":        "RegistryCacheDown RegistryDown",
		"RegistryCertificateEnded":          "RegistryDown",
		"RegistryCertificateNotTrusted":     "RegistryDown",
		"RegistryPassiveSiteCertificateBad": "RegistryPassiveSiteDown",
		"MSRMajorityLost": "MSRNoSpareReplica MSRReplicaCount MSRReplicaUnhealthy MSRPingUnhealthy MSRTablesNotReady MSRViewsDiffer MSRSplitBrain " +
			"MSRCriticalIssues MSRIssues MSRReadOnly MSRGarbageCollectionStuck MSRClusterStatusFails RegistryDown RegistryPassiveSiteDown RegistryLoginFails RegistryPullFails RegistryPushFails RegistryServerErrors RegistryManyServerErrors",
	} {
		for target := range strings.FieldsSeq(targets) {
			if !silences[[2]string{source, target}] {
				t.Errorf("%s does not silence %s", source, target)
			}
		}
	}
	for pair := range silences {
		if strings.Contains(pair[0], "Certificate") && strings.HasSuffix(pair[1], "Fails") {
			t.Errorf("%s silences %s, which an exporter that does not check certificates sees for another reason", pair[0], pair[1])
		}
		for _, page := range []string{"RegistryStorageDown", "MSRMajorityLost", "RegistryObjectsVanished", "RegistryContentBad", "RegistryLoginFails", "RegistryExporterGone"} {
			if pair[1] == page && pair != [2]string{"MSRMajorityLost", "RegistryLoginFails"} { // its accounts are in that database
				t.Errorf("%s silences %s", pair[0], page)
			}
		}
	}
}

// TestGrouping: one site of one registry is one message, which tells of a second page within a minute.
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

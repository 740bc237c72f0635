package runbooks

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// kinds has all reasons of the closed list, by the sources that can have them. A new reason must be added here, and then
// to runbooks.
var kinds = map[string]string{
	"connection": "dns refused unreachable timeout reset http_on_https https_on_http short_read canceled other",
	"tls":        "tls_unknown_authority tls_hostname tls_no_ip_san tls_expired tls_not_yet_valid tls_other",
	"answer":     "unauthorized forbidden not_found rate_limited client_error server_error unavailable bad_answer redirected too_large",
	"registry":   "health_check_failed",
	"content":    "digest_mismatch missing_blob short_read",
	"store":      "no_space",
	"storeURL":   "store_refused",
	"push":       "upload_lost body_too_large policy write_lost read_only write_accepted",
	"upstream":   "upstream_failed",
	"realm":      "realm_changed realm_refused",
	"ours":       "unauthorized forbidden not_found policy rate_limited realm_refused redirect_refused tls_client_cert panic",
	"log":        "log_missing log_unreadable lines_lost not_listening state_not_saved other",
	"state":      "state_not_saved",
	"never":      "pending exporter_overloaded component_unhealthy", // of a probe that has not run, of what could not be asked, of a Harbor that names the part: no alert prints it
}

// printed has the kinds of reasons that each alert can print: those of the collectors whose reasons it looks up.
var printed = map[string]string{
	"RegistryDown":                  "connection tls answer registry",
	"RegistryPassiveSiteDown":       "connection tls answer registry",
	"RegistryBackendDown":           "connection tls answer registry content storeURL realm",
	"RegistryLoginFails":            "connection tls answer registry realm",
	"RegistryStorageDown":           "connection tls answer content store storeURL",
	"RegistryStorageReadOnly":       "connection tls answer content store",
	"RegistryCacheDown":             "connection tls unauthorized forbidden client_error server_error unavailable bad_answer too_large",
	"RegistryPullFails":             "connection tls answer registry content storeURL upstream",
	"RegistryPushFails":             "connection tls answer registry content store storeURL push",
	"RegistryPassiveSiteProbeFails": "connection tls answer registry content store storeURL push",
	"RegistryReplicationFails":      "connection tls answer registry content store storeURL push",
	"RegistryTrustLogFails":         "connection tls answer realm state",
	"RegistryContentBad":            "content",
	"RegistryExporterCannotLook":    "ours log",
	"RegistryNodeWouldNotPull": "tls dns refused unreachable timeout reset http_on_https https_on_http tls_client_cert unauthorized forbidden not_found server_error unavailable bad_answer " +
		"config_invalid client_certificate registry_blocked policy_rejects login_missing no_endpoint other",
	"RegistryCertificateNotTrusted": "tls", "RegistryBackendCertificateBad": "tls", "RegistryPassiveSiteCertificateBad": "tls",
	"MSRMajorityLost": "connection tls answer registry", "MSRPingUnhealthy": "connection tls answer registry", "MSRClusterStatusFails": "connection tls answer registry",
}

// followed are runbooks that link to others for the reasons.
var followed = map[string][]string{
	"RegistryPassiveSiteDown":           {"RegistryDown"},
	"RegistryPassiveSiteProbeFails":     {"RegistryPullFails", "RegistryPushFails"},
	"RegistryReplicationFails":          {"RegistryPullFails", "RegistryPushFails"},
	"RegistryBackendCertificateBad":     {"RegistryCertificateNotTrusted"},
	"RegistryPassiveSiteCertificateBad": {"RegistryCertificateNotTrusted"},
}

// closedList reads the reasons from the code that declares them.
func closedList(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^\t[rR]eason\w+\s+= "(\w+)"`).FindAllStringSubmatch(read(t, "../collector/source/failure.go"), -1) {
		list = append(list, m[1])
	}
	if len(list) < 40 {
		t.Fatalf("only %d reasons were found", len(list))
	}
	return list
}

func TestEveryReasonHasAKind(t *testing.T) {
	known := strings.Fields(strings.Join(slices.Collect(maps.Values(kinds)), " "))
	list := closedList(t)
	for _, reason := range list {
		if !slices.Contains(known, reason) {
			t.Errorf("%s has no kind, so no runbook has to know it", reason)
		}
	}
	for _, reason := range known {
		if !slices.Contains(list, reason) {
			t.Errorf("%s is no reason of the closed list", reason)
		}
	}
}

// TestAlertsThatPrintReasonsAreKnown: each alert whose text has the label reason is in printed.
func TestAlertsThatPrintReasonsAreKnown(t *testing.T) {
	names, err := filepath.Glob("../alerts/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no alerts: %v", err)
	}
	seen := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "- alert: ")[1:] {
			alert, rule, _ := strings.Cut(block, "\n")
			if !strings.Contains(rule, ".Labels.reason") {
				continue
			}
			seen++
			if printed[alert] == "" {
				t.Errorf("%s prints reasons, and nobody says which", alert)
			}
		}
	}
	if seen == 0 {
		t.Error("no alert prints a reason: the test reads the wrong label")
	}
}

// TestEveryReasonOfAnAlertHasALine: "What to do" has each reason as `reason`; `tls_…` stands for all reasons about a
// certificate.
func TestEveryReasonOfAnAlertHasALine(t *testing.T) {
	pages := runbooks(t)
	for alert, of := range printed {
		t.Run(alert, func(t *testing.T) {
			text := section(pages[alert], "What to do")
			for _, other := range followed[alert] {
				if !strings.Contains(pages[alert], "]("+other+".md)") {
					t.Errorf("does not lead to %s, which has its reasons", other)
				}
				text += section(pages[other], "What to do")
			}
			for _, reason := range reasonsOf(of) {
				certificate := strings.HasPrefix(reason, "tls_") && reason != "tls_client_cert" && strings.Contains(text, "`tls_…`")
				if !certificate && !strings.Contains(text, "`"+reason+"`") {
					t.Errorf("no line for %s", reason)
				}
			}
		})
	}
}

// reasonsOf returns the reasons of a list of kinds and reasons.
func reasonsOf(words string) []string {
	var list []string
	for _, word := range strings.Fields(words) {
		if kind, is := kinds[word]; is {
			list = append(list, strings.Fields(kind)...)
		} else {
			list = append(list, word)
		}
	}
	return list
}

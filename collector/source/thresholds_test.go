package source

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestThresholdsAreThoseOfTheAlerts reads vector(A * B) or vector(A / B).
func TestThresholdsAreThoseOfTheAlerts(t *testing.T) {
	text, err := os.ReadFile("../../alerts/thresholds.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Record, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	vector := regexp.MustCompile(`^vector\(([\d.]+)(?: ([*/]) ([\d.]+))?\)$`)
	values := map[string]float64{}
	for _, r := range rules.Groups[0].Rules {
		m := vector.FindStringSubmatch(r.Expr)
		if m == nil {
			t.Fatalf("%s: %s", r.Record, r.Expr)
		}
		value, _ := strconv.ParseFloat(m[1], 64)
		second, _ := strconv.ParseFloat(m[3], 64)
		switch m[2] {
		case "*":
			value *= second
		case "/":
			value /= second
		}
		values[r.Record] = value
	}
	for name, ours := range map[string]float64{
		"certificate_ends_soon_seconds":    CertificateEndsSoon.Seconds(),
		"certificate_ends_soon_life_ratio": CertificateEndsSoonLifeRatio,
		"certificate_ending_seconds":       CertificateEnding.Seconds(),
		"certificate_ending_life_ratio":    CertificateEndingLifeRatio,
		"ca_ends_soon_seconds":             CAEndsSoon.Seconds(),
		"cache_full_ratio":                 CacheFullRatio,
		"msr_verdict_age_seconds":          MsrVerdictAge.Seconds(),
		"msr_job_waiting_seconds":          MsrJobWaiting.Seconds(),
		"msr_cron_overdue_seconds":         MsrCronOverdue.Seconds(),
		"msr_gc_failed":                    MsrGCFailed,
		"msr_gc_late_seconds":              MsrGCLate.Seconds(),
		"msr_scanner_age_seconds":          MsrScannerAge.Seconds(),
		"msr_mirror_late_seconds":          MsrMirrorLate.Seconds(),
		"probe_missed_runs":                MaxMissed,
		"replication_pending_seconds":      ReplicationTooLong.Seconds(),
		"webhook_pending":                  WebhookPending,
		"webhook_many_pending":             WebhookManyPending,
		"harbor_queue_latency_seconds":     HarborQueueLatency.Seconds(),
		"harbor_heartbeat_age_seconds":     HarborHeartbeatAge.Seconds(),
		"harbor_schedule_late_seconds":     HarborScheduleLate.Seconds(),
		"harbor_gc_running_seconds":        HarborGCRunning.Seconds(),
		"harbor_quota_ratio":               HarborQuotaRatio,
	} {
		if theirs, found := values["registry:threshold:"+name]; !found || math.Abs(theirs-ours) > 1e-9 {
			t.Errorf("%s: %g here, %g in the alerts", name, ours, theirs)
		}
	}
}

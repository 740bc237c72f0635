package collector

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// probesConfig has every kind of probe.
const probesConfig = `registries:
- name: hub
  site: eqiad
  url: https://registry.example.org
  pull: {images: ["library/base:1.0"]}
  push: {repository: monitoring/canary}
  replication: {canary: monitoring/canary}
  swift: {auth_url: https://swift.example.org/auth/v1.0, username: "docker:monitor", key: secret-key, container: c, probe: {container: p}}
- {name: hub, site: codfw, url: "https://codfw.example.org"}
`

// alertsOf returns the alerts of the findings about one source.
func alertsOf(t *testing.T, collector string, passive bool, err error, samples ...source.Sample) []string {
	t.Helper()
	r := newTestExporter(t, probesConfig).live.Load().registries[0]
	r.passive = passive
	res := source.Result{Source: r.first(t, collector), Samples: samples, Err: err}
	var alerts []string
	for _, f := range r.report([]source.Result{res}, reportTime).Findings {
		alerts = append(alerts, f.Severity+" "+f.Alert)
	}
	return alerts
}

func TestAlertOfAProbe(t *testing.T) {
	bad := func(confirmed string) source.Sample {
		return sample("registry_pull_content_bad", 1, atFront, "front", "library/base:1.0", source.ReasonDigestMismatch, confirmed)
	}
	for _, c := range []struct {
		name, collector, reason string
		samples                 []source.Sample
		active, passive         string
	}{
		{name: "image lost", collector: "pull", reason: source.ReasonNotFound, active: "critical RegistryPullFails", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "wrong password", collector: "pull", reason: source.ReasonUnauthorized, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "too many pulls", collector: "pull", reason: source.ReasonRateLimited, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "too many pushes", collector: "push", reason: source.ReasonRateLimited, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "too many logins", collector: "api", reason: source.ReasonRateLimited, samples: []source.Sample{sample("registry_api_up", 1, atFront, "front")}, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "too many requests to Swift", collector: "swift", reason: source.ReasonRateLimited, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "layer bad for the first time", collector: "pull", reason: source.ReasonDigestMismatch, samples: []source.Sample{bad("false")}, active: "critical RegistryContentBad", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "layer bad again", collector: "pull", reason: source.ReasonDigestMismatch, samples: []source.Sample{bad("true")}, active: "critical RegistryContentBad", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "layer bad, and the front fails", collector: "pull", reason: source.ReasonServerError, samples: []source.Sample{bad("true")}, active: "critical RegistryPullFails", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "store full", collector: "push", reason: source.ReasonNoSpace, active: "critical RegistryPushFails", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "no right to push", collector: "push", reason: source.ReasonForbidden, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "read-only", collector: "push", reason: source.ReasonReadOnly, active: "warning RegistryReadOnly"},
		{name: "write let through", collector: "push", reason: source.ReasonWriteAccepted, passive: "warning RegistryPassiveSiteTakesWrites"},
		{name: "other site fails", collector: "replication", reason: source.ReasonServerError, active: "warning RegistryReplicationFails", passive: "warning RegistryReplicationFails"},
		{name: "canary refused", collector: "replication", reason: source.ReasonReadOnly, active: "warning RegistryReadOnly"},
		{
			name: "canary under way for long", collector: "replication", samples: []source.Sample{sample("registry_replication_pending_seconds", (source.ReplicationTooLong + time.Minute).Seconds(), atFront, "codfw")},
			active: "warning RegistryReplicationStopped", passive: "warning RegistryReplicationStopped",
		},
		{name: "canary under way", collector: "replication", samples: []source.Sample{sample("registry_replication_pending_seconds", source.ReplicationTooLong.Seconds(), atFront, "codfw")}},
		{
			name: "canary that cannot be looked for", collector: "replication", reason: source.ReasonTimeout, active: "warning RegistryReplicationFails", passive: "warning RegistryReplicationFails",
			samples: []source.Sample{sample("registry_replication_pending_seconds", 1e6, atFront, "codfw"), sample("registry_replication_failure", 1, atFront, "codfw", source.ReasonTimeout)},
		},
		{name: "store that is full", collector: "swift_probe", reason: source.ReasonNoSpace, samples: []source.Sample{sample("registry_swift_read_success", 1, atSwift, "c")}, active: "critical RegistryStorageReadOnly", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "store that gives nothing out", collector: "swift_probe", reason: source.ReasonMissingBlob, samples: []source.Sample{sample("registry_swift_read_success", 0, atSwift, "c")}, active: "critical RegistryStorageDown", passive: "critical RegistryStorageDown"},
		{name: "name that is not covered", collector: "api", samples: []source.Sample{sample("registry_tls_name_covered", 0, atFront, "10.0.0.5")}, active: "critical RegistryNameNotCovered", passive: "warning RegistryPassiveSiteCertificateBad"},
		{name: "certificate ended", collector: "api", reason: source.ReasonTLSExpired, samples: []source.Sample{sample("registry_tls_verified", 0, atFront, "front")}, active: "critical RegistryCertificateEnded", passive: "warning RegistryPassiveSiteCertificateBad"},
		{name: "certificate that only we do not mind", collector: "api", samples: []source.Sample{sample("registry_tls_verified", 0, atFront, "front")}, active: "critical RegistryCertificateNotTrusted", passive: "warning RegistryPassiveSiteCertificateBad"},
	} {
		for passive, want := range map[bool]string{false: c.active, true: c.passive} {
			if want == "" && c.reason != "" { // this failure does not happen there
				continue
			}
			t.Run(fmt.Sprintf("%s, passive %t", c.name, passive), func(t *testing.T) {
				var err error
				var all []string
				if c.reason != "" {
					err = source.Failed(c.reason, "no")
				}
				if want != "" {
					all = []string{want}
				}
				if got := alertsOf(t, c.collector, passive, err, c.samples...); !slices.Equal(got, all) {
					t.Errorf("got %q, want %q", got, all)
				}
			})
		}
	}
}

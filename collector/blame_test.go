package collector

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// probesConfig has all that runs on a clock of its own.
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

// alertsOf are those of what is wrong with a source.
func alertsOf(t *testing.T, collector string, passive bool, err error, samples ...sample) []string {
	t.Helper()
	r := newTestExporter(t, probesConfig).live.Load().registries[0]
	res := result{source: sourcesOf(r, collector)[0], samples: samples, err: err}
	n := &narrator{&view{reportTime, passive, frontIsUp([]result{res}), []result{res}}, r.instance(), r.secrets.mask()}
	var alerts []string
	for _, f := range n.findings(res) {
		alerts = append(alerts, f.Severity+" "+f.Alert)
	}
	return alerts
}

func TestAlertOfAProbe(t *testing.T) {
	bad := func(confirmed string) sample {
		return pullContentBad.sample(1, atFront, "front", "library/base:1.0", reasonDigestMismatch, confirmed)
	}
	for _, c := range []struct {
		name, collector, reason string
		samples                 []sample
		active, passive         string
	}{
		{name: "image lost", collector: "pull", reason: reasonNotFound, active: "critical RegistryPullFails", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "wrong password", collector: "pull", reason: reasonUnauthorized, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "layer bad for the first time", collector: "pull", reason: reasonDigestMismatch, samples: []sample{bad("false")}, active: "critical RegistryPullFails", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "layer bad again", collector: "pull", reason: reasonDigestMismatch, samples: []sample{bad("true")}, active: "critical RegistryContentBad", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "layer bad, and the front fails", collector: "pull", reason: reasonServerError, samples: []sample{bad("true")}, active: "critical RegistryPullFails", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "store full", collector: "push", reason: reasonNoSpace, active: "critical RegistryPushFails", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "no right to push", collector: "push", reason: reasonForbidden, active: "warning RegistryExporterCannotLook", passive: "warning RegistryExporterCannotLook"},
		{name: "read-only", collector: "push", reason: reasonReadOnly, active: "warning RegistryReadOnly"},
		{name: "write let through", collector: "push", reason: reasonWriteAccepted, passive: "warning RegistryPassiveSiteTakesWrites"},
		{name: "other site fails", collector: "replication", reason: reasonServerError, active: "warning RegistryReplicationFails", passive: "warning RegistryReplicationFails"},
		{name: "canary refused", collector: "replication", reason: reasonReadOnly, active: "warning RegistryReadOnly"},
		{
			name: "canary under way for long", collector: "replication", samples: []sample{replicationPending.sample((replicationTooLong + time.Minute).Seconds(), atFront, "codfw")},
			active: "warning RegistryReplicationStopped", passive: "warning RegistryReplicationStopped",
		},
		{name: "canary under way", collector: "replication", samples: []sample{replicationPending.sample(replicationTooLong.Seconds(), atFront, "codfw")}},
		{
			name: "canary that cannot be looked for", collector: "replication", reason: reasonTimeout, active: "warning RegistryReplicationFails", passive: "warning RegistryReplicationFails",
			samples: []sample{replicationPending.sample(1e6, atFront, "codfw"), replicationFailure.sample(1, atFront, "codfw", reasonTimeout)},
		},
		{name: "store that is full", collector: "swift_probe", reason: reasonNoSpace, samples: []sample{swiftReadSuccess.sample(1, atSwift, "c")}, active: "critical RegistryStorageReadOnly", passive: "warning RegistryPassiveSiteProbeFails"},
		{name: "store that gives nothing out", collector: "swift_probe", reason: reasonMissingBlob, samples: []sample{swiftReadSuccess.sample(0, atSwift, "c")}, active: "critical RegistryStorageDown", passive: "critical RegistryStorageDown"},
		{name: "name that is not covered", collector: "api", samples: []sample{tlsNameCovered.sample(0, atFront, "10.0.0.5")}, active: "critical RegistryNameNotCovered", passive: "warning RegistryPassiveSiteCertificateBad"},
		{name: "certificate ended", collector: "api", reason: reasonTLSExpired, samples: []sample{tlsVerified.sample(0, atFront, "front")}, active: "critical RegistryCertificateEnded", passive: "warning RegistryPassiveSiteCertificateBad"},
		{name: "certificate that only we do not mind", collector: "api", samples: []sample{tlsVerified.sample(0, atFront, "front")}, active: "critical RegistryCertificateNotTrusted", passive: "warning RegistryPassiveSiteCertificateBad"},
	} {
		for passive, want := range map[bool]string{false: c.active, true: c.passive} {
			if want == "" && c.reason != "" { // does not happen there
				continue
			}
			t.Run(fmt.Sprintf("%s, passive %t", c.name, passive), func(t *testing.T) {
				var err error
				var all []string
				if c.reason != "" {
					err = failed(c.reason, "no")
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

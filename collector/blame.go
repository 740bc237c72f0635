package collector

import "slices"

// failure is that a source could not be read, or said that what it looks at does not work.
func (l *look) failure(res result) *Finding {
	why := reason(res.err)
	what, try := l.advice(res, why)
	f := l.finding(res, StateFailed, l.alertOf(res, why), try, "%s", what)
	f.Reason = why
	return f
}

// reads says whether the store could be read all the same.
func (r result) reads() bool {
	return slices.ContainsFunc(r.samples, func(s sample) bool { return s.metric.name == "registry_swift_read_success" && s.value == 1 })
}

// confirmsContent says whether something that is bad was so again when it was read later.
func (r result) confirmsContent() bool {
	return isContent(r.err) && slices.ContainsFunc(r.all(pullContentBad), func(s sample) bool { return s.label("confirmed") == "true" })
}

// isOurs says whether a failure is mostly ours to mend, as the alerts have it: our account, our certificate, a bug.
func isOurs(why string) bool {
	return slices.Contains([]string{reasonUnauthorized, reasonForbidden, reasonNotFound, reasonTLSClientCert, reasonPanic}, why)
}

const cannotLook = "RegistryExporterCannotLook"

// alertOf is the alert about the failure of a source.
func (l *look) alertOf(res result, why string) string {
	switch collector := res.source.collector; {
	case why == reasonCanceled:
		return ""
	case collector == "api":
		return l.apiAlert(res, why)
	case collector == "swift" && why == reasonNotFound:
		return "RegistryStorageDown" // a container that is gone, or one whose servers are down
	case collector == "pull" && why == reasonNotFound: // a registry without its store knows no image
		return l.probeAlert(res, why)
	case isOurs(why):
		return cannotLook
	case slices.Contains([]string{"pull", "push", "replication"}, collector), collector == "swift_probe" && res.reads():
		return l.probeAlert(res, why)
	case collector == "swift", collector == "swift_probe":
		return "RegistryStorageDown"
	case collector == "redis":
		return "RegistryCacheDown"
	case collector == "msr" && l.majorityLost():
		return "MSRMajorityLost"
	case collector == "ping", collector == "msr" && isCertificate(res.err):
		return "MSRPingUnhealthy"
	case collector == "msr":
		return "MSRClusterStatusFails"
	}
	return cannotLook
}

// probeAlert is the alert about what a probe found that is not well.
func (l *look) probeAlert(res result, why string) string {
	switch collector := res.source.collector; {
	case collector == "replication" && why == reasonReadOnly, collector == "push" && why == reasonReadOnly:
		if l.config.MSR != nil {
			return "MSRReadOnly"
		}
		return "RegistryReadOnly"
	case collector == "replication":
		return "RegistryReplicationFails"
	case why == reasonWriteAccepted:
		return "RegistryPassiveSiteTakesWrites"
	case collector == "pull" && !l.isFront(res.source):
		return "RegistryBackendDown"
	case l.passive:
		return "RegistryPassiveSiteProbeFails"
	case collector == "pull" && res.confirmsContent():
		return "RegistryContentBad"
	case collector == "pull":
		return "RegistryPullFails"
	case collector == "push":
		return "RegistryPushFails"
	}
	return "RegistryStorageReadOnly"
}

// majorityLost is so when no replica tells how the cluster is, and none calls itself healthy. A certificate that is refused
// says nothing about the database.
func (l *look) majorityLost() bool {
	lost := false
	for _, res := range l.results {
		switch healthy, _ := res.value(pingHealthy); {
		case healthy == 1, res.source.collector == "msr" && res.err == nil:
			return false
		case res.source.collector == "ping" && !isCertificate(res.err):
			lost = true
		}
	}
	return lost
}

func (l *look) apiAlert(res result, why string) string {
	up, _ := res.value(apiUp)
	verified, shown := res.value(tlsVerified)
	refused := shown && verified == 0 && isCertificate(res.err) // else the fault is behind a certificate that nobody checks
	front := l.isFront(res.source)
	switch {
	case why == reasonTLSClientCert, why == reasonPanic, up == 1 && isOurs(why):
		return cannotLook
	case refused && !front:
		return "RegistryBackendCertificateBad"
	case !front:
		return "RegistryBackendDown"
	case refused && l.passive:
		return "RegistryPassiveSiteCertificateBad"
	case refused && why == reasonTLSExpired:
		return "RegistryCertificateEnded"
	case refused:
		return "RegistryCertificateNotTrusted"
	case up == 1:
		return "RegistryLoginFails"
	case l.passive:
		return "RegistryPassiveSiteDown"
	}
	return "RegistryDown"
}

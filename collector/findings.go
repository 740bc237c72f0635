package collector

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// findings are what is wrong with a source: bad news that it brought, and that it failed.
func (l *look) findings(res result) []*Finding {
	var found []*Finding
	switch res.source.collector {
	case "api":
		found = l.apiFindings(res)
	case "health":
		found = l.healthFindings(res)
	case "msr":
		found = l.msrFindings(res)
	case "ping":
		found = l.pingFindings(res)
	case "redis":
		found = l.redisFindings(res)
	case "replication":
		found = l.replicationFindings(res)
	}
	if stateOf(res.err) == StateFailed {
		found = append(found, l.failure(res))
	}
	return append(found, l.stale(res)...)
}

// stale is when a probe has not run for so long that what it found last says nothing any more.
func (l *look) stale(res result) []*Finding {
	p := res.source.probe
	if p == nil {
		return nil
	}
	last := p.track.result()
	if age := l.now.Sub(last.end); !last.end.IsZero() && age > maxMissed*max(p.every, p.timeout) {
		return []*Finding{l.finding(res, StateWarning, "RegistryProbeStale", "",
			"the last run ended %s ago, and there should be one every %s: the exporter hangs", span(age), span(p.every))}
	}
	return nil
}

// finding is one that something that was read successfully brought.
func (l *look) finding(res result, state State, alert, try, format string, args ...any) *Finding {
	known, order := impactOf(alert)
	f := &Finding{
		Registry: l.instance(), Collector: res.source.collector, Endpoint: l.hidden.plain(res.source.endpoint),
		State: state, Severity: known.severity, Alert: alert, Runbook: alert != "",
		What: l.hidden.plain(fmt.Sprintf(format, args...)), Means: known.means, Try: l.hidden.plain(try), order: order,
	}
	if l.passive && f.Severity == severityCritical {
		f.Means = passiveMeans
		if alert != "RegistryStorageDown" {
			f.Severity = severityWarning
		}
	}
	return f
}

func (l *look) apiFindings(res result) []*Finding {
	var found []*Finding
	p := l.place(res.source)
	front := l.isFront(res.source)
	broken := isCertificate(res.err)
	if verified, read := res.value(tlsVerified); read && verified == 0 && !broken {
		alert := "RegistryBackendCertificateBad"
		switch end, known := res.value(tlsExpiry); {
		case front && known && !unixTime(end).After(l.now):
			alert = l.onFront("RegistryCertificateEnded")
		case front:
			alert = l.onFront("RegistryCertificateNotTrusted")
		}
		found = append(found, l.finding(res, StateFailed, alert, p.fill("{tls} 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"),
			"the certificate does not verify, only we are told not to mind: clients that verify it refuse it"))
	} else if verified == 1 {
		found = append(found, l.certificateEnds(res, p, front)...)
	}
	if !broken {
		for _, name := range res.where(tlsNameCovered, 0, "name") {
			found = append(found, l.finding(res, StateFailed, l.onFront("RegistryNameNotCovered"), p.fill(tryNames), "%s", notCovered(name)))
		}
	}
	if end, read := res.value(tlsCAExpiry); read && unixTime(end).Sub(l.now) < caEndsSoon {
		found = append(found, l.finding(res, StateWarning, "RegistryCAEndsSoon", p.fill("openssl storeutl -noout -text -certs {ca} | grep -E 'Subject:|Not After'"),
			"a certificate in the CA file ends in %s", span(unixTime(end).Sub(l.now))))
	}
	return found
}

// onFront is the alert about a certificate of the front: at a passive site there is one for all that is wrong with it.
func (l *look) onFront(alert string) string {
	if l.passive {
		return "RegistryPassiveSiteCertificateBad"
	}
	return alert
}

func isCertificate(err error) bool {
	return slices.Contains([]string{reasonTLSUnknownAuthority, reasonTLSHostname, reasonTLSNoIPSAN, reasonTLSExpired, reasonTLSNotYetValid, reasonTLSOther}, reason(err))
}

func notCovered(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return "the certificate has no IP SAN for " + name + ": clients that use the address will refuse it"
	}
	return "the certificate does not cover the name " + name + ": clients that use it will refuse it"
}

func (l *look) certificateEnds(res result, p place, front bool) []*Finding {
	end, _ := res.value(tlsExpiry)
	start, _ := res.value(tlsStart)
	left, life := unixTime(end).Sub(l.now), unixTime(end).Sub(unixTime(start))
	within := func(limit time.Duration, ratio float64) bool {
		return left < limit && left.Seconds() < ratio*life.Seconds()
	}
	switch {
	case front && within(certificateEnding, certificateEndingLifeRatio):
		return []*Finding{l.finding(res, StateFailed, "RegistryCertificateEnding", p.fill(tryDates),
			"the certificate, or one that it stands on, ends in %s: renew it now", span(left))}
	case within(certificateEndsSoon, certificateEndsSoonLifeRatio):
		return []*Finding{l.finding(res, StateWarning, "RegistryCertificateEndsSoon", p.fill(tryDates),
			"the certificate, or one that it stands on, ends in %s", span(left))}
	}
	return nil
}

func (l *look) healthFindings(res result) []*Finding {
	var found []*Finding
	p := l.place(res.source)
	for _, s := range res.all(healthFailing) {
		alert, why := "RegistryHealthCheckFailing", "it refuses every request meanwhile"
		switch kind := s.label("kind"); {
		case kind == "tcp":
			alert, why = "RegistryCacheStopsRegistry", "it could serve without a cache, but refuses every request while this check fails"
		case kind == "storagedriver":
			why = "it does not reach its store and refuses every request meanwhile"
		}
		if l.frontUp && alert == "RegistryHealthCheckFailing" {
			alert = "RegistryInstanceHealthCheckFailing"
		}
		found = append(found, l.finding(res, StateFailed, alert, p.fill("{request}"), "the registry's own check of %s fails: %s", s.label("check"), why))
	}
	return found
}

func (l *look) pingFindings(res result) []*Finding {
	if healthy, read := res.value(pingHealthy); !read || healthy == 1 || res.err != nil {
		return nil
	}
	return []*Finding{l.finding(res, StateFailed, "MSRPingUnhealthy", l.place(res.source).fill("{request}"),
		"the replica calls itself ill: %s; the answer says more", some(res.where(pingFailing, 1, "component")))}
}

func (l *look) msrFindings(res result) []*Finding {
	var found []*Finding
	try := l.place(res.source).fill("{request}")
	add := func(state State, alert, format string, args ...any) {
		found = append(found, l.finding(res, state, alert, try, format, args...))
	}
	lowest, read := res.lowest(msrTableAvailability)
	switch {
	case read && l.availability < 3:
		add(StateFailed, "MSRMajorityLost", "no replica sees all tables writable: most servers of the database are lost or cannot reach each other")
	case read && lowest < 3:
		add(StateFailed, "MSRTablesNotReady", "in the view of %s tables are not writable, while another view has them writable: it is cut off", res.source.endpoint)
	case read && lowest < 4 && l.availability < 4:
		add(StateWarning, "MSRTablesNotReady", "not all replicas of all tables are ready: a server is lost, or one catches up")
	}
	if lost := res.where(msrServerUp, 0, "server"); len(lost) > 0 {
		servers, alert, more := len(res.all(msrServerUp)), "MSRReplicaUnhealthy", ""
		if up := servers - len(lost); servers >= 3 && up == servers/2+1 {
			alert, more = "MSRNoSpareReplica", ": one more, and the database takes no writes"
		}
		add(StateWarning, alert, "of the servers of the database %s is lost%s", some(lost), more)
	}
	if ill := res.where(msrReplicaHealth, 0, "replica"); len(ill) > 0 {
		add(StateWarning, "MSRReplicaUnhealthy", "the verdict on replica %s is not OK", some(ill))
	}
	if silent := l.silentReplicas(res); len(silent) > 0 {
		add(StateWarning, "MSRReplicaUnhealthy", "replica %s has given no verdict for %s or more: it hangs, or its clock is wrong", some(silent), span(msrVerdictAge))
	}
	if readonly := res.where(msrReplicaReadonly, 1, "replica"); len(readonly) > 0 {
		why := "no garbage collection runs: somebody set it, or a collection left it behind"
		if held, _ := res.value(msrGCLockHeld); held == 1 {
			why = "a garbage collection runs, and ends by itself"
		}
		add(StateWarning, "MSRReadOnly", "replica %s is read-only: %s", some(readonly), why)
	}
	if critical := issuesOf(res, "true"); len(critical) > 0 {
		add(StateFailed, "MSRCriticalIssues", "the database reports critical issues: %s", some(critical))
	}
	if others := issuesOf(res, "false"); len(others) > 0 {
		add(StateWarning, "MSRIssues", "the database reports issues: %s", some(others))
	}
	return found
}

func (l *look) silentReplicas(res result) []string {
	var silent []string
	for _, s := range res.all(msrReplicaTimestamp) {
		if l.now.Sub(unixTime(s.value)) > msrVerdictAge {
			silent = append(silent, s.label("replica"))
		}
	}
	return silent
}

func issuesOf(res result, critical string) []string {
	var issues []string
	for _, s := range res.all(msrIssues) {
		if s.value > 0 && s.label("critical") == critical {
			issues = append(issues, fmt.Sprintf("%.0f %s", s.value, s.label("type")))
		}
	}
	return issues
}

func (l *look) redisFindings(res result) []*Finding {
	used, limit, _ := redisMemory(res)
	if limit > 0 && used/limit > cacheFullRatio && len(res.where(redisInfo, 1, "maxmemory_policy")) > 0 &&
		strings.EqualFold(res.where(redisInfo, 1, "maxmemory_policy")[0], "noeviction") {
		return []*Finding{l.finding(res, StateWarning, "RegistryCacheFull", l.place(res.source).fill("{redis} CONFIG SET maxmemory-policy allkeys-lru"),
			"the cache is full and, with noeviction, takes nothing new")}
	}
	return nil
}

func (l *look) replicationFindings(res result) []*Finding {
	unasked := res.where(replicationFailure, 1, "to")
	var found []*Finding
	for _, s := range res.all(replicationPending) {
		to, pending := s.label("to"), time.Duration(s.value*float64(time.Second))
		if pending > replicationTooLong && !slices.Contains(unasked, to) {
			found = append(found, l.finding(res, StateWarning, "RegistryReplicationStopped", l.place(res.source).fill(tryRequest),
				"what was pushed here %s ago has not arrived at %s", span(pending), to))
		}
	}
	return found
}

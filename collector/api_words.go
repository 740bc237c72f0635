package collector

import (
	"fmt"
	"net/netip"
	"time"
)

func (a *api) words() words {
	return words{
		place:    a.at("/v2/").always(),
		facts:    a.facts,
		findings: a.findings,
		alert:    a.alert,
		advice: []advice{
			{when: loginFailsOnTheWay, what: "the registry answers, but logging in fails on the way: the token server that it names is down, or cannot be reached from here", try: tryRequest},
			{reasons: anyOf(reasonUnavailable, reasonServerError), what: "the front answers, but what is behind it does not, or fails inside: its log says why", try: tryRequest},
			{reasons: reasonBadAnswer, what: "what answers is no registry: another service, or a login page in front of it", try: tryRequest},
		},
	}
}

func loginFailsOnTheWay(res result) bool {
	up, _ := res.value(apiUp)
	return up == 1 && !isOurs(reason(res.err))
}

func (a *api) isFront() bool { return a.role == "front" }

func (a *api) facts(v *view, res result) []string {
	facts := []string{a.role}
	if status, found := res.value(apiStatusCode); found {
		facts = append(facts, fmt.Sprintf("status %.0f", status))
	}
	for _, s := range res.all(apiAuth) {
		if scheme := s.label("scheme"); scheme == "none" {
			facts = append(facts, "open to all")
		} else {
			facts = append(facts, "wants a login ("+scheme+")")
		}
	}
	if in, _ := res.value(apiAuthorized); in == 1 {
		facts = append(facts, "let in")
	}
	if end, found := res.value(tlsExpiry); found {
		left := unixTime(end).Sub(v.now)
		if left > 0 {
			facts = append(facts, "certificate for "+span(left)+" more")
		} else {
			facts = append(facts, "certificate ended "+span(-left)+" ago")
		}
	}
	return facts
}

// findings are about the certificate: what else is wrong is a failure.
func (a *api) findings(v *view, res result) []sourceFinding {
	var found []sourceFinding
	p := res.place()
	refused := isCertificate(res.err)
	if verified, read := res.value(tlsVerified); read && verified == 0 && !refused {
		found = append(found, sourceFinding{
			StateFailed, a.unverified(v, res),
			"the certificate does not verify, only we are told not to mind: clients that verify it refuse it",
			p.fill("{tls} 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"),
		})
	} else if verified == 1 {
		found = append(found, a.certificateEnds(v, res)...)
	}
	if !refused {
		for _, name := range res.where(tlsNameCovered, 0, "name") {
			found = append(found, sourceFinding{StateFailed, onFront(v, "RegistryNameNotCovered"), notCovered(name), p.fill(tryNames)})
		}
	}
	if end, read := res.value(tlsCAExpiry); read && unixTime(end).Sub(v.now) < caEndsSoon {
		found = append(found, sourceFinding{
			StateWarning, "RegistryCAEndsSoon", "a certificate in the CA file ends in " + span(unixTime(end).Sub(v.now)),
			p.fill("openssl storeutl -noout -text -certs {ca} | grep -E 'Subject:|Not After'"),
		})
	}
	return found
}

// unverified is the alert about a certificate that does not verify.
func (a *api) unverified(v *view, res result) string {
	end, known := res.value(tlsExpiry)
	switch {
	case !a.isFront():
		return "RegistryBackendCertificateBad"
	case known && !unixTime(end).After(v.now):
		return onFront(v, "RegistryCertificateEnded")
	}
	return onFront(v, "RegistryCertificateNotTrusted")
}

// onFront is the alert about a certificate of the front. A passive site has one alert for all that is wrong with it.
func onFront(v *view, alert string) string {
	if v.passive {
		return "RegistryPassiveSiteCertificateBad"
	}
	return alert
}

func notCovered(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return "the certificate has no IP SAN for " + name + ": clients that use the address will refuse it"
	}
	return "the certificate does not cover the name " + name + ": clients that use it will refuse it"
}

func (a *api) certificateEnds(v *view, res result) []sourceFinding {
	end, _ := res.value(tlsExpiry)
	start, _ := res.value(tlsStart)
	left, life := unixTime(end).Sub(v.now), unixTime(end).Sub(unixTime(start))
	within := func(limit time.Duration, ratio float64) bool {
		return left < limit && left.Seconds() < ratio*life.Seconds()
	}
	try := res.place().fill(tryDates)
	switch {
	case a.isFront() && within(certificateEnding, certificateEndingLifeRatio):
		return []sourceFinding{{StateFailed, "RegistryCertificateEnding", "the certificate, or one that it stands on, ends in " + span(left) + ": renew it now", try}}
	case within(certificateEndsSoon, certificateEndsSoonLifeRatio):
		return []sourceFinding{{StateWarning, "RegistryCertificateEndsSoon", "the certificate, or one that it stands on, ends in " + span(left), try}}
	}
	return nil
}

func (a *api) alert(v *view, res result) string {
	why := reason(res.err)
	up, _ := res.value(apiUp)
	verified, shown := res.value(tlsVerified)
	refused := shown && verified == 0 && isCertificate(res.err) // otherwise the fault is behind a certificate that nobody checks
	switch {
	case why == reasonTLSClientCert, why == reasonPanic, up == 1 && isOurs(why):
		return cannotLook
	case refused && !a.isFront():
		return "RegistryBackendCertificateBad"
	case !a.isFront():
		return "RegistryBackendDown"
	case refused && v.passive:
		return "RegistryPassiveSiteCertificateBad"
	case refused && why == reasonTLSExpired:
		return "RegistryCertificateEnded"
	case refused:
		return "RegistryCertificateNotTrusted"
	case up == 1:
		return "RegistryLoginFails"
	case v.passive:
		return "RegistryPassiveSiteDown"
	}
	return "RegistryDown"
}

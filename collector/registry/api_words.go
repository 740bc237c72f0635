package registry

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"registry_exporter/collector/source"
)

// words returns what the report says of the collector api.
func (a *api) words() source.Words {
	return source.Words{
		Place:    a.At("/v2/").Always(),
		Facts:    a.facts,
		Findings: a.findings,
		Alert:    a.alert,
		AsClient: true,
		Advice: []source.Advice{
			tokenRefused, oddLogin,
			{When: tokenServerFails, What: "the registry answers, but logging in fails on the way: the token server that it names is down, or cannot be reached from here", Try: source.TryRequest},
			{Reasons: source.AnyOf(source.ReasonUnavailable, source.ReasonServerError), What: "the front answers, but what is behind it does not, or fails inside: its log says why", Try: source.TryRequest},
			{Reasons: source.ReasonBadAnswer, What: "what answers is no registry: another service, or a login page in front of it", Try: source.TryRequest},
		},
	}
}

// tokenServerFails says whether /v2/ answers, and the login fails for a reason that the registry's side has to mend, such
// as a timeout of the token server.
func tokenServerFails(res source.Result) bool {
	up, _ := res.Value(apiUp)
	why := source.Reason(res.Err)
	return up == 1 && !isOursToLogIn(res) && !isLimited(res) && why != source.ReasonRealmChanged && why != source.ReasonRealmRefused
}

// isOursToLogIn says whether /v2/ answers, and the login fails for a reason that the owner of the exporter has to mend,
// such as a wrong password. A token that the token server gave and the registry refuses is no such reason.
func isOursToLogIn(res source.Result) bool {
	up, _ := res.Value(apiUp)
	token, _ := res.Value(apiToken)
	return up == 1 && res.IsOurs(res.Err) && !(token == 1 && source.Reason(res.Err) == source.ReasonUnauthorized)
}

// isLimited says whether /v2/ or the login there is answered with 429.
func isLimited(res source.Result) bool { return source.Reason(res.Err) == source.ReasonRateLimited }

// isOdd says whether something answers /v2/ with a status below 500.
func isOdd(res source.Result) bool {
	status, answered := res.Value(apiStatusCode)
	return answered && status < 500
}

// worksForClients says whether a pull, or a push to a site that is not passive, succeeded through the front, in a run
// that ended less than two intervals ago. An odd answer to /v2/ is no outage then.
func worksForClients(v *source.View) bool {
	return slices.ContainsFunc(v.Results, func(res source.Result) bool {
		if p := res.Source.Probe; p == nil || v.Now.Sub(res.Last.End) > 2*p.Every {
			return false
		}
		success := res.All(pullSuccess)
		if !v.Passive {
			success = append(success, res.All(pushSuccess)...)
		}
		return slices.ContainsFunc(success, func(s source.Sample) bool { return s.Value == 1 && s.Label("role") == "front" })
	})
}

func (a *api) isFront() bool { return a.role == "front" }

// facts returns facts about the address, such as "front", "status 200" and "open to all".
func (a *api) facts(v *source.View, res source.Result) []string {
	facts := []string{a.role}
	if status, found := res.Value(apiStatusCode); found {
		facts = append(facts, fmt.Sprintf("status %.0f", status))
	}
	for _, s := range res.All(apiAuth) {
		if scheme := s.Label("scheme"); scheme == "none" {
			facts = append(facts, "open to all")
		} else {
			facts = append(facts, "wants a login ("+scheme+")")
			if realm := a.Realm(); realm != "" && scheme == "bearer" {
				facts = append(facts, "tokens from "+realm)
			}
		}
	}
	if in, _ := res.Value(apiAuthorized); in == 1 {
		facts = append(facts, "let in")
	}
	if end, found := res.Value(tlsExpiry); found {
		left := source.UnixTime(end).Sub(v.Now)
		if left > 0 {
			facts = append(facts, "certificate for "+source.Span(left)+" more")
		} else {
			facts = append(facts, "certificate ended "+source.Span(-left)+" ago")
		}
	}
	for _, s := range res.All(tlsTrustedBy) {
		facts = append(facts, map[string]string{"ca_file": "trusted by ca_file", "system": "trusted by the system's CAs, not by ca_file"}[s.Label("by")])
	}
	return facts
}

// findings returns the findings about the certificate and about the CA file.
func (a *api) findings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	p := res.Place()
	refused := source.IsCertificate(res.Err)
	if verified, read := res.Value(tlsVerified); read && verified == 0 && !refused {
		found = append(found, source.Finding{
			State: source.StateFailed, Alert: a.unverified(v, res),
			What: "the certificate does not verify, only we are told not to mind: clients that verify it refuse it",
			Try:  p.Fill("{tls} 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"),
		})
	} else if verified == 1 {
		found = append(found, a.certificateEnds(v, res)...)
	}
	if !refused {
		for _, name := range res.Where(tlsNameCovered, 0, "name") {
			found = append(found, source.Finding{State: source.StateFailed, Alert: onFront(v, "RegistryNameNotCovered"), What: notCovered(name), Try: p.Fill(source.TryNames)})
		}
	}
	found = append(found, a.disk.findings(res)...)
	if a.ca.Skipped > 0 {
		found = append(found, source.Finding{
			State: source.StateWarning, What: fmt.Sprintf("certificates in the CA file that cannot be read, and are not used: %d", a.ca.Skipped),
			Try: p.Fill("openssl storeutl -noout -text -certs {ca} | grep -E 'Subject:|Serial Number' -A 1"),
		})
	}
	if end, read := res.Value(tlsCAExpiry); read && source.UnixTime(end).Sub(v.Now) < source.CAEndsSoon {
		left := source.UnixTime(end).Sub(v.Now)
		what := "the CA that the certificate stands on ends in " + source.Span(left)
		if left < 0 {
			what = "the CA that the certificate stands on ended " + source.Span(-left) + " ago"
		}
		found = append(found, source.Finding{
			State: source.StateWarning, Alert: "RegistryCAEndsSoon", What: what,
			Try: p.Fill("openssl storeutl -noout -text -certs {ca} | grep -E 'Subject:|Not After'"),
		})
	}
	return found
}

// unverified returns the name of the alert about a certificate that does not verify.
func (a *api) unverified(v *source.View, res source.Result) string {
	end, known := res.Value(tlsExpiry)
	switch {
	case !a.isFront():
		return "RegistryBackendCertificateBad"
	case known && !source.UnixTime(end).After(v.Now):
		return onFront(v, "RegistryCertificateEnded")
	}
	return onFront(v, "RegistryCertificateNotTrusted")
}

// onFront returns the name of the alert about the certificate of a front: alert, or RegistryPassiveSiteCertificateBad at
// a passive site.
func onFront(v *source.View, alert string) string {
	if v.Passive {
		return "RegistryPassiveSiteCertificateBad"
	}
	return alert
}

// notCovered writes the finding about a name or address that the certificate does not cover.
func notCovered(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return "the certificate has no IP SAN for " + name + ": clients that use the address will refuse it"
	}
	return "the certificate does not cover the name " + name + ": clients that use it will refuse it"
}

// certificateEnds returns a finding when a verified certificate expires soon.
func (a *api) certificateEnds(v *source.View, res source.Result) []source.Finding {
	end, _ := res.Value(tlsExpiry)
	start, _ := res.Value(tlsStart)
	left, life := source.UnixTime(end).Sub(v.Now), source.UnixTime(end).Sub(source.UnixTime(start))
	within := func(limit time.Duration, ratio float64) bool {
		return left < limit && left.Seconds() < ratio*life.Seconds()
	}
	try := res.Place().Fill(source.TryDates)
	switch {
	case a.isFront() && within(source.CertificateEnding, source.CertificateEndingLifeRatio):
		return []source.Finding{{State: source.StateFailed, Alert: "RegistryCertificateEnding", What: "the certificate, or one that it stands on, ends in " + source.Span(left) + ": renew it now", Try: try}}
	case within(source.CertificateEndsSoon, source.CertificateEndsSoonLifeRatio):
		return []source.Finding{{State: source.StateWarning, Alert: "RegistryCertificateEndsSoon", What: "the certificate, or one that it stands on, ends in " + source.Span(left), Try: try}}
	}
	return nil
}

// alert returns the name of the alert about a source that failed.
func (a *api) alert(v *source.View, res source.Result) string {
	why := source.Reason(res.Err)
	up, _ := res.Value(apiUp)
	verified, shown := res.Value(tlsVerified)
	refused := shown && verified == 0 && source.IsCertificate(res.Err) // with insecure_skip_verify a bad certificate fails nothing
	switch {
	case isLimited(res): // a limit of the front or of the token server, perhaps of us alone
		return source.CannotLook
	case up != 1 && a.isFront() && isOdd(res) && worksForClients(v):
		return ""
	case why == source.ReasonTLSClientCert && res.IsOurs(res.Err), why == source.ReasonPanic, isOursToLogIn(res):
		return source.CannotLook
	case refused && !a.isFront():
		return "RegistryBackendCertificateBad"
	case !a.isFront():
		return "RegistryBackendDown"
	case refused && v.Passive:
		return "RegistryPassiveSiteCertificateBad"
	case refused && why == source.ReasonTLSExpired:
		return "RegistryCertificateEnded"
	case refused:
		return "RegistryCertificateNotTrusted"
	case up == 1:
		return "RegistryLoginFails"
	case v.Passive:
		return "RegistryPassiveSiteDown"
	}
	return "RegistryDown"
}

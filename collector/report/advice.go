package report

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"registry_exporter/collector/source"
)

// generalAdvice has the advice for failures for which the source has no row of its own. The first row that fits is given;
// the last row fits every failure.
var generalAdvice = []source.Advice{
	// The network.
	{Reasons: source.ReasonDNS, What: "the name {host} is not known here: a typing error, or this machine's resolver is down", Try: "getent ahosts {host}"},
	{Reasons: source.ReasonRefused, What: "nothing listens at {address}: what should listen is stopped, or the port is wrong", Try: source.TryListen},
	{Reasons: source.ReasonUnreachable, What: "no way leads to {host}: the machine is off, or a route or a firewall is in the way", Try: "ping -c 3 {host}"},
	{Reasons: source.ReasonTimeout, What: "{address} does not answer in time: it hangs, what it waits for does, or a firewall drops what is sent", Try: source.TryRequest},
	{Reasons: source.ReasonReset, What: "{address} closed the connection in the midst: it was restarted, or something on the way cuts connections", Try: source.TryRequest},
	// Certificates.
	{Reasons: source.ReasonTLSUnknownAuthority, What: "the certificate is signed by an authority that {ca} does not hold: the CA file is another, or the server leaves out its intermediate certificate", Try: source.TryChain},
	{Reasons: source.ReasonTLSHostname, What: "the certificate does not cover the name {name}: clients that use it will refuse it", Try: source.TryNames},
	{Reasons: source.ReasonTLSNoIPSAN, What: "the certificate has no IP SAN for {name}: clients that use the address will refuse it", Try: source.TryNames},
	{Reasons: source.ReasonTLSExpired, When: caHasEnded, What: "the CA that signed the certificate has ended: renewing the certificate mends nothing, server and clients need the next CA", Try: source.TryChain},
	{Reasons: source.ReasonTLSExpired, What: "the certificate has ended: every client refuses it until it is renewed", Try: source.TryDates},
	{Reasons: source.ReasonTLSNotYetValid, What: "the certificate is not valid yet: it was put in place too early, or a clock is wrong", Try: source.TryDates},
	{Reasons: source.ReasonTLSClientCert, What: "the server wants a client certificate that it knows: cert_file and key_file under tls_config are missing, ended or of another CA", Try: "{tls} 2>&1 | grep -A 5 'Acceptable client certificate'"},
	{Reasons: source.ReasonTLSOther, When: invalidFor(x509.IncompatibleUsage), What: "the certificate is not one for servers: its extended key usage is another, such as that of a template for clients, and every client refuses it", Try: source.TryUsage},
	{Reasons: source.ReasonTLSOther, When: invalidFor(x509.CANotAuthorizedForThisName), What: "the CA that signed the certificate may not sign for this name (name constraints), and every client refuses it", Try: source.TryChain},
	{Reasons: source.ReasonTLSOther, When: hasCriticalExtension, What: "the certificate has an extension that is marked critical and that clients do not know, so every client refuses it: have it issued without that extension", Try: source.TryUsage},
	{Reasons: source.ReasonTLSOther, When: isRefusedCertificate, What: "clients refuse the certificate, or one of the CAs that signed it, for what it says of itself: the words of the error name it", Try: source.TryChain},
	{Reasons: source.ReasonTLSOther, What: "the TLS handshake fails: versions or ciphers do not match, or it is no TLS server", Try: "{tls}"},
	{Reasons: source.ReasonHTTPOnHTTPS, What: "the port speaks TLS: the URL must begin with https", Try: source.TryRequest},
	{Reasons: source.ReasonHTTPSOnHTTP, What: "the port does not speak TLS: the URL must begin with http, or the server's TLS is switched off", Try: source.TryRequest},
	// The exporter's account.
	{Reasons: source.ReasonUnauthorized, What: "the registry does not let us in: user or password is wrong or missing, the account is locked, or its token server refuses it", Try: source.TryRequest},
	{Reasons: source.ReasonForbidden, What: "{address} refuses us: the account has no right to it, or the exporter's address is not let through", Try: source.TryRequest},
	{Reasons: source.ReasonNotFound, What: "{address} does not know the path: it is another service, or a front does not let the path through", Try: source.TryRequest},
	{Reasons: source.ReasonStoreRefused, What: "the store to which the registry redirects refuses what the registry has signed for it: the key, the signature, a clock or a policy of the store is wrong, and no client gets blobs", Try: source.TryRequest},
	{Reasons: source.ReasonRealmRefused, When: workedBefore, What: realmMoved, Try: source.TryRequest},
	{Reasons: source.ReasonRealmRefused, When: frontIsUnknown, What: "the front does not say how it lets in, and a backend gets the password only as the front does: look at the front first", Try: source.TryRequest},
	{Reasons: source.ReasonRealmRefused, What: "the exporter sends no password: the registry names a token server that may not have the password, or a backend asks for another login than the front. Ask its owner, then do as the error says", Try: source.TryRequest},
	{Reasons: source.ReasonRedirectRefused, What: "an answer sends us to a host where we do not go: from https to http, to an address of this machine, or to none of stores. Clients may go there: ask the owner of the registry, then add it to stores", Try: source.TryRequest},
	{Reasons: source.ReasonRealmChanged, What: realmMoved, Try: source.TryRequest},
	{Reasons: source.ReasonRateLimited, What: "{address} answers 429: a limit of requests refuses the exporter. Does it refuse others, too, as its access log says? Then it counts many clients as one, and people cannot pull: raise it. Else raise it for the exporter, or ask less often", Try: source.TryRequest},
	// The answer.
	{Reasons: source.ReasonHealthCheckFailed, What: "the registry's own health check fails, so it refuses every request: look at what it stands on, its store first", Try: source.TryRequest},
	{Reasons: source.AnyOf(source.ReasonUnavailable, source.ReasonServerError), What: "{address} fails inside: its log says why", Try: source.TryRequest},
	{Reasons: source.ReasonBadAnswer, What: "what answers at {address} is something else than expected: another service, another version, or a login page in front of it", Try: source.TryRequest},
	{Reasons: source.ReasonRedirected, What: "{address} sends us elsewhere, and credentials do not follow: put the address that it names into the configuration", Try: source.TryRequest},
	{Reasons: source.ReasonClientError, What: "{address} refuses the request itself: it is another service, or a front does not let it through", Try: source.TryRequest},
	{Reasons: source.ReasonTooLarge, What: "the answer is larger than any that makes sense, or has other names in it each time: another service may answer", Try: source.TryRequest},
	{Reasons: source.ReasonShortRead, What: "the answer ends before its end: something on the way cuts it, or the server fails in the midst", Try: source.TryRequest},
	{Reasons: source.ReasonNoSpace, What: "there is no space left", Try: "df -h   # on {host}"},
	// The exporter itself.
	{Reasons: source.ReasonCanceled, What: "it was stopped before it had ended"},
	{Reasons: source.ReasonPanic, What: "this is a fault of the exporter: please report it with its log"},
	{What: "it fails in a way that has no name yet: the words of the error are all there is", Try: source.TryRequest},
}

// invalidFor says whether clients refuse the certificate for that reason.
func invalidFor(why x509.InvalidReason) func(source.Result) bool {
	return func(res source.Result) bool {
		var invalid x509.CertificateInvalidError
		return errors.As(res.Err, &invalid) && invalid.Reason == why
	}
}

// hasCriticalExtension says whether the certificate has an extension that clients have to know, and do not.
func hasCriticalExtension(res source.Result) bool {
	var unknown x509.UnhandledCriticalExtension
	return errors.As(res.Err, &unknown)
}

// isRefusedCertificate says whether the handshake failed for the certificate that the server showed.
func isRefusedCertificate(res source.Result) bool {
	var refused *tls.CertificateVerificationError
	return errors.As(res.Err, &refused)
}

// caHasEnded says whether the certificate that has expired is a CA's, and not the server's own.
func caHasEnded(res source.Result) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(res.Err, &invalid) && invalid.Cert.IsCA
}

// realmMoved is for a login that worked, and is another now.
const realmMoved = "{address} asks for another login than when it let us in (another token server, or the password itself), and no password goes there: unless its owner has changed that, somebody answers in its place"

func workedBefore(res source.Result) bool { return res.WorkedBefore }

// frontIsUnknown says whether a backend got no password since the front could not be asked.
func frontIsUnknown(res source.Result) bool { return source.IsUnasked(res.Err) }

// overloaded is for an exporter that is out of descriptors, memory or slots for its requests: no other advice is true then.
var overloaded = source.Advice{
	Reasons: source.ReasonExporterOverloaded,
	What:    "the exporter is short of descriptors or memory, or too many of its requests hang, so nobody knows how {address} is: raise its limits, or give it fewer registries",
	Try:     "grep -E 'open files|address space' /proc/$(pidof registry_exporter)/limits",
}

// secretUnread is the advice for a secret whose file cannot be read: no request was sent.
var secretUnread = source.Advice{
	Reasons: source.ReasonUnauthorized, When: func(res source.Result) bool { return source.IsUnasked(res.Err) },
	What: "the secret cannot be read, so nothing was asked: look at the file and its rights",
}

// refusedNow is the advice for a system that refuses the exporter now, and let it in before with the same configuration
// and password.
var refusedNow = source.Advice{
	Reasons: source.AnyOf(source.ReasonUnauthorized, source.ReasonForbidden), When: workedBefore, Try: source.TryRequest,
	What: "{address} refuses what it took within 30 days, from the same account with the same password: its users, their rights or its token server were changed, or cannot be asked, and others may be refused, too",
}

// adviceFor returns the sentence and the command for a source that failed. They stand in the first row that fits, in this
// order: overloaded, rows of the source with a condition, secretUnread and refusedNow, rows of the source without a condition,
// generalAdvice. The command may be empty.
func adviceFor(res source.Result, reason string) (what, try string) {
	own := res.Source.Words.Advice
	var conditional, always []source.Advice
	for _, a := range own {
		if a.When != nil {
			conditional = append(conditional, a)
		} else {
			always = append(always, a)
		}
	}
	for _, rows := range [][]source.Advice{{overloaded}, conditional, {secretUnread, refusedNow}, always, generalAdvice} {
		for _, a := range rows {
			if a.Fits(res, reason) {
				p := res.Place()
				return p.Say(a.What), p.Fill(a.Try)
			}
		}
	}
	return "", ""
}

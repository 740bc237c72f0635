package collector

// generalAdvice is for whatever a source has no row of its own for. The first row that fits counts.
var generalAdvice = []advice{
	// The network.
	{reasons: reasonDNS, what: "the name {host} is not known here: a typing error, or this machine's resolver is down", try: "getent ahosts {host}"},
	{reasons: reasonRefused, what: "nothing listens at {endpoint}: what should listen is stopped, or the port is wrong", try: tryListen},
	{reasons: reasonUnreachable, what: "no way leads to {host}: the machine is off, or a route or a firewall is in the way", try: "ping -c 3 {host}"},
	{reasons: reasonTimeout, what: "{endpoint} does not answer in time: it hangs, what it waits for does, or a firewall drops what is sent", try: tryRequest},
	{reasons: reasonReset, what: "{endpoint} closed the connection in the midst: it was restarted, or something on the way cuts connections", try: tryRequest},
	// Certificates.
	{reasons: reasonTLSUnknownAuthority, what: "the certificate is signed by an authority that {ca} does not hold: the CA file is another, or the server leaves out its intermediate certificate", try: tryChain},
	{reasons: reasonTLSHostname, what: "the certificate does not cover the name {name}: clients that use it will refuse it", try: tryNames},
	{reasons: reasonTLSNoIPSAN, what: "the certificate has no IP SAN for {name}: clients that use the address will refuse it", try: tryNames},
	{reasons: reasonTLSExpired, what: "the certificate has ended: every client refuses it until it is renewed", try: tryDates},
	{reasons: reasonTLSNotYetValid, what: "the certificate is not valid yet: it was put in place too early, or a clock is wrong", try: tryDates},
	{reasons: reasonTLSClientCert, what: "the server wants a client certificate that it knows: cert_file and key_file under tls_config are missing, ended or of another CA", try: "{tls} 2>&1 | grep -A 5 'Acceptable client certificate'"},
	{reasons: reasonTLSOther, what: "the TLS handshake fails: versions or ciphers do not match, or it is no TLS server", try: "{tls}"},
	{reasons: reasonHTTPOnHTTPS, what: "the port speaks TLS: the URL must begin with https", try: tryRequest},
	{reasons: reasonHTTPSOnHTTP, what: "the port does not speak TLS: the URL must begin with http, or the server's TLS is switched off", try: tryRequest},
	// The exporter's account.
	{reasons: reasonUnauthorized, what: "the registry does not let us in: user or password is wrong or missing, the account is locked, or its token server refuses it", try: tryRequest},
	{reasons: reasonForbidden, what: "{endpoint} refuses us: the account has no right to it, or the exporter's address is not let through", try: tryRequest},
	{reasons: reasonNotFound, what: "{endpoint} does not know the path: it is another service, or a front does not let the path through", try: tryRequest},
	{reasons: reasonRateLimited, what: "{endpoint} says we ask too often: raise its limit for the exporter, or ask less often", try: tryRequest},
	// The answer.
	{reasons: reasonHealthCheckFailed, what: "the registry's own health check fails, so it refuses every request: look at what it stands on, its store first", try: tryRequest},
	{reasons: anyOf(reasonUnavailable, reasonServerError), what: "{endpoint} fails inside: its log says why", try: tryRequest},
	{reasons: reasonBadAnswer, what: "what answers at {endpoint} is something else than expected: another service, another version, or a login page in front of it", try: tryRequest},
	{reasons: reasonRedirected, what: "{endpoint} sends us elsewhere, and credentials do not follow: put the address that it names into the configuration", try: tryRequest},
	{reasons: reasonClientError, what: "{endpoint} refuses the request itself: it is another service, or a front does not let it through", try: tryRequest},
	{reasons: reasonTooLarge, what: "the answer is larger than any that makes sense: another service answers", try: tryRequest},
	{reasons: reasonShortRead, what: "the answer ends before its end: something on the way cuts it, or the server fails in the midst", try: tryRequest},
	{reasons: reasonNoSpace, what: "there is no space left", try: "df -h   # on {host}"},
	// The exporter itself.
	{reasons: reasonCanceled, what: "it was stopped before it had ended"},
	{reasons: reasonPanic, what: "this is a fault of the exporter: please report it with its log"},
	{what: "it fails in a way that has no name yet: the words of the error are all there is", try: tryRequest},
}

// secretUnread is for a secret that cannot be read: nothing was asked then.
var secretUnread = advice{
	reasons: reasonUnauthorized, when: func(res result) bool { return isUnasked(res.err) },
	what: "the secret cannot be read, so nothing was asked: look at the file and its rights",
}

// adviceFor is the sentence and the command for a source that failed: its own rows with a condition first, then
// its own others, then the general ones.
func adviceFor(res result, why string) (what, try string) {
	own := res.source.words.advice
	var conditional, always []advice
	for _, a := range own {
		if a.when != nil {
			conditional = append(conditional, a)
		} else {
			always = append(always, a)
		}
	}
	for _, rows := range [][]advice{conditional, {secretUnread}, always, generalAdvice} {
		for _, a := range rows {
			if a.fits(res, why) {
				p := res.place()
				return p.say(a.what), p.fill(a.try)
			}
		}
	}
	return "", ""
}

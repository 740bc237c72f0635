package collector

import (
	"errors"
	"slices"
	"strings"
)

// Commands that several sentences lead to.
const (
	tryRequest = "{request}"
	tryPull    = "{pull}"
	tryNames   = "{tls} 2>/dev/null | openssl x509 -noout -ext subjectAltName"
	tryDates   = "{tls} 2>/dev/null | openssl x509 -noout -dates; date"
	tryChain   = "{tls} 2>&1 | grep -E '^(depth|verify)| s:| i:'"
	tryListen  = "ss -ltnp 'sport = :{port}'   # on {host}"
)

// An advice is what a reason mostly means, and the next command. The collectors are those it is for; none: for all.
type advice struct {
	collectors string
	reasons    string
	what, try  string
}

// advices: the first that fits counts.
var advices = []advice{
	{"access", reasonLogMissing, "there is no access log {endpoint}: its path is another, or nothing was ever written", "ls -l {endpoint}"},
	{"access", reasonLogUnreadable, "the access log {endpoint} cannot be read: we have no right to it, or it is no file", "ls -l {endpoint}; id"},
	{"access", reasonLinesLost, "lines of the access log {endpoint} were gone before they were read: it was compressed or truncated while we were down or behind, or our state was damaged", "ls -lt {endpoint}*"},
	{"access", reasonNotListening, "we cannot listen at {endpoint}: another process does, or it is no address of this machine", "ss -lnptu"},
	{"access", reasonStateNotSaved, "how far the access log {endpoint} is read cannot be saved: the folder of --state.dir is full, or we have no right to it", "df -h"},
	{"access", "", "the access log {endpoint} cannot be read as it should: its path, our right to read it, or its format is another", "ls -l {endpoint}; tail -n 3 {endpoint}"},
	// The network.
	{"", reasonDNS, "the name {host} is not known here: a typing error, or this machine's resolver is down", "getent ahosts {host}"},
	{"swift swift_probe swift_count", reasonRefused, "nothing listens at {endpoint}: Swift's proxy is stopped, or the port is wrong", "systemctl status swift-proxy   # on {host}"},
	{"redis", reasonRefused, "nothing listens at {endpoint}: Redis is stopped, or the port is wrong", "systemctl status redis-server   # on {host}"},
	{"", reasonRefused, "nothing listens at {endpoint}: what should listen is stopped, or the port is wrong", tryListen},
	{"", reasonUnreachable, "no way leads to {host}: the machine is off, or a route or a firewall is in the way", "ping -c 3 {host}"},
	{"swift swift_probe swift_count", reasonTimeout, "Swift at {endpoint} does not answer in time: its proxy hangs, storage servers behind it do, or a firewall drops what is sent", tryRequest},
	{"redis", reasonTimeout, "Redis at {endpoint} does not answer in time: it is stuck in a long command, or a firewall drops what is sent", "{redis} --latency"},
	{"pull push replication", reasonTimeout, "the registry does not get it done in time: its store is slow or hangs", tryRequest},
	{"", reasonTimeout, "{endpoint} does not answer in time: it hangs, what it waits for does, or a firewall drops what is sent", tryRequest},
	{"", reasonReset, "{endpoint} closed the connection in the midst: it was restarted, or something on the way cuts connections", tryRequest},
	// Certificates.
	{"", reasonTLSUnknownAuthority, "the certificate is signed by an authority that {ca} does not hold: the CA file is another, or the server leaves out its intermediate certificate", tryChain},
	{"", reasonTLSHostname, "the certificate does not cover the name {name}: clients that use it will refuse it", tryNames},
	{"", reasonTLSNoIPSAN, "the certificate has no IP SAN for {name}: clients that use the address will refuse it", tryNames},
	{"", reasonTLSExpired, "the certificate has ended: every client refuses it until it is renewed", tryDates},
	{"", reasonTLSNotYetValid, "the certificate is not valid yet: it was put in place too early, or a clock is wrong", tryDates},
	{"", reasonTLSClientCert, "the server wants a client certificate that it knows: cert_file and key_file under tls_config are missing, ended or of another CA", "{tls} 2>&1 | grep -A 5 'Acceptable client certificate'"},
	{"", reasonTLSOther, "the TLS handshake fails: versions or ciphers do not match, or it is no TLS server", "{tls}"},
	{"", reasonHTTPOnHTTPS, "the port speaks TLS: the URL must begin with https", tryRequest},
	{"", reasonHTTPSOnHTTP, "the port does not speak TLS: the URL must begin with http, or the server's TLS is switched off", tryRequest},
	// Ours to mend.
	{"swift swift_probe swift_count", reasonUnauthorized, "Swift does not let us in: user or key is wrong, or the account was changed", tryRequest},
	{"redis", reasonUnauthorized, "Redis does not let us in: user or password is wrong or missing", tryRequest},
	{"nginx health ping", reasonUnauthorized, "{endpoint} wants a login here: let the exporter's address through, or give it an account under http", tryRequest},
	{"", reasonUnauthorized, "the registry does not let us in: user or password is wrong or missing, the account is locked, or its token server refuses it", tryRequest},
	{"swift_probe", reasonForbidden, "the account may not read, or not write to the container of the probe: give it the right, or leave that container out to read only", tryRequest},
	{"swift_probe", reasonNotFound, "Swift does not find a container that the probe needs ({container}): it was never made, or was deleted, or the servers behind Swift's proxy are down", tryRequest},
	{"swift swift_count", reasonForbidden, "the account is known but may not read the container {container}", tryRequest},
	{"redis", reasonForbidden, "the account may not do that: it needs PING and INFO", "{redis} ACL WHOAMI"},
	{"msr", reasonForbidden, "the account may not read cluster_status: only an admin may", tryRequest},
	{"pull push replication", reasonForbidden, "the account is let in, but has no right to {image}", tryPull},
	{"", reasonForbidden, "{endpoint} refuses us: the account has no right to it, or the exporter's address is not let through", tryRequest},
	{"swift swift_count", reasonNotFound, "Swift does not find the container {container}: it was deleted, its name is another, or the servers behind Swift's proxy are down", tryRequest},
	{"pull", reasonNotFound, "the registry does not know {image}: it was deleted, or the name is misspelt", tryPull},
	{"push replication", reasonNotFound, "the registry does not know {image}: the repository has to be made first, or the name is misspelt", tryRequest},
	{"", reasonNotFound, "{endpoint} does not know the path: it is another service, or a front does not let the path through", tryRequest},
	{"", reasonRateLimited, "{endpoint} says we ask too often: raise its limit for the exporter, or ask less often", tryRequest},
	// What the other side says.
	{"pull", reasonMissingBlob, "{image} is listed, but a part of it is not in the store: push it again, and find out what removed it", tryPull},
	{"swift_probe", reasonMissingBlob + " " + reasonShortRead + " " + reasonDigestMismatch, "Swift lists objects and does not hand them out as they are: its object servers are down, or lose data", tryRequest},
	{"pull push replication", reasonShortRead, "the registry hands out fewer bytes than it announced: its store does not give them, or the layer was cut short", tryPull},
	{"pull push replication", reasonDigestMismatch, "the bytes are not those of the digest: what is in the store, or in a cache on the way, is damaged", tryPull},
	{"push replication", reasonUploadLost, "an upload that was begun is not known a moment later: backends without the same http secret or the same store, and a front that alternates between them", tryRequest},
	{"push replication", reasonReadOnly, "the registry is read-only: a garbage collection runs, or somebody set it", tryRequest},
	{"push", reasonWriteAccepted, "this site is passive, and took a write all the same: what is pushed here is lost or overwritten by replication", tryRequest},
	{"swift_probe push replication", reasonNoSpace, "the store is full: nothing can be pushed until space is made", "df -h   # on the servers of the store"},
	{"redis", reasonUnavailable, "Redis answers that it cannot serve now: it loads its data, has lost its master or has too many clients", "{redis} INFO"},
	{"", reasonHealthCheckFailed, "the registry's own health check fails, so it refuses every request: look at what it stands on, its store first", tryRequest},
	{"swift swift_probe swift_count", reasonUnavailable + " " + reasonServerError, "Swift's proxy answers, but what is behind it does not: its storage servers or its account database", tryRequest},
	{"msr ping", reasonUnavailable + " " + reasonServerError, "the replica answers, but a container of it fails: its database, or the registry itself", "docker ps -a --filter name=dtr-   # on {host}"},
	{"api", reasonUnavailable + " " + reasonServerError, "the front answers, but what is behind it does not, or fails inside: its log says why", tryRequest},
	{"", reasonUnavailable + " " + reasonServerError, "{endpoint} fails inside: its log says why", tryRequest},
	{"api", reasonBadAnswer, "what answers is no registry: another service, or a login page in front of it", tryRequest},
	{"", reasonBadAnswer, "what answers at {endpoint} is something else than expected: another service, another version, or a login page in front of it", tryRequest},
	{"", reasonRedirected, "{endpoint} sends us elsewhere, and credentials do not follow: put the address that it names into the configuration", tryRequest},
	{"", reasonClientError, "{endpoint} refuses the request itself: it is another service, or a front does not let it through", tryRequest},
	{"", reasonTooLarge, "the answer is larger than any that makes sense: another service answers", tryRequest},
	{"", reasonShortRead, "the answer ends before its end: something on the way cuts it, or the server fails in the midst", tryRequest},
	{"", reasonNoSpace, "there is no space left", "df -h   # on {host}"},
	// Ourselves.
	{"", reasonCanceled, "it was stopped before it had ended", ""},
	{"", reasonPanic, "this is a fault of the exporter: please report it with its log", ""},
	{"", "", "it fails in a way that has no name yet: the words of the error are all there is", tryRequest},
}

// advice is the sentence and the command for a source that failed.
func (l *look) advice(res result, why string) (what, try string) {
	s := res.source
	p := l.place(s)
	var other otherSite
	switch up, _ := res.value(apiUp); {
	case errors.As(res.err, &other):
		return "site " + other.site + " cannot be asked for what was pushed here: what is said of that site tells more", ""
	case isUnasked(res.err) && why == reasonUnauthorized:
		return "the secret cannot be read, so nothing was asked: look at the file and its rights", ""
	case why == reasonForbidden && s.failedAt("cancel"):
		return "the account may push, but not take back what it began, so each push would leave an upload behind: give it the right to delete, or set mode: image", p.fill(tryRequest)
	case up == 1 && !isOurs(why):
		return "the registry answers, but logging in fails on the way: the token server that it names is down, or cannot be reached from here", p.fill(tryRequest)
	}
	for _, a := range advices {
		forIt := a.collectors == "" || slices.Contains(strings.Fields(a.collectors), s.collector)
		if forIt && (a.reasons == "" || slices.Contains(strings.Fields(a.reasons), why)) {
			return p.words(a.what), p.fill(a.try)
		}
	}
	return "", ""
}

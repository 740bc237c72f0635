package node

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

// words tell why an endpoint does not answer as a registry, and how that is mended on this machine.
func (j *judgement) words(e *endpoint, got *answer) *fault {
	reason := source.Reason(got.err)
	host, program := e.host, j.runtime.name()
	f := &fault{reason: reason, what: fmt.Sprintf("%s: %s", e.url(), source.Mask(nil).ErrorText(got.err))}
	switch reason {
	case source.ReasonTLSUnknownAuthority:
		j.unknownCA(f, e, got)
	case source.ReasonTLSHostname, source.ReasonTLSNoIPSAN:
		j.notCovered(f, e, got)
	case source.ReasonTLSExpired:
		f.what, f.try = fmt.Sprintf("the certificate of %s has ended", host), "renew it at the registry, and reload what serves it"
	case source.ReasonTLSNotYetValid:
		f.what, f.try = fmt.Sprintf("the certificate of %s is not valid yet, by the clock of this machine", host), "timedatectl"
	case source.ReasonTLSClientCert:
		f.what = fmt.Sprintf("%s wants a client certificate, and refuses that of %s", host, program)
		if len(e.pairs) == 0 {
			f.what = fmt.Sprintf("%s wants a client certificate, and %s has none for it", host, program)
		}
	case source.ReasonHTTPSOnHTTP:
		f.what, f.try = fmt.Sprintf("%s speaks plain HTTP, and %s asks over HTTPS", host, program), j.runtime.plain(j.registry.Address)
	case source.ReasonHTTPOnHTTPS:
		f.what, f.try = fmt.Sprintf("%s speaks HTTPS, and %s asks over plain HTTP", host, program), fmt.Sprintf("write https:// in place of http:// in %s", e.named)
	case source.ReasonDNS:
		f.what, f.try = fmt.Sprintf("the name %s is not resolved", hostOf(host)), "getent hosts "+hostOf(host)
	case source.ReasonRefused, source.ReasonTimeout, source.ReasonUnreachable, source.ReasonReset:
		f.try = fmt.Sprintf("curl -v %s://%s/v2/", e.scheme, host)
	case source.ReasonNotFound:
		j.notFound(f, e)
	}
	if e.proxy != "" && f.reason != source.ReasonTLSUnknownAuthority {
		f.what += fmt.Sprintf(" (asked through the proxy %s)", e.report().Proxy)
		f.try = cmp.Or(f.try, fmt.Sprintf("add %s to NO_PROXY of %s where it is to be asked directly", hostOf(host), program))
	}
	return f
}

// unknownCA tells where the CA of the certificate is, if it is on this machine, and why the runtime does not read it.
func (j *judgement) unknownCA(f *fault, e *endpoint, got *answer) {
	issuer := "its issuer"
	if leaf := got.shown.leaf(); leaf != nil {
		issuer = fmt.Sprintf("its issuer, %q", plain(issuerOf(leaf)))
	}
	f.what = fmt.Sprintf("%s does not trust the certificate of %s: no CA that it reads is %s", j.runtime.name(), e.host, issuer)
	f.try = j.trustCommand(e, got)
	ca, found := j.caOf(got.shown)
	if !found {
		return
	}
	f.what += "; " + ca.path + " is"
	for _, note := range j.plan.notes { // one of them may say why that file is not read
		about, _, _ := strings.Cut(note.What, " ")
		if note.Try != "" && strings.HasPrefix(ca.path+"/", about+"/") {
			f.what, f.try = fmt.Sprintf("%s does not trust the certificate of %s: %s", j.runtime.name(), e.host, note.What), note.Try
			return
		}
	}
}

// trustCommand is the command that makes the runtime trust the CA of the certificate that was shown.
func (j *judgement) trustCommand(e *endpoint, got *answer) string {
	file := "CA.pem"
	if got.shown != nil {
		if ca, found := j.caOf(got.shown); found {
			file = ca.path
		}
	}
	address := j.registry.Address
	if e.mirror {
		address = e.host
	}
	return j.runtime.trust(address, file)
}

// notCovered tells which names the certificate has.
func (j *judgement) notCovered(f *fault, e *endpoint, got *answer) {
	host := hostOf(e.host)
	c := got.shown.report(host, e.cas)
	if c == nil {
		return
	}
	kind := "DNS:"
	if net.ParseIP(host) != nil {
		kind = "IP:"
	}
	names := "no name at all"
	if len(c.Names) > 0 {
		names = source.FirstFew(c.Names)
	}
	f.what = fmt.Sprintf("the certificate of %s is not for %s: it is for %s", e.host, host, names)
	f.try = fmt.Sprintf("issue the certificate of the registry with subjectAltName=%s%s", kind, host)
	if !j.isTrusted(e, got) {
		f.what += fmt.Sprintf("; nor does %s trust its issuer, %q", j.runtime.name(), c.Issuer)
	}
	if i := slices.IndexFunc(c.Names, func(name string) bool { return net.ParseIP(name) == nil && !strings.HasPrefix(name, "*.") }); i >= 0 {
		f.try += fmt.Sprintf(", or name images by %s", c.Names[i])
	}
}

// isTrusted says whether the endpoint has the CA of the certificate, whatever its name is.
func (j *judgement) isTrusted(e *endpoint, got *answer) bool {
	got.shown.mu.Lock()
	defer got.shown.mu.Unlock()
	return isSignedBy(got.shown.certs, j.pool(e))
}

// notFound tells of a path that is not the one of the API.
func (j *judgement) notFound(f *fault, e *endpoint) {
	switch {
	case e.path != "/v2" && strings.HasSuffix(e.path, "/v2") && strings.Contains(strings.TrimSuffix(e.path, "/v2"), "/v2"):
		f.what, f.try = fmt.Sprintf("%s has nothing below %s: containerd has added /v2 to the path of the mirror", e.host, e.path), "set override_path = true for the host in "+e.named
	case e.path != "/v2":
		f.what, f.try = fmt.Sprintf("%s has nothing below %s", e.host, e.path), fmt.Sprintf("curl -v %s/", e.url())
	case j.image != nil:
		f.what = fmt.Sprintf("%s has no image %s", e.host, e.repository(j.image.Repository)+":"+j.image.Tag)
	}
}

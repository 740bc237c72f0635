package collector

import (
	"cmp"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
)

// A place is the thing that a source asks, as sentences and commands name it. All of it comes from the configuration.
type place struct {
	endpoint   string
	host, port string // that are asked; empty when the endpoint is no address
	name       string // that the certificate is verified for
	caFile     string // empty: the CAs of this machine
	image      string // with the host, as docker pull takes it
	connectTo  bool   // the host that is asked is not the one in the URL
	request    string // the command that asks the same; empty: try the port
}

// placeOf is the place of an endpoint of which nothing else is known.
func placeOf(endpoint string) place {
	p := place{endpoint: endpoint}
	p.host, p.port, _ = net.SplitHostPort(endpoint)
	return p
}

// always makes a place the one of every result.
func (p place) always() func(result) place { return func(result) place { return p } }

// fill puts the place into a command; each value is one word of it.
func (p place) fill(command string) string {
	return strings.NewReplacer(
		"{endpoint}", quote(p.endpoint), "{host}", quote(p.host), "{port}", quote(p.port), "{image}", quote(p.image),
		"{ca}", quote(p.caFile), "{request}", p.requestOrPort(), "{pull}", p.pull(), "{tls}", p.sclient(),
	).Replace(command)
}

// say puts the place into a sentence.
func (p place) say(sentence string) string {
	ca := "this machine's CAs"
	if p.caFile != "" {
		ca = filepath.Base(p.caFile)
	}
	return strings.NewReplacer(
		"{host}", p.host, "{port}", p.port, "{endpoint}", p.endpoint, "{name}", cmp.Or(p.name, p.host), "{image}", p.image, "{ca}", ca,
	).Replace(sentence)
}

func (p place) requestOrPort() string {
	if p.request == "" && p.host != "" {
		return "nc -vz " + quote(p.host) + " " + quote(p.port)
	}
	return p.request
}

// pull is the command that pulls the image. docker refuses a backend, whose certificate has another name or none.
func (p place) pull() string {
	if p.connectTo {
		return "skopeo copy --src-tls-verify=false " + quote("docker://"+p.image) + ` "dir:$(mktemp -d)"`
	}
	return "docker pull " + quote(p.image)
}

// sclient is the command that shows the certificate.
func (p place) sclient() string {
	command := "openssl s_client -connect " + quote(net.JoinHostPort(p.host, p.port))
	if _, err := netip.ParseAddr(p.name); err != nil && p.name != "" {
		command += " -servername " + quote(p.name)
	}
	if p.caFile != "" {
		command += " -CAfile " + quote(p.caFile)
	}
	return command + " </dev/null"
}

// Commands that several sentences lead to.
const (
	tryRequest = "{request}"
	tryPull    = "{pull}"
	tryNames   = "{tls} 2>/dev/null | openssl x509 -noout -ext subjectAltName"
	tryDates   = "{tls} 2>/dev/null | openssl x509 -noout -dates; date"
	tryChain   = "{tls} 2>&1 | grep -E '^(depth|verify)| s:| i:'"
	tryListen  = "ss -ltnp 'sport = :{port}'   # on {host}"
)

// quote makes a text one word for a shell.
func quote(text string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

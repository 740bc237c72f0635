package source

import (
	"cmp"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
)

// A Place is the thing that a source asks, as sentences and commands name it. All of it comes from the configuration.
type Place struct {
	endpoint   string
	Host, Port string // that are asked; empty when the endpoint is no address
	Name       string // that the certificate is verified for
	CAFile     string // empty: the CAs of this machine
	Image      string // with the host, as docker pull takes it
	ConnectTo  bool   // the host that is asked is not the one in the URL
	Request    string // the command that asks the same; empty: try the port
}

// PlaceOf is the place of an endpoint of which nothing else is known.
func PlaceOf(endpoint string) Place {
	p := Place{endpoint: endpoint}
	p.Host, p.Port, _ = net.SplitHostPort(endpoint)
	return p
}

// Always makes a place the one of every result.
func (p Place) Always() func(Result) Place { return func(Result) Place { return p } }

// Fill puts the place into a command; each value is one word of it.
func (p Place) Fill(command string) string {
	return strings.NewReplacer(
		"{endpoint}", Quote(p.endpoint), "{host}", Quote(p.Host), "{port}", Quote(p.Port), "{image}", Quote(p.Image),
		"{ca}", Quote(p.CAFile), "{request}", p.requestOrPort(), "{pull}", p.pull(), "{tls}", p.sclient(),
	).Replace(command)
}

// Say puts the place into a sentence.
func (p Place) Say(sentence string) string {
	ca := "this machine's CAs"
	if p.CAFile != "" {
		ca = filepath.Base(p.CAFile)
	}
	return strings.NewReplacer(
		"{host}", p.Host, "{port}", p.Port, "{endpoint}", p.endpoint, "{name}", cmp.Or(p.Name, p.Host), "{image}", p.Image, "{ca}", ca,
	).Replace(sentence)
}

func (p Place) requestOrPort() string {
	if p.Request == "" && p.Host != "" {
		return "nc -vz " + Quote(p.Host) + " " + Quote(p.Port)
	}
	return p.Request
}

// pull is the command that pulls the image. docker refuses a backend, whose certificate has another name or none.
func (p Place) pull() string {
	if p.ConnectTo {
		return "skopeo copy --src-tls-verify=false " + Quote("docker://"+p.Image) + ` "dir:$(mktemp -d)"`
	}
	return "docker pull " + Quote(p.Image)
}

// sclient is the command that shows the certificate.
func (p Place) sclient() string {
	command := "openssl s_client -connect " + Quote(net.JoinHostPort(p.Host, p.Port))
	if _, err := netip.ParseAddr(p.Name); err != nil && p.Name != "" {
		command += " -servername " + Quote(p.Name)
	}
	if p.CAFile != "" {
		command += " -CAfile " + Quote(p.CAFile)
	}
	return command + " </dev/null"
}

// Commands that several sentences lead to.
const (
	TryRequest = "{request}"
	TryPull    = "{pull}"
	TryNames   = "{tls} 2>/dev/null | openssl x509 -noout -ext subjectAltName"
	TryDates   = "{tls} 2>/dev/null | openssl x509 -noout -dates; date"
	TryChain   = "{tls} 2>&1 | grep -E '^(depth|verify)| s:| i:'"
	TryListen  = "ss -ltnp 'sport = :{port}'   # on {host}"
)

// Quote makes a text one word for a shell.
func Quote(text string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

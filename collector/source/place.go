package source

import (
	"cmp"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
)

// A Place is the thing that a source asks, as sentences and commands name it. Its fields come from the configuration.
type Place struct {
	address    string // value of the label address
	Host, Port string // of the connection; empty when the address is no host:port
	Name       string // host name or IP address in the certificate; empty: Host
	CAFile     string // path; empty: the CAs of this machine
	Image      string // as docker pull takes it, such as registry.example.org/library/base:1.0
	ConnectTo  bool   // Host and Port are those of a backend, while the URL names the front
	Request    string // command that sends the same request; empty: nc tries the port
}

// PlaceOf is the place of an address, with its host and port when it is a host:port.
func PlaceOf(address string) Place {
	p := Place{address: address}
	p.Host, p.Port, _ = net.SplitHostPort(address)
	return p
}

// Always is for Words.Place: p whatever the result is.
func (p Place) Always() func(Result) Place { return func(Result) Place { return p } }

// Fill puts the place into a command. Each of {address}, {host}, {port}, {image} and {ca} becomes one word for a shell;
// {request}, {pull} and {tls} become whole commands.
func (p Place) Fill(command string) string {
	return strings.NewReplacer(
		"{address}", Quote(p.address), "{host}", Quote(p.Host), "{port}", Quote(p.Port), "{image}", Quote(p.Image),
		"{ca}", Quote(p.CAFile), "{request}", p.requestOrPort(), "{pull}", p.pull(), "{tls}", p.sclient(),
	).Replace(command)
}

// Say puts the place into a sentence, for {address}, {host}, {port}, {name}, {image} and {ca}. The latter is the name of
// the file.
func (p Place) Say(sentence string) string {
	ca := "this machine's CAs"
	if p.CAFile != "" {
		ca = filepath.Base(p.CAFile)
	}
	return strings.NewReplacer(
		"{host}", p.Host, "{port}", p.Port, "{address}", p.address, "{name}", cmp.Or(p.Name, p.Host), "{image}", p.Image, "{ca}", ca,
	).Replace(sentence)
}

func (p Place) requestOrPort() string {
	if p.Request == "" && p.Host != "" {
		return "nc -vz " + Quote(p.Host) + " " + Quote(p.Port)
	}
	return p.Request
}

// pull is the command that pulls the image. From a backend it is skopeo: docker cannot leave the name unverified.
func (p Place) pull() string {
	if p.ConnectTo {
		return "skopeo copy --src-tls-verify=false " + Quote("docker://"+p.Image) + ` "dir:$(mktemp -d)"`
	}
	return "docker pull " + Quote(p.Image)
}

// sclient is the openssl command that shows the certificate.
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

// Commands for the field Try of Advice and Finding, which Fill completes.
const (
	TryRequest = "{request}"
	TryPull    = "{pull}"
	TryNames   = "{tls} 2>/dev/null | openssl x509 -noout -ext subjectAltName"
	TryDates   = "{tls} 2>/dev/null | openssl x509 -noout -dates; date"
	TryChain   = "{tls} 2>&1 | grep -E '^(depth|verify)| s:| i:'"
	TryUsage   = "{tls} 2>/dev/null | openssl x509 -noout -text | grep -A 1 -E 'Key Usage|critical'"
	TryListen  = "ss -ltnp 'sport = :{port}'   # on {host}"
)

// Quote makes a text one word for a shell, in single quotes if it needs them.
func Quote(text string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

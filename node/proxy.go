package node

import (
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxies are those that a runtime goes through.
type proxies struct{ http, https, none string }

// forURL is the proxy for an endpoint; empty: it is asked directly. A proxy that is no URL is left out.
func (p proxies) forURL(e *endpoint) string {
	c := httpproxy.Config{HTTPProxy: p.http, HTTPSProxy: p.https, NoProxy: p.none}
	u, err := c.ProxyFunc()(&url.URL{Scheme: e.scheme, Host: e.host, Path: "/"})
	if err != nil || u == nil {
		return ""
	}
	return u.String()
}

// unitProxies reads the proxies that systemd gives to a service: Environment= of its unit and drop-ins, and environment files.
// The last word counts.
func (m *machine) unitProxies(unit string, environmentFiles ...string) (p proxies, files []string) {
	read := []string{"/etc/systemd/system/" + unit + ".service"}
	read = append(read, m.glob("/etc/systemd/system/"+unit+".service.d/*.conf")...)
	for _, file := range append(read, environmentFiles...) {
		text, err := m.read(file)
		if err != nil {
			continue
		}
		found := false
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
				continue
			}
			for _, one := range assignments(strings.TrimPrefix(line, "Environment=")) {
				found = p.set(one) || found
			}
		}
		if found {
			files = append(files, file)
		}
	}
	return p, files
}

// set takes an assignment such as HTTPS_PROXY=http://10.0.0.1:3128, and says whether it is about a proxy.
func (p *proxies) set(assignment string) bool {
	name, value, _ := strings.Cut(assignment, "=")
	switch strings.ToUpper(name) {
	case "HTTP_PROXY":
		p.http = value
	case "HTTPS_PROXY":
		p.https = value
	case "NO_PROXY":
		p.none = value
	default:
		return false
	}
	return true
}

// assignments are those of a line, each with or without quotes: "A=b c" D=e.
func assignments(line string) (all []string) {
	var quote rune
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			all = append(all, word.String())
			word.Reset()
		}
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && (r == ' ' || r == '\t'):
			end()
		default:
			word.WriteRune(r)
		}
	}
	end()
	return all
}

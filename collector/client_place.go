package collector

import (
	"net"
	"strings"
)

// at is the place of a path that the client asks with the account of the configuration.
func (c *client) at(path string) place { return c.placeAt(path, c.user) }

// openAt is the place of a path that the client asks without an account.
func (c *client) openAt(path string) place { return c.placeAt(path, "") }

func (c *client) placeAt(path, user string) place {
	p := placeOf(c.endpoint)
	u := *c.url
	if c.host != "" {
		u.Host, p.connectTo = c.host, true
	}
	if path != "" {
		u.Path = path
	}
	p.name, p.caFile = u.Hostname(), c.tls.CAFile
	if c.tls.ServerName != "" {
		p.name = c.tls.ServerName
	}
	p.request = c.curl(p, u.Scheme+"://"+u.Host+u.Path, user)
	return p
}

// curl is the command that asks url at the place. It asks for the password.
func (c *client) curl(p place, url, user string) string {
	command := []string{"curl", "-sS -i -m 20"}
	if c.tls.CAFile != "" {
		command = append(command, "--cacert", quote(c.tls.CAFile))
	}
	if c.tls.CertFile != "" {
		command = append(command, "--cert", quote(c.tls.CertFile), "--key", quote(c.tls.KeyFile))
	}
	if p.connectTo {
		command = append(command, "--connect-to", quote("::"+net.JoinHostPort(p.host, p.port)))
	}
	if user != "" {
		command = append(command, "-u", quote(user))
	}
	return strings.Join(append(command, quote(url)), " ")
}

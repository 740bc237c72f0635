package ask

import (
	"net"
	"strings"

	"registry_exporter/collector/source"
)

// At returns the place of a path that the client asks with its credentials. An empty path means the URL of the client.
func (c *Client) At(path string) source.Place { return c.placeAt(path, c.user) }

// OpenAt returns the place of a path that the client asks without credentials.
func (c *Client) OpenAt(path string) source.Place { return c.placeAt(path, "") }

func (c *Client) placeAt(path, user string) source.Place {
	p := source.PlaceOf(c.Address)
	u := *c.URL
	if c.Host != "" {
		u.Host, p.ConnectTo = c.Host, true
	}
	if path != "" {
		u.Path = path
	}
	p.Name, p.CAFile = u.Hostname(), c.tls.CAFile
	if c.tls.ServerName != "" {
		p.Name = c.tls.ServerName
	}
	p.Request = c.curl(p, u.Scheme+"://"+u.Host+u.Path, user)
	return p
}

// curl returns the curl command that asks the url. curl itself asks for the password of user.
func (c *Client) curl(p source.Place, url, user string) string {
	command := []string{"curl", "-sS -i -m 20"}
	if c.tls.CAFile != "" {
		command = append(command, "--cacert", source.Quote(c.tls.CAFile))
	}
	if c.tls.CertFile != "" {
		command = append(command, "--cert", source.Quote(c.tls.CertFile), "--key", source.Quote(c.tls.KeyFile))
	}
	if p.ConnectTo {
		command = append(command, "--connect-to", source.Quote("::"+net.JoinHostPort(p.Host, p.Port)))
	}
	if user != "" {
		command = append(command, "-u", source.Quote(user))
	}
	return strings.Join(append(command, source.Quote(url)), " ")
}

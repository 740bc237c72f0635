package node

import (
	"fmt"
	"strings"
)

// planOld is the plan of a containerd without config_path: registry.mirrors and registry.configs of before containerd 2.
func (c *containerd) planOld(p *plan, r *Registry) {
	mirrors, found := c.old.Mirrors[r.Address]
	if !found {
		mirrors = c.old.Mirrors["*"]
	}
	own := false
	for _, text := range mirrors.Endpoints {
		if !strings.Contains(text, "://") && isLocalhost(text) {
			text = "http://" + text
		}
		e, err := parseEndpoint(text)
		if err != nil {
			p.refused = invalid(fmt.Sprintf("the endpoint %q of registry.mirrors in %s is no URL: containerd pulls nothing from the registry", text, containerdFile), "fix "+containerdFile)
			return
		}
		e.mirror, e.named = e.host != r.Address, containerdFile
		own = own || !e.mirror
		p.endpoints = append(p.endpoints, e)
	}
	if !own {
		e := itself(r.Address)
		if isLocalhost(r.Address) {
			e.scheme = "http"
		}
		p.endpoints = append(p.endpoints, e)
	}
	for _, e := range p.endpoints {
		c.fillOld(p, e)
	}
	if c.version >= 3 && len(c.old.Configs) > 0 {
		p.note(c.setConfigPath(), "registry.configs in "+containerdFile+" is of before containerd 2, which reads no tls there")
	}
}

// fillOld adds what registry.configs says of an endpoint.
func (c *containerd) fillOld(p *plan, e *endpoint) {
	config := c.old.Configs[e.host]
	if auth := config.Auth; auth != nil {
		e.login = login{file: containerdFile, username: auth.Username, password: auth.Password}
		if user, pass, found := decodeAuth(auth.Auth); found {
			e.login.username, e.login.password = user, pass
		}
		if !e.mirror && !p.login.found() {
			p.login = e.login
		}
	}
	t := config.TLS
	if t == nil || c.version >= 3 {
		return
	}
	if t.SkipVerify {
		e.skip = "insecure_skip_verify in " + containerdFile
	}
	if t.CA != "" {
		ca, err := c.m.readCA(t.CA)
		if err == nil && len(ca.certs) == 0 {
			err = fmt.Errorf("%s has no certificate in PEM", t.CA)
		}
		if err != nil {
			p.refused = invalid(fmt.Sprintf("ca_file of registry.configs in %s: %s: containerd pulls nothing from the registry", containerdFile, err), "ls -lL "+t.CA)
			return
		}
		e.cas = []caFile{ca}
	}
	if t.Cert+t.Key != "" {
		pair, err := c.m.readPair(t.Cert, t.Key)
		if err != nil {
			p.refused = &fault{reasonClientCertificate, fmt.Sprintf("cert_file and key_file of registry.configs in %s: %s", containerdFile, err), "fix " + containerdFile}
			return
		}
		e.pairs = append(e.pairs, pair)
	}
}

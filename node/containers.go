package node

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Files of the library that podman, skopeo, buildah and CRI-O share.
const (
	registriesConf = "/etc/containers/registries.conf"
	registriesUsr  = "/usr/share/containers/registries.conf"
	policyFile     = "/etc/containers/policy.json"
	policyUsr      = "/usr/share/containers/policy.json"
	containersCert = "/etc/containers/certs.d"
	crioFile       = "/etc/crio/crio.conf"
)

// containers is podman, or CRI-O: registries.conf, certs.d, policy.json and logins.
type containers struct {
	m        *machine
	program  string // podman or cri-o
	files    []string
	conf     *registriesFile
	insecure []string // insecure_registries of crio.conf
	policy   *policy
	proxies  proxies
	auths    []*authFile
	wrong    *fault
	notes    []Note
}

// newPodman is nil where none of the programs of its family is installed.
func newPodman(m *machine, homes []string) runtime {
	if !m.hasAny("/usr/bin/podman", "/usr/local/bin/podman", "/usr/bin/buildah", "/usr/bin/skopeo") &&
		(hasCrio(m) || !m.hasAny(registriesConf, policyFile)) {
		return nil
	}
	c := &containers{m: m, program: "podman"}
	auths := []string{"/run/containers/0/auth.json"}
	for _, home := range homes {
		auths = append(auths, path.Join(home, ".config/containers/auth.json"), path.Join(home, ".docker/config.json"))
	}
	c.read(policyFile)
	c.auths, c.notes = m.readAuthFiles(auths...)
	return c
}

func hasCrio(m *machine) bool {
	return m.hasAny("/etc/crio", "/usr/bin/crio", "/usr/local/bin/crio")
}

// newCrio is nil where CRI-O is not installed.
func newCrio(m *machine) runtime {
	if !hasCrio(m) {
		return nil
	}
	c := &containers{m: m, program: "cri-o"}
	var crio crioImage
	if crio, c.files, c.wrong = m.readCrio(); c.wrong != nil {
		return c
	}
	c.insecure = crio.Insecure
	c.read(cmp.Or(crio.Policy, policyFile))
	var files []string
	c.proxies, files = m.unitProxies("crio", "/etc/sysconfig/crio", "/etc/default/crio")
	c.files = append(c.files, files...)
	auths := kubeletAuths
	if crio.Auth != "" {
		auths = append([]string{crio.Auth}, auths...)
	}
	c.auths, c.notes = m.readAuthFiles(auths...)
	return c
}

// read reads registries.conf and the policy.
func (c *containers) read(policyFile string) {
	conf, files, err := c.m.readRegistries()
	c.files = append(c.files, files...)
	if err != nil {
		c.wrong = &fault{reasonConfigInvalid, fmt.Sprintf("%s: %s pulls nothing", err, c.program), "fix " + registriesConf}
		return
	}
	c.conf = conf
	if c.policy, err = c.m.readPolicy(policyFile); err != nil {
		c.wrong = &fault{
			reasonPolicy, fmt.Sprintf("%s: %s pulls nothing", err, c.program),
			fmt.Sprintf("write {\"default\": [{\"type\": \"insecureAcceptAnything\"}]} into %s, or the policy that you want", policyFile),
		}
		return
	}
	c.files = append(c.files, c.policy.file)
}

func (c *containers) name() string { return c.program }

func (c *containers) plan(r *Registry, repository string) *plan {
	p := &plan{files: c.files, refused: c.wrong, notes: slices.Clone(c.notes), login: loginOf(c.auths, r.Address, repository), pods: c.program == "cri-o"}
	if p.refused != nil {
		return p
	}
	if p.refused = c.policy.refusal(p, r.Address, repository); p.refused != nil {
		return p
	}
	table := c.conf.find(r.Address, repository)
	if table == nil {
		e := itself(r.Address)
		c.secure(p, e, r.Address, false)
		p.endpoints = []*endpoint{e}
		return p
	}
	if table.Blocked {
		p.refused = &fault{reasonBlocked, fmt.Sprintf("%s blocks %s: %s asks nobody", table.file, table.Prefix, c.program), fmt.Sprintf("take blocked = true away from the registry %q in %s", table.Prefix, table.file)}
		return p
	}
	for _, mirror := range table.Mirrors {
		e := c.locate(r.Address, repository, table.Prefix, mirror.Location)
		e.mirror, e.named = true, table.file
		digestOnly := table.DigestOnly || mirror.From == "digest-only"
		e.pulls = func(digested bool) bool { return digested || !digestOnly }
		if mirror.From == "tag-only" {
			e.pulls = func(digested bool) bool { return !digested }
		}
		e.login = loginOf(c.auths, e.host, e.repository(repository))
		c.secure(p, e, e.host, mirror.Insecure)
		p.endpoints = append(p.endpoints, e)
	}
	e := c.locate(r.Address, repository, table.Prefix, table.Location)
	e.named = table.file
	e.login = loginOf(c.auths, e.host, e.repository(repository))
	p.login = e.login
	c.secure(p, e, e.host, table.Insecure)
	p.endpoints = append(p.endpoints, e)
	return p
}

// locate is the endpoint at a location, which stands in place of the prefix of an image's name.
func (c *containers) locate(address, repository, prefix, location string) *endpoint {
	if location == "" { // a table for *.example.org
		return itself(address)
	}
	rewrite := func(repository string) (host, rest string) {
		name := address + "/" + repository
		if strings.HasPrefix(prefix, "*.") {
			prefix = address
		}
		host, rest, _ = strings.Cut(location+strings.TrimPrefix(name, prefix), "/")
		return host, rest
	}
	host, _ := rewrite(repository)
	e := itself(host)
	e.rename = func(repository string) string {
		_, rest := rewrite(repository)
		return rest
	}
	return e
}

// secure fills in how an endpoint is trusted. The folder is that of the first certs.d that has one; it is read without verification, too.
func (c *containers) secure(p *plan, e *endpoint, address string, insecure bool) {
	switch {
	case insecure:
		e.skip = "insecure = true in " + cmp.Or(e.named, registriesConf)
	case slices.ContainsFunc(c.insecure, func(entry string) bool { return matchesInsecure(entry, address) }):
		e.skip = "insecure_registries in " + crioFile
	}
	e.fallback = e.skip != ""
	e.proxy = c.proxies.forURL(e)
	for _, certs := range []string{containersCert, dockerCert} {
		dir := path.Join(certs, address)
		if !c.m.isFolder(dir) {
			continue
		}
		folder := c.m.readCertFolder(dir)
		e.cas, e.pairs = folder.cas, folder.pairs
		p.files = append(slices.Clone(p.files), dir)
		p.notes = append(p.notes, folder.notes...)
		p.refused = cmp.Or(p.refused, folder.wrong, folder.key)
		return
	}
	for _, certs := range []string{containersCert, dockerCert} {
		p.noteBeside(c.m, c.program, certs, address)
	}
}

func (c *containers) trust(address, caFile string) string {
	dir := path.Join(containersCert, address)
	if own := path.Join(dockerCert, address); c.m.isFolder(own) && !c.m.isFolder(dir) {
		dir = own
	}
	return fmt.Sprintf("install -D -m 644 %s %s/ca.crt    # %s reads it at the next pull", caFile, dir, c.program)
}

func (c *containers) plain(address string) string {
	reload := ""
	if c.program == "cri-o" {
		reload = ", and systemctl reload crio"
	}
	return fmt.Sprintf("add [[registry]] location = %q insecure = true to %s%s; better: serve the registry over TLS", address, registriesConf, reload)
}

func (c *containers) login(address string) string {
	if c.program == "cri-o" {
		return podLogin(address)
	}
	return "podman login " + address
}

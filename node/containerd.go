package node

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

const (
	containerdFile  = "/etc/containerd/config.toml"
	containerdCerts = "/etc/containerd/certs.d"
)

// containerd is containerd as the kubelet uses it: config.toml with its imports, the folders of config_path, and the logins of kubelet.
type containerd struct {
	m       *machine
	files   []string
	dirs    []string // config_path
	old     criRegistry
	local   bool // it does not pull through its transfer service
	version int  // of config.toml; 0: there is none
	proxies proxies
	auths   []*authFile
	wrong   *fault
	notes   []Note
}

// kubeletAuths are the files in which the kubelet looks for logins that are not those of pods.
var kubeletAuths = []string{"/var/lib/kubelet/config.json", "/root/.docker/config.json", "/.docker/config.json"}

// newContainerd is nil where there is no containerd, or only one that Docker uses and no kubelet can.
func newContainerd(m *machine) runtime {
	isDockers := m.hasAny("/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd")
	if !m.hasAny(containerdFile, containerdCerts) && (isDockers || !m.hasAny("/usr/bin/containerd", "/usr/local/bin/containerd")) {
		return nil
	}
	c := &containerd{m: m}
	disabled := c.read()
	if disabled {
		return nil
	}
	var files []string
	c.proxies, files = m.unitProxies("containerd")
	c.files = append(c.files, files...)
	var notes []Note
	c.auths, notes = m.readAuthFiles(kubeletAuths...)
	c.notes = append(c.notes, notes...)
	return c
}

func (c *containerd) name() string { return "containerd" }

func (c *containerd) plan(r *Registry, repository string) *plan {
	p := &plan{files: slices.Clone(c.files), refused: c.wrong, notes: slices.Clone(c.notes), login: loginOf(c.auths, r.Address, repository), pods: true}
	if p.refused != nil {
		return p
	}
	if len(c.dirs) == 0 {
		c.planOld(p, r)
	} else {
		c.planDirs(p, r)
	}
	for _, e := range p.endpoints {
		e.proxy = c.proxies.forURL(e)
	}
	return p
}

// folderOf is the folder of a registry: the first of HOST_PORT_, HOST:PORT and _default in the first folder of config_path that has
// one; empty when none has.
func (c *containerd) folderOf(address string) string {
	names := []string{address, "_default"}
	if i := strings.LastIndex(address, ":"); i > 0 {
		names = slices.Insert(names, 0, address[:i]+"_"+address[i+1:]+"_")
	}
	for _, dir := range c.dirs {
		for _, name := range names {
			if c.m.has(path.Join(dir, name)) {
				return path.Join(dir, name)
			}
		}
	}
	return ""
}

// planDirs is the plan where config_path names folders.
func (c *containerd) planDirs(p *plan, r *Registry) {
	dir := c.folderOf(r.Address)
	if dir == "" || path.Base(dir) == "_default" {
		p.noteBeside(c.m, "containerd", c.dirs[0], r.Address)
	}
	if dir == "" {
		p.endpoints = []*endpoint{containerdItself(r.Address)}
		return
	}
	file := path.Join(dir, hostsTOML)
	text, err := c.m.read(file)
	if err != nil && c.m.has(file) {
		p.refused = invalid(err.Error(), "ls -lL "+file)
		return
	}
	if len(text) == 0 {
		c.planCerts(p, r, dir)
		return
	}
	p.files = append(p.files, file)
	hosts, err := parseHosts(text)
	if err != nil {
		p.note("fix "+file, fmt.Sprintf("%s %s: containerd goes on without it, and takes the certificates beside it", file, err))
		c.planCerts(p, r, dir)
		return
	}
	if p.endpoints, err = hosts.endpoints(c.m, dir, r); err != nil {
		p.refused = invalid(fmt.Sprintf("%s: %s: containerd pulls nothing from the registry", file, err), "fix "+file)
	}
	hosts.noteUnused(c.m, p, dir)
}

// noteUnused notes certificates beside a hosts.toml that does not name them.
func (f *hostsFile) noteUnused(m *machine, p *plan, dir string) {
	used := map[string]bool{}
	for _, e := range p.endpoints {
		for _, ca := range e.cas {
			used[ca.path] = true
		}
		for _, one := range e.pairs {
			used[one.certFile], used[one.keyFile] = true, true
		}
	}
	for _, name := range m.list(dir) {
		file := path.Join(dir, name)
		if text, err := m.read(file); err == nil && !used[file] && looksLikeCertificate(text) {
			p.note(fmt.Sprintf("add ca = %q to the host in %s", file, path.Join(dir, hostsTOML)), fmt.Sprintf("%s is not read: %s does not name it, and where there is a hosts.toml containerd reads no other file", file, hostsTOML))
		}
	}
}

// planCerts is the plan of a folder without hosts.toml: containerd reads its certificates as Docker does, and is less strict.
func (c *containerd) planCerts(p *plan, r *Registry, dir string) {
	e := containerdItself(r.Address)
	folder := c.m.readCertFolder(dir)
	e.cas, e.pairs = folder.cas, folder.pairs
	p.files = append(p.files, dir)
	p.notes = append(p.notes, folder.notes...)
	for _, ca := range folder.cas {
		if len(ca.certs) == 0 {
			p.refused = invalid(ca.path+" has no certificate in PEM: containerd pulls nothing from the registry", "openssl x509 -noout -subject -in "+ca.path)
		}
	}
	p.refused = cmp.Or(p.refused, folder.wrong)
	p.endpoints = []*endpoint{e}
}

func (c *containerd) trust(address, caFile string) string {
	if len(c.dirs) == 0 {
		return fmt.Sprintf("install -D -m 644 %s %s/%s/ca.crt; then %s", caFile, containerdCerts, address, c.setConfigPath())
	}
	dir := path.Join(c.dirs[0], address)
	if own := c.folderOf(address); own != "" {
		dir = own
	}
	if c.m.has(path.Join(dir, hostsTOML)) {
		return fmt.Sprintf("install -m 644 %s %s/ca.crt, and add ca = \"ca.crt\" to the host in %s", caFile, dir, path.Join(dir, hostsTOML))
	}
	return fmt.Sprintf("install -D -m 644 %s %s/ca.crt    # containerd reads it at the next pull", caFile, dir)
}

func (c *containerd) plain(address string) string {
	if len(c.dirs) == 0 {
		return c.setConfigPath() + fmt.Sprintf("; then write server = \"http://%s\" into %s/%s/hosts.toml", address, containerdCerts, address)
	}
	return fmt.Sprintf("write server = \"http://%s\" into %s/%s/hosts.toml; better: serve the registry over TLS", address, c.dirs[0], address)
}

func (c *containerd) login(address string) string { return podLogin(address) }

// podLogin gives pods a login.
func podLogin(address string) string {
	return "kubectl create secret docker-registry NAME --docker-server=" + address + " --docker-username=USER --docker-password=PASSWORD, and name it in imagePullSecrets of the pods"
}

package node

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// k3s is k3s or RKE2: registries.yaml, of which it writes files for its own containerd when it starts.
type k3s struct {
	m       *machine
	program string // k3s or rke2
	file    string // registries.yaml
	files   []string
	config  k3sConfig
	proxies proxies
	auths   []*authFile
	wrong   *fault
	notes   []Note
}

type k3sConfig struct {
	Mirrors map[string]k3sMirror    `yaml:"mirrors"`
	Configs map[string]k3sEndpoints `yaml:"configs"`
}

type k3sMirror struct {
	Endpoints []string          `yaml:"endpoint"`
	Rewrites  map[string]string `yaml:"rewrite"`
}

type k3sEndpoints struct {
	Auth *struct {
		Username string `yaml:"username"`
		Password string `yaml:"password"`
		Auth     string `yaml:"auth"`
		Token    string `yaml:"identity_token"`
	} `yaml:"auth"`
	TLS *struct {
		CA         string `yaml:"ca_file"`
		Cert       string `yaml:"cert_file"`
		Key        string `yaml:"key_file"`
		SkipVerify bool   `yaml:"insecure_skip_verify"`
	} `yaml:"tls"`
}

// newK3s is nil where the program is not installed.
func newK3s(m *machine, program string) runtime {
	if !m.hasAny("/etc/rancher/"+program, "/usr/local/bin/"+program, "/var/lib/rancher/"+program) {
		return nil
	}
	k := &k3s{m: m, program: program, file: "/etc/rancher/" + program + "/registries.yaml"}
	k.proxies, k.files = m.unitProxies(program, "/etc/default/"+program, "/etc/systemd/system/"+program+".service.env")
	k.auths, k.notes = m.readAuthFiles(kubeletAuths...)
	text, err := m.read(k.file)
	if err != nil {
		if m.has(k.file) {
			k.wrong = invalid(err.Error(), "ls -lL "+k.file)
		}
		return k
	}
	k.files = append(k.files, k.file)
	if err := yaml.Unmarshal(text, &k.config); err != nil { // the error may quote a password
		k.wrong = invalid(fmt.Sprintf("%s is no valid YAML, or has other keys: %s does not start with it", k.file, program), "fix "+k.file)
	}
	return k
}

func (k *k3s) name() string { return k.program }

func (k *k3s) plan(r *Registry, repository string) *plan {
	p := &plan{files: slices.Clone(k.files), refused: k.wrong, notes: slices.Clone(k.notes), login: loginOf(k.auths, r.Address, repository), pods: true}
	if p.refused != nil {
		return p
	}
	mirror, found := k.config.Mirrors[r.Address]
	if own := k.config.Configs[r.Address]; !found && own.Auth == nil && own.TLS == nil { // what names a registry takes it out of "*"
		mirror = k.config.Mirrors["*"]
	}
	own := containerdItself(r.Address)
	for i, text := range mirror.Endpoints {
		if e := k.endpoint(p, mirror, text, r.Address); e != nil {
			if i+1 == len(mirror.Endpoints) && e.url() == own.url() {
				own = e
				break
			}
			p.endpoints = append(p.endpoints, e)
		}
	}
	own.mirror = false
	p.endpoints = append(p.endpoints, own)
	for _, e := range p.endpoints {
		k.fill(p, e, r.Address)
		e.proxy = k.proxies.forURL(e)
	}
	k.noteOtherPort(p, r.Address)
	return p
}

// endpoint is one of a mirror; nil when k3s leaves it out, too. A path other than /v2 is taken as it is.
func (k *k3s) endpoint(p *plan, mirror k3sMirror, text, address string) *endpoint {
	e, err := parseEndpoint(text)
	if err != nil {
		p.note("fix "+k.file, fmt.Sprintf("the endpoint %q in %s is no URL: %s leaves it out", text, k.file, k.program))
		return nil
	}
	e.mirror, e.named = true, k.file
	e.rename = func(repository string) string { return rewritten(mirror.Rewrites, repository) }
	for _, pattern := range slices.Sorted(maps.Keys(mirror.Rewrites)) {
		if _, err := regexp.Compile(pattern); err != nil {
			p.note("fix "+k.file, fmt.Sprintf("the rewrite %q of %s in %s is no regular expression", pattern, address, k.file))
		}
	}
	return e
}

// rewritten is a repository after the first rewrite that matches.
func rewritten(rewrites map[string]string, repository string) string {
	for _, pattern := range slices.Sorted(maps.Keys(rewrites)) {
		if re, err := regexp.Compile(pattern); err == nil && re.MatchString(repository) {
			return re.ReplaceAllString(repository, rewrites[pattern])
		}
	}
	return repository
}

// configOf is that of an endpoint. Where it has none, that of "*" counts for a registry that nothing else names.
func (k *k3s) configOf(e *endpoint, address string) k3sEndpoints {
	if config, found := k.config.Configs[e.host]; found {
		return config
	}
	if config, found := k.config.Configs[address]; found && !e.mirror {
		return config
	}
	if _, named := k.config.Mirrors[address]; !named && !e.mirror {
		return k.config.Configs["*"]
	}
	return k3sEndpoints{}
}

// fill adds what configs says of an endpoint.
func (k *k3s) fill(p *plan, e *endpoint, address string) {
	config := k.configOf(e, address)
	if auth := config.Auth; auth != nil {
		e.login = login{file: k.file, username: auth.Username, password: auth.Password}
		if user, pass, found := decodeAuth(auth.Auth); found {
			e.login.username, e.login.password = user, pass
		}
		if !e.mirror && !p.login.found() {
			p.login = e.login
		}
	}
	t := config.TLS
	if t == nil {
		return
	}
	e.named = k.file
	if t.SkipVerify {
		e.skip = "insecure_skip_verify in " + k.file
	}
	if t.CA != "" {
		ca, err := k.m.readCA(t.CA)
		if err == nil && len(ca.certs) == 0 {
			err = fmt.Errorf("%s has no certificate in PEM", t.CA)
		}
		if err != nil {
			p.refused = invalid(fmt.Sprintf("ca_file of %s in %s: %s: nothing is pulled from the registry", e.host, k.file, err), "ls -lL "+t.CA)
		}
		e.cas = append(e.cas, ca)
	}
	if t.Cert+t.Key != "" {
		one, err := k.m.readPair(t.Cert, t.Key)
		if err != nil {
			p.refused = &fault{reasonClientCertificate, fmt.Sprintf("cert_file and key_file of %s in %s: %s", e.host, k.file, err), "fix " + k.file}
		}
		e.pairs = append(e.pairs, one)
	}
}

// noteOtherPort notes a configuration of the same host with another port, or none.
func (k *k3s) noteOtherPort(p *plan, address string) {
	if _, found := k.config.Configs[address]; found {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(k.config.Configs)) {
		if hostOf(key) == hostOf(address) {
			p.note(fmt.Sprintf("name it %q in configs of %s, and systemctl restart %s", address, k.file, k.program),
				fmt.Sprintf("configs in %s has %q, which is not %q: %s compares both with their ports", k.file, key, address, k.program))
		}
	}
}

func (k *k3s) trust(address, caFile string) string {
	return fmt.Sprintf("add to %s: configs: {%q: {tls: {ca_file: %s}}}, and systemctl restart %s", k.file, address, caFile, k.program)
}

func (k *k3s) plain(address string) string {
	return fmt.Sprintf("add to %s: mirrors: {%q: {endpoint: [\"http://%s\"]}}, and systemctl restart %s; better: serve the registry over TLS", k.file, address, address, k.program)
}

func (k *k3s) login(address string) string { return podLogin(address) }

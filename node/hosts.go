package node

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// A hostsFile is the content of hosts.toml: the hosts in the order in which they stand there, and the registry itself.
type hostsFile struct {
	hostTable
	Server string               `toml:"server"`
	Hosts  map[string]hostTable `toml:"host"`
	order  []string             // keys of Hosts
}

// A hostTable is what hosts.toml says of a host.
type hostTable struct {
	Capabilities []string `toml:"capabilities"`
	CA           any      `toml:"ca"`     // a file, or several
	Client       any      `toml:"client"` // a file with certificate and key, several of them, or pairs of files
	SkipVerify   *bool    `toml:"skip_verify"`
	OverridePath bool     `toml:"override_path"`
}

// parseHosts reads a hosts.toml. With its errors containerd goes on without the file.
func parseHosts(text []byte) (*hostsFile, error) {
	f := &hostsFile{}
	meta, err := toml.Decode(string(text), f)
	if err != nil {
		return nil, fmt.Errorf("is no valid TOML%s", strings.TrimSuffix(lineOfTOML(err), ","))
	}
	if err := f.hostTable.check(f.Server); err != nil {
		return nil, err
	}
	for host, table := range f.Hosts {
		if err := table.check(host); err != nil {
			return nil, err
		}
	}
	for _, key := range meta.Keys() {
		if len(key) > 1 && key[0] == "host" && !slices.Contains(f.order, key[1]) {
			f.order = append(f.order, key[1])
		}
	}
	return f, nil
}

// endpoints are those that containerd asks for a registry, as its hosts.toml in dir says.
func (f *hostsFile) endpoints(m *machine, dir string, r *Registry) ([]*endpoint, error) {
	var all []*endpoint
	for _, host := range f.order {
		e, err := f.Hosts[host].endpoint(m, dir, host)
		if err != nil {
			return nil, err
		}
		e.mirror = true
		all = append(all, e)
	}
	if f.Server != "" {
		e, err := f.hostTable.endpoint(m, dir, f.Server)
		return append(all, e), err
	}
	e := containerdItself(r.Address)
	if err := f.fill(m, dir, e); err != nil {
		return nil, err
	}
	e.pulls = nil // capabilities are of a server that is named
	e.named = path.Join(dir, hostsTOML)
	return append(all, e), nil
}

const hostsTOML = "hosts.toml"

// containerdItself is a registry without a hosts.toml. containerd asks an address of this machine without verification, and over
// plain HTTP where HTTPS fails.
func containerdItself(address string) *endpoint {
	e := itself(address)
	if isLocalhost(address) && !strings.HasSuffix(address, ":80") {
		e.skip = "containerd itself, for this machine"
		e.fallback = strings.Contains(address, ":") && !strings.HasSuffix(address, ":443")
	}
	return e
}

// endpoint is that of a host. As in containerd, /v2 is added to a path that does not end so, unless override_path is set.
func (t hostTable) endpoint(m *machine, dir, host string) (*endpoint, error) {
	if !strings.HasPrefix(host, "http") {
		host = "https://" + host
	}
	e, err := parseEndpoint(host)
	if err != nil {
		return nil, fmt.Errorf("%q is no URL", host)
	}
	switch bare := !strings.Contains(host[strings.Index(host, "://")+3:], "/"); {
	case bare && t.OverridePath:
		e.path = ""
	case !strings.HasSuffix(e.path, "/v2") && !t.OverridePath:
		e.path += "/v2"
	}
	e.named = path.Join(dir, hostsTOML)
	return e, t.fill(m, dir, e)
}

// fill adds what the table says of trust. Its errors are those with which containerd pulls nothing.
func (t hostTable) fill(m *machine, dir string, e *endpoint) error {
	explicit := t.SkipVerify != nil || t.CA != nil || t.Client != nil
	if t.SkipVerify != nil {
		e.skip = ""
		if *t.SkipVerify {
			e.skip = "skip_verify in " + path.Join(dir, hostsTOML)
		}
	}
	if e.scheme == "http" && explicit && !strings.HasSuffix(e.host, ":80") { // HTTPS is tried first
		e.scheme, e.fallback = "https", true
	}
	e.pulls = capable(t.Capabilities)
	cas, err := texts(t.CA)
	if err != nil {
		return err
	}
	for _, file := range cas {
		ca, err := m.readCA(absolute(dir, file))
		if err == nil && len(ca.certs) == 0 {
			err = fmt.Errorf("%s has no certificate in PEM", ca.path)
		}
		if err != nil {
			return err
		}
		e.cas = append(e.cas, ca)
	}
	e.pairs, err = t.pairs(m, dir)
	return err
}

// check looks for what containerd cannot read in a table.
func (t hostTable) check(host string) error {
	if _, err := parseEndpoint(host); host != "" && err != nil {
		return fmt.Errorf("has %q, which is no URL", host)
	}
	if slices.ContainsFunc(t.Capabilities, isNoCapability) {
		return fmt.Errorf("has a capability that is none of pull, resolve, push, referrers: %s", quoted(t.Capabilities))
	}
	if _, err := texts(t.CA); err != nil {
		return errors.New("has a ca that is no file, and no list of files")
	}
	_, err := t.clientFiles()
	return err
}

func isNoCapability(word string) bool {
	return !slices.Contains([]string{"pull", "resolve", "push", "referrers"}, strings.ToLower(word))
}

// capable says for which images a host with capabilities is asked: by tag it has to resolve, too.
func capable(capabilities []string) func(digested bool) bool {
	if len(capabilities) == 0 {
		return nil
	}
	var low []string
	for _, one := range capabilities {
		low = append(low, strings.ToLower(one))
	}
	return func(digested bool) bool {
		return slices.Contains(low, "pull") && (digested || slices.Contains(low, "resolve"))
	}
}

// clientFiles are the files of client certificates: one, which has the key, too, or two.
func (t hostTable) clientFiles() (all [][]string, err error) {
	one, isOne := t.Client.(string)
	list, isList := t.Client.([]any)
	wrong := errors.New("has a client that is no file, no list of files, and no list of pairs of files")
	switch {
	case t.Client == nil:
		return nil, nil
	case isOne:
		list = []any{one}
	case !isList:
		return nil, wrong
	}
	for _, entry := range list {
		files, err := texts(entry)
		_, isPair := entry.([]any)
		if err != nil || isPair && len(files) != 2 {
			return nil, wrong
		}
		all = append(all, files)
	}
	return all, nil
}

// pairs are the client certificates.
func (t hostTable) pairs(m *machine, dir string) (all []pair, err error) {
	list, err := t.clientFiles()
	for _, files := range list {
		p, err := m.readPair(absolute(dir, files[0]), absolute(dir, files[len(files)-1]))
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, err
}

// readPair reads a client certificate and its key, which may be in one file.
func (m *machine) readPair(certFile, keyFile string) (p pair, err error) {
	p.certFile, p.keyFile = certFile, keyFile
	if p.cert, err = m.read(certFile); err != nil {
		return p, err
	}
	if p.key, err = m.read(keyFile); err != nil {
		return p, err
	}
	return p, p.valid()
}

// texts are a text, or a list of them.
func texts(value any) (all []string, err error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{value}, nil
	case []any:
		for _, one := range value {
			text, is := one.(string)
			if !is {
				return nil, errors.New("no text")
			}
			all = append(all, text)
		}
		return all, nil
	}
	return nil, errors.New("no text")
}

// absolute is a path in hosts.toml, which begins at its folder.
func absolute(dir, file string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(dir, file)
}

package config

import (
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// names stand in label values, URLs and PromQL strings.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

func (c *Config) validate() error {
	if len(c.Registries) == 0 {
		return c.Errorf(nil, "registries is missing: list at least one registry under it")
	}
	for i, r := range c.Registries {
		v := validation{c: c, path: []any{"registries", i}}
		v.registry(r)
		if v.err == nil {
			v.unique(c.Registries[:i], r)
			v.logSections(r, c.Registries[:i])
			v.accessLog(r.AccessLog)
		}
		if v.err != nil {
			return v.err
		}
	}
	return nil
}

// validation checks one registry, and keeps the first error.
type validation struct {
	c    *Config
	path []any
	err  error
}

func (v *validation) fail(problem string, path ...any) {
	if v.err == nil {
		v.err = v.c.Errorf(append(v.path[:len(v.path):len(v.path)], path...), "%s", problem)
	}
}

func (v *validation) unique(earlier []*Registry, r *Registry) {
	for _, other := range earlier {
		switch {
		case other.Name != r.Name:
		case other.Site == r.Site:
			v.fail("is used by an earlier registry with the same site: name and site together must be unique", "name")
		case other.Site == "" || r.Site == "":
			v.fail("stands more than once: then each needs a site", "name")
		}
	}
}

func (v *validation) registry(r *Registry) {
	switch {
	case r.Name == "":
		v.fail("name is missing: how people call this registry")
	case !namePattern.MatchString(r.Name):
		v.fail("may hold letters, digits, dot, dash and underscore, and begins with a letter or digit", "name")
	case r.Site != "" && !namePattern.MatchString(r.Site):
		v.fail("may hold letters, digits, dot, dash and underscore, and begins with a letter or digit", "site")
	case r.URL.URL == nil:
		v.fail("url is missing: the front people pull from, such as https://registry.example.org")
	}
	if v.err != nil {
		return
	}
	v.root(r.URL, "url")
	v.http(r.HTTP, "http")
	v.hosts(r.Realms, "realms")
	v.hosts(r.Stores, "stores")
	v.contacts(r.Contacts)
	v.endpoints(r)
	if r.TLS != nil {
		v.tls(r)
	}
	if r.Swift != nil {
		v.swift(r.Swift)
	}
	if r.Redis != nil {
		v.redis(r.Redis)
	}
	if r.MSR != nil {
		v.msr(r.MSR)
	}
	v.probes(r)
	v.trust(r)
}

// root refuses a URL with a path.
func (v *validation) root(u URL, path ...any) {
	if strings.Trim(u.Path, "/") != "" {
		v.fail("must end after host and port: the exporter knows the paths", path...)
	}
}

// http refuses two settings that prometheus/common allows: an empty secret, and an OAuth2 token_url with parameters, which may be
// secrets.
func (v *validation) http(h *promconfig.HTTPClientConfig, path ...any) {
	if a := h.BasicAuth; a != nil && a.Password == "" && a.PasswordFile == "" {
		v.fail("password_file is missing (or password)", append(path, "basic_auth")...)
	}
	if a := h.Authorization; a != nil && a.Credentials == "" && a.CredentialsFile == "" {
		v.fail("credentials_file is missing (or credentials)", append(path, "authorization")...)
	}
	if o := h.OAuth2; o != nil && strings.ContainsAny(o.TokenURL, "?#") {
		v.fail("must end before ? and #: put parameters into endpoint_params", append(path, "oauth2", "token_url")...)
	}
}

// endpoints refuses two URLs of one collector with the same host and port: their series would have the same labels.
func (v *validation) endpoints(r *Registry) {
	api := map[string]bool{r.URL.Address(): true}
	for i, u := range r.Backends {
		v.root(u, "backends", i)
		v.once(api, u, "backends", i)
	}
	if r.Harbor != nil {
		v.http(r.Harbor.HTTP, "harbor", "http")
	}
	nginx := map[string]bool{}
	if r.MSR != nil {
		v.http(r.MSR.HTTP, "msr", "http")
		for i, u := range r.MSR.Replicas {
			v.root(u, "msr", "replicas", i)
			v.once(nginx, u, "msr", "replicas", i)
		}
	}
	if r.Nginx != nil {
		v.http(r.Nginx.HTTP, "nginx", "http")
		if len(r.Nginx.URLs) == 0 {
			v.fail("urls is missing: where stub_status is served, such as http://127.0.0.1:10080/nginx_status", "nginx")
		}
		for i, u := range r.Nginx.URLs {
			if u.Path == "" {
				v.fail("has no path: name where stub_status is served, such as /nginx_status", "nginx", "urls", i)
			}
			v.once(nginx, u, "nginx", "urls", i)
		}
	}
	if r.Debug != nil {
		v.http(r.Debug.HTTP, "debug", "http")
		if len(r.Debug.URLs) == 0 {
			v.fail("urls is missing: the debug server of the registry, such as http://127.0.0.1:5001", "debug")
		}
		debug := map[string]bool{}
		for i, u := range r.Debug.URLs {
			v.root(u, "debug", "urls", i)
			v.once(debug, u, "debug", "urls", i)
		}
	}
}

func (v *validation) once(seen map[string]bool, u URL, path ...any) {
	if seen[u.Address()] {
		v.fail(u.Address()+" is already asked for the same thing: name each host and port once", path...)
	}
	seen[u.Address()] = true
}

func (v *validation) tls(r *Registry) {
	if r.URL.Scheme != "https" {
		v.fail("needs a url with https: there is no certificate otherwise", "tls")
	}
	if len(r.TLS.Names)+len(r.TLS.Files)+len(r.TLS.CAFiles) == 0 {
		v.fail("names is missing: every name and address that clients use", "tls")
	}
	v.tlsFiles(r.TLS.Files, "files")
	v.tlsFiles(r.TLS.CAFiles, "ca_files")
	seen := map[string]bool{}
	for i, name := range r.TLS.Names {
		switch {
		case seen[name]:
			v.fail("stands twice: keep one", "tls", "names", i)
		case !isHost(name):
			v.fail("must be a host name or an address, without scheme, port and wildcard", "tls", "names", i)
		}
		seen[name] = true
	}
}

// maxTLSFiles bounds the files that are read at each scrape.
const maxTLSFiles = 20

func (v *validation) tlsFiles(files []string, key string) {
	if len(files) > maxTLSFiles {
		v.fail("names more than 20 files", "tls", key)
	}
	for i, file := range files {
		if slices.Contains(files[:i], file) {
			v.fail("stands twice: keep one", "tls", key, i)
		}
	}
}

// hosts refuses an entry that is no host or host:port.
func (v *validation) hosts(list []string, key string) {
	for i, entry := range list {
		host, port, err := net.SplitHostPort(entry)
		if err != nil {
			host, port = strings.Trim(entry, "[]"), "443"
		}
		if !isHost(host) || !isPort(port) {
			v.fail("must be a host, such as auth.example.org or 10.0.0.5:8443, without scheme and path", key, i)
		}
		if slices.Contains(list[:i], entry) {
			v.fail("stands twice: keep one", key, i)
		}
	}
}

func isHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name != "" && !strings.ContainsAny(name, "/:@*? \t")
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

func (v *validation) swift(s *Swift) {
	switch {
	case s.AuthURL.URL == nil:
		v.fail("auth_url is missing: such as https://swift.example.org/auth/v1.0", "swift")
	case s.Username == "":
		v.fail("username is missing", "swift")
	case s.Container == "":
		v.fail("container is missing: the one the registry writes to", "swift")
	case strings.Contains(s.Container, "/"):
		v.fail("is the name of a container, without a slash", "swift", "container")
	case s.Key == "" && s.KeyFile == "":
		v.fail("key_file is missing (or key)", "swift")
	case s.Key != "" && s.KeyFile != "":
		v.fail("stands beside key: keep one of them", "swift", "key_file")
	case s.AuthVersion == 0:
		v.fail("auth_version is missing: 1, 2 or 3, as the path of auth_url names none", "swift")
	case s.AuthVersion == 3 && s.Domain == "" && s.Tenant == "":
		v.fail("domain is missing, and tenant, which Keystone v3 needs to find the account: such as domain: Default, tenant: docker", "swift")
	case s.StorageURL.URL != nil && strings.Trim(s.StorageURL.Path, "/") == "":
		v.fail("must end in the account, such as https://swift.example.org/v1/AUTH_registry", "swift", "storage_url")
	case s.AuthVersion < 0 || s.AuthVersion > 3:
		v.fail("must be 1, 2 or 3, or be left out to see it from auth_url", "swift", "auth_version")
	}
}

func (v *validation) redis(s *Redis) {
	host, port, err := net.SplitHostPort(s.Addr)
	switch {
	case s.Addr == "":
		v.fail("addr is missing: such as 127.0.0.1:6379", "redis")
	case bareIPv6.MatchString(s.Addr):
		v.fail("holds an IPv6 address without brackets: write it as [2001:db8::1]:6379", "redis", "addr")
	case err != nil || !isHost(host) || !isPort(port):
		v.fail("must be host:port, such as 127.0.0.1:6379", "redis", "addr")
	case s.Password != "" && s.PasswordFile != "":
		v.fail("stands beside password: keep one of them", "redis", "password_file")
	case s.Username != "" && s.Password == "" && s.PasswordFile == "":
		v.fail("needs a password_file (or password)", "redis", "username")
	}
}

// Package config reads the configuration file, and checks it. Each error names file, line, column and key.
//
//	config.go       Config: the types of the file, and Load
//	probes.go       the types of pull, push, replication and Swift's probes; access_log.go and registry_log.go: of logs; contacts.go: of people
//	msr.go          the types of an MSR's jobs; trust.go: of the log of content trust
//	read_file.go    reads the file, which is bounded
//	syntax.go       errors of YAML; shape.go: keys and types that do not fit; validate.go: values that do not
//	leaf.go         values that are a secret, a proxy, or a variable that nobody has expanded
//	key.go          which keys errors may show; hints.go: what people may have meant
//	place.go        the line and column of a value, for errors
//	notes.go        warnings about a valid file; risks.go: about passwords and certificates
//	forurl.go       ForURL: a configuration of one registry, for the command check
//	fingerprint.go  Fingerprint: whether a registry's configuration has changed
//
// For example:
//
//	c, err := config.Load("registry_exporter.yml")
//	// err: registry_exporter.yml:3:3: registries[0].urk: unknown key: must be one of: access_log, backends, …
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Defaults of timeouts that the file does not have.
const (
	DefaultTimeout    = model.Duration(10 * time.Second)
	DefaultMSRTimeout = model.Duration(15 * time.Second)
)

// Config is the content of the file.
type Config struct {
	Registries []*Registry `yaml:"registries"`

	file string
	root *yaml.Node
}

// Registry is one registry, or one site of it.
type Registry struct {
	Name     string                       `yaml:"name"`
	Site     string                       `yaml:"site,omitempty"`
	Passive  bool                         `yaml:"passive,omitempty"`
	Cache    bool                         `yaml:"cache,omitempty"` // a pull-through cache of another registry
	URL      URL                          `yaml:"url"`
	Backends []URL                        `yaml:"backends,omitempty"`
	Timeout  model.Duration               `yaml:"timeout,omitempty"`
	Realms   []string                     `yaml:"realms,omitempty"` // hosts of token servers that may have the password
	Stores   []string                     `yaml:"stores,omitempty"` // hosts that redirects may lead to; nil: all but local ones
	HTTP     *promconfig.HTTPClientConfig `yaml:"http,omitempty"`
	TLS      *TLS                         `yaml:"tls,omitempty"`
	MSR      *MSR                         `yaml:"msr,omitempty"`
	Harbor   *Harbor                      `yaml:"harbor,omitempty"`
	Nginx    *Endpoints                   `yaml:"nginx,omitempty"`
	Debug    *Endpoints                   `yaml:"debug,omitempty"`
	Swift    *Swift                       `yaml:"swift,omitempty"`
	Redis    *Redis                       `yaml:"redis,omitempty"`
	Trust    *Trust                       `yaml:"trust,omitempty"`

	Pull        *Pull        `yaml:"pull,omitempty"`
	Push        *Push        `yaml:"push,omitempty"`
	Replication *Replication `yaml:"replication,omitempty"`

	AccessLog   *AccessLog   `yaml:"access_log,omitempty"`
	RegistryLog *RegistryLog `yaml:"registry_log,omitempty"`

	// Contacts are whom to call and how, by the part that they look after, such as {swift: "storage on-call, +49 30 555 0100"}.
	Contacts map[string]string `yaml:"contacts,omitempty"`
}

// TLS has the names and addresses that the certificate of the front has to cover, and its files on this machine.
type TLS struct {
	Names   []string `yaml:"names,omitempty"`
	Files   []string `yaml:"files,omitempty"`    // that the front should serve: a certificate, and those between it and its CA
	CAFiles []string `yaml:"ca_files,omitempty"` // that nodes and clients get
}

// MSR says that the registry is a Mirantis Secure Registry, and how to ask its replicas for /_ping and cluster_status.
type MSR struct {
	Replicas []URL                        `yaml:"replicas,omitempty"`
	Timeout  model.Duration               `yaml:"timeout,omitempty"`
	HTTP     *promconfig.HTTPClientConfig `yaml:"http,omitempty"`
	Trust    *TrustLog                    `yaml:"trust,omitempty"`
	Jobs     *MSRJobs                     `yaml:"jobs,omitempty"`

	Mirrors      []string `yaml:"mirrors,omitempty"`      // repositories, or namespaces, whose mirroring is looked at
	Repositories []string `yaml:"repositories,omitempty"` // whose pulls and pushes are counted
}

// Harbor says that the registry is a Harbor, which MSR 4 is too, and how to ask its API.
type Harbor struct {
	HTTP *promconfig.HTTPClientConfig `yaml:"http,omitempty"` // without credentials /health alone is asked
}

// Endpoints are URLs of one kind, asked with one client configuration.
type Endpoints struct {
	URLs []URL                        `yaml:"urls"`
	HTTP *promconfig.HTTPClientConfig `yaml:"http,omitempty"`
}

// Swift is the object store under a registry.
type Swift struct {
	AuthURL     URL                   `yaml:"auth_url"`
	AuthVersion int                   `yaml:"auth_version,omitempty"`
	StorageURL  URL                   `yaml:"storage_url,omitempty"` // of the account, when it is not that of username
	Username    string                `yaml:"username"`
	Key         promconfig.Secret     `yaml:"key,omitempty"`
	KeyFile     string                `yaml:"key_file,omitempty"`
	Tenant      string                `yaml:"tenant,omitempty"`
	Domain      string                `yaml:"domain,omitempty"`
	Region      string                `yaml:"region,omitempty"`
	Container   string                `yaml:"container"`
	TLSConfig   *promconfig.TLSConfig `yaml:"tls_config,omitempty"`
	Probe       *SwiftProbe           `yaml:"probe,omitempty"`
	Count       *SwiftCount           `yaml:"count,omitempty"`
}

// Redis is the Redis in which a registry caches what it knows of blobs.
type Redis struct {
	Addr         string                `yaml:"addr"`
	Username     string                `yaml:"username,omitempty"`
	Password     promconfig.Secret     `yaml:"password,omitempty"`
	PasswordFile string                `yaml:"password_file,omitempty"`
	TLSConfig    *promconfig.TLSConfig `yaml:"tls_config,omitempty"`
}

// URL is an absolute http or https URL without user, password, query and fragment.
type URL struct{ *url.URL }

// UnmarshalYAML reads a URL. Its errors do not quote the text, which may hold a password.
func (u *URL) UnmarshalYAML(n *yaml.Node) error {
	parsed, err := url.Parse(n.Value)
	hint := urlHint(n.Value)
	switch {
	case hint != "":
		return errors.New(hint)
	case err != nil || n.Kind != yaml.ScalarNode:
		return errors.New("is not a URL: write it as https://host:port")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return errors.New("needs a scheme: write it as https://host or http://host:port")
	case parsed.User != nil:
		return errors.New("holds a user or password: put them into http.basic_auth (for Swift into username and key_file)")
	case parsed.Hostname() == "":
		return errors.New("names no host: write it as https://host:port")
	case parsed.Port() != "" && !isPort(parsed.Port()):
		return errors.New("has no port between 1 and 65535: write it as https://host:port")
	case parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "":
		return errors.New("must end before ? and #")
	}
	u.URL = parsed
	return nil
}

// MarshalYAML writes the URL as it was given.
func (u URL) MarshalYAML() (any, error) {
	if u.URL == nil {
		return nil, nil
	}
	return u.String(), nil
}

// Address is the host:port that the URL asks, with the port of its scheme when it names none.
func (u URL) Address() string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

var authVersion = regexp.MustCompile(`/v?([123])(\.\d+)?(/|$)`)

// authVersion is the version of Swift's authentication in the path: 3 of https://swift.example.org/v3; 0 without one.
func (u URL) authVersion() int {
	if u.URL == nil {
		return 0
	}
	m := authVersion.FindStringSubmatch(u.Path)
	if m == nil {
		return 0
	}
	return int(m[1][0] - '0')
}

// Load reads and checks a file. An error names file, line, column and key, and says how to write it. Relative paths in the file
// begin at the folder of the file.
func Load(file string) (*Config, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return parse(file, text)
}

func parse(file string, text []byte) (*Config, error) {
	c := &Config{file: file, root: &yaml.Node{}}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(c.root); errors.Is(err, io.EOF) {
		return nil, c.Errorf(nil, "the file is empty: list at least one registry under registries")
	} else if err != nil {
		return nil, c.syntaxError(text, err)
	}
	second := &yaml.Node{}
	if err := dec.Decode(second); !errors.Is(err, io.EOF) {
		return nil, c.at(second, nil, "holds a second YAML document: keep everything in one")
	}
	if err := c.checkShape(); err != nil {
		return nil, err
	}
	if err := c.root.Decode(c); err != nil {
		return nil, c.Errorf(nil, "%s", withoutValues(err))
	}
	c.setDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) setDefaults() {
	dir := filepath.Dir(c.file)
	for _, r := range c.Registries {
		r.HTTP = httpDefaults(r.HTTP, nil, dir)
		if r.Timeout == 0 {
			r.Timeout = DefaultTimeout
		}
		if m := r.MSR; m != nil {
			m.HTTP = httpDefaults(m.HTTP, r.HTTP, dir)
			if m.Replicas == nil {
				m.Replicas = []URL{r.URL}
			}
			if m.Timeout == 0 {
				m.Timeout = max(DefaultMSRTimeout, r.Timeout)
			}
			if m.Jobs == nil {
				m.Jobs = &MSRJobs{DefaultMSRJobsEvery}
			}
		}
		if t := r.TLS; t != nil {
			for _, files := range [][]string{t.Files, t.CAFiles} {
				for i := range files {
					files[i] = promconfig.JoinDir(dir, files[i])
				}
			}
		}
		if h := r.Harbor; h != nil {
			h.HTTP = httpDefaults(h.HTTP, r.HTTP, dir)
		}
		for _, e := range []*Endpoints{r.Nginx, r.Debug} {
			if e != nil {
				e.HTTP = httpDefaults(e.HTTP, nil, dir)
			}
		}
		if s := r.Swift; s != nil {
			s.KeyFile = promconfig.JoinDir(dir, s.KeyFile)
			s.TLSConfig.SetDirectory(dir)
			if s.AuthVersion == 0 {
				s.AuthVersion = s.AuthURL.authVersion()
			}
		}
		if s := r.Redis; s != nil {
			s.PasswordFile = promconfig.JoinDir(dir, s.PasswordFile)
			s.TLSConfig.SetDirectory(dir)
		}
		r.probeDefaults(dir)
		r.accessLogDefaults(dir)
		r.trustDefaults(dir)
		r.registryLogDefaults(dir)
	}
}

// httpDefaults is own, with its paths made absolute; or else inherited; or else the default of Prometheus. HTTP/2 is off.
func httpDefaults(own, inherited *promconfig.HTTPClientConfig, dir string) *promconfig.HTTPClientConfig {
	switch {
	case own != nil:
		own.SetDirectory(dir)
		own.EnableHTTP2 = false
		return own
	case inherited != nil:
		return inherited
	}
	def := promconfig.DefaultHTTPClientConfig
	def.EnableHTTP2 = false
	return &def
}

// String is the configuration in force as YAML, with every secret as <secret>.
func (c *Config) String() string {
	var n yaml.Node
	if err := n.Encode(c); err != nil {
		return "the configuration cannot be shown"
	}
	hideParams(&n)
	text, err := yaml.Marshal(&n)
	if err != nil {
		return "the configuration cannot be shown"
	}
	return string(text)
}

// hideParams replaces the values under endpoint_params by <secret>: some OAuth2 servers want secrets there.
func hideParams(n *yaml.Node) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "endpoint_params" {
			for j := 1; j < len(child.Content); j += 2 {
				child.Content[j].SetString("<secret>")
			}
		}
		hideParams(child)
	}
}

package collector

import (
	"cmp"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/config"
)

// A place is what sentences and commands need to know of what a source asks, all from the configuration.
type place struct {
	endpoint   string
	host, port string // that are asked; empty when the endpoint is no address
	url        string // for curl; empty when it is not HTTP
	name       string // that the certificate is verified for
	connectTo  bool   // the host of url is not the one that is asked
	tls        promconfig.TLSConfig
	user       string
	image      string
	swift      *config.Swift
	probed     string // container of the probe of Swift
	redis      *config.Redis
}

// place finds what a source asks. Of a collector that is not known here it knows no more than the endpoint.
func (l *look) place(s *source) place {
	r := l.config
	p := place{endpoint: s.endpoint}
	p.host, p.port, _ = net.SplitHostPort(s.endpoint)
	switch c := s.collector; {
	case c == "pull" && r.Pull != nil:
		p.front(s, r, r.Pull.HTTP, "/v2/", slices.Concat(r.Backends, []config.URL{r.URL})...)
		registry := r.URL.Host
		if p.connectTo {
			registry = s.endpoint
		}
		p.image = registry + "/" + failingImage(r.Pull.Images, s.steps())
	case c == "push" && r.Push != nil:
		p.image = r.URL.Host + "/" + r.Push.Repository
		p.front(s, r, r.Push.HTTP, "/v2/", r.URL)
	case c == "replication" && r.Replication != nil:
		p.image = r.URL.Host + "/" + r.Replication.Canary
		cfg := r.HTTP
		if r.Push != nil {
			cfg = r.Push.HTTP
		}
		p.front(s, r, cfg, "/v2/", r.URL)
	case c == "msr" && r.MSR != nil:
		p.front(s, r, r.MSR.HTTP, clusterStatusPath, r.MSR.Replicas...)
	case c == "ping" && r.MSR != nil:
		p.front(s, r, r.MSR.HTTP, "/_ping", r.MSR.Replicas...)
		p.user = "" // it is asked without credentials, and nginx's status too
	case c == "nginx" && r.MSR != nil && hasEndpoint(r.MSR.Replicas, s):
		p.front(s, r, r.MSR.HTTP, "/nginx_status", r.MSR.Replicas...)
		p.user = ""
	case c == "nginx" && r.Nginx != nil:
		p.alone(s, r.Nginx.HTTP, "", r.Nginx.URLs)
	case c == "health" && r.Debug != nil:
		p.alone(s, r.Debug.HTTP, "/debug/health", r.Debug.URLs)
	case strings.HasPrefix(c, "swift") && r.Swift != nil:
		p.swift, p.url, p.name = r.Swift, r.Swift.AuthURL.String(), p.host
		if r.Swift.TLSConfig != nil {
			p.tls = *r.Swift.TLSConfig
		}
		if c == "swift_probe" && r.Swift.Probe != nil {
			p.probed = r.Swift.Probe.Container
		}
	case c == "redis" && r.Redis != nil:
		p.redis, p.name = r.Redis, p.host
		if r.Redis.TLSConfig != nil {
			p.tls = *r.Redis.TLSConfig
		}
	default:
		p.front(s, r, r.HTTP, "/v2/", slices.Concat(r.Backends, []config.URL{r.URL})...)
	}
	p.name = cmp.Or(p.tls.ServerName, p.name)
	return p
}

// front is for what is asked with the names of the front.
func (p *place) front(s *source, r *config.Registry, cfg *promconfig.HTTPClientConfig, path string, urls ...config.URL) {
	p.http(cfg)
	p.name = r.URL.Hostname()
	for _, u := range urls {
		if u.Endpoint() == s.endpoint {
			p.connectTo = u.Host != r.URL.Host
			p.url = u.Scheme + "://" + r.URL.Host + path
		}
	}
}

// alone is for what is asked with a name of its own.
func (p *place) alone(s *source, cfg *promconfig.HTTPClientConfig, path string, urls []config.URL) {
	p.http(cfg)
	p.name = p.host
	for _, u := range urls {
		if u.Endpoint() == s.endpoint {
			p.url = u.Scheme + "://" + u.Host + cmp.Or(path, u.Path)
		}
	}
}

func (p *place) http(cfg *promconfig.HTTPClientConfig) {
	if cfg == nil {
		return
	}
	p.tls = cfg.TLSConfig
	if cfg.BasicAuth != nil {
		p.user = cfg.BasicAuth.Username
	}
}

func hasEndpoint(urls []config.URL, s *source) bool {
	for _, u := range urls {
		if u.Endpoint() == s.endpoint {
			return true
		}
	}
	return false
}

// failingImage is the one that the failing step is about, or else the first.
func failingImage(images []string, steps []step) string {
	for _, done := range steps {
		for _, image := range images {
			if done.err != nil && strings.HasPrefix(done.name, image+" ") {
				return image
			}
		}
	}
	return images[0]
}

// fill puts the place into a command; each value is one word of it.
func (p place) fill(command string) string {
	return strings.NewReplacer(
		"{endpoint}", quote(p.endpoint), "{host}", quote(p.host), "{port}", quote(p.port), "{image}", quote(p.image),
		"{ca}", quote(p.tls.CAFile), "{request}", p.request(), "{pull}", p.pull(), "{tls}", p.sclient(), "{redis}", p.redisCLI(),
	).Replace(command)
}

// words puts the place into a sentence.
func (p place) words(sentence string) string {
	ca := "this machine's CAs"
	if p.tls.CAFile != "" {
		ca = filepath.Base(p.tls.CAFile)
	}
	container := ""
	if p.swift != nil {
		container = p.swift.Container
		if p.probed != "" {
			container += ", " + p.probed
		}
	}
	return strings.NewReplacer(
		"{host}", p.host, "{port}", p.port, "{endpoint}", p.endpoint, "{name}", p.name, "{image}", p.image,
		"{ca}", ca, "{container}", container,
	).Replace(sentence)
}

// request is how a person asks the same.
func (p place) request() string {
	switch {
	case p.swift != nil:
		return p.swiftClient()
	case p.redis != nil:
		return p.redisCLI() + " PING"
	case p.url == "" && p.host == "":
		return ""
	case p.url == "":
		return "nc -vz " + quote(p.host) + " " + quote(p.port)
	}
	return p.curl("-sS -i -m 20")
}

// pull is how a person pulls the same. A backend has another name than its certificate, or none: docker would refuse it.
func (p place) pull() string {
	if p.connectTo {
		return "skopeo copy --src-tls-verify=false " + quote("docker://"+p.image) + ` "dir:$(mktemp -d)"`
	}
	return "docker pull " + quote(p.image)
}

func (p place) curl(options string) string {
	words := []string{"curl", options}
	if p.tls.CAFile != "" {
		words = append(words, "--cacert", quote(p.tls.CAFile))
	}
	if p.tls.CertFile != "" {
		words = append(words, "--cert", quote(p.tls.CertFile), "--key", quote(p.tls.KeyFile))
	}
	if p.connectTo {
		words = append(words, "--connect-to", quote("::"+net.JoinHostPort(p.host, p.port)))
	}
	if p.user != "" {
		words = append(words, "-u", quote(p.user)) // asks for the password
	}
	return strings.Join(append(words, quote(p.url)), " ")
}

func (p place) sclient() string {
	command := "openssl s_client -connect " + quote(net.JoinHostPort(p.host, p.port))
	if _, err := netip.ParseAddr(p.name); err != nil && p.name != "" {
		command += " -servername " + quote(p.name)
	}
	if p.tls.CAFile != "" {
		command += " -CAfile " + quote(p.tls.CAFile)
	}
	return command + " </dev/null"
}

// swiftClient is Swift's own client; it never holds the key, only its file.
func (p place) swiftClient() string {
	s := p.swift
	key := `"$KEY"`
	command := ""
	if s.KeyFile != "" {
		key = `"$(cat ` + quote(s.KeyFile) + `)"`
	} else {
		command = "read -rs KEY; "
	}
	if s.AuthVersion == 1 {
		command += "swift -A " + quote(s.AuthURL.String()) + " -U " + quote(s.Username) + " -K " + key
	} else {
		command += "swift --os-auth-url " + quote(s.AuthURL.String()) + " --os-username " + quote(s.Username) + " --os-password " + key
		if s.Tenant != "" {
			command += " --os-project-name " + quote(s.Tenant)
		}
		if s.Domain != "" {
			command += " --os-user-domain-name " + quote(s.Domain) + " --os-project-domain-name " + quote(s.Domain)
		}
		if s.Region != "" {
			command += " --os-region-name " + quote(s.Region)
		}
	}
	if s.StorageURL.URL != nil {
		command += " --os-storage-url " + quote(s.StorageURL.String())
	}
	if p.tls.CAFile != "" {
		command += " --os-cacert " + quote(p.tls.CAFile)
	}
	return command + " stat " + quote(s.Container)
}

func (p place) redisCLI() string {
	command := "redis-cli -h " + quote(p.host) + " -p " + quote(p.port)
	if p.redis == nil {
		return command
	}
	if p.redis.TLSConfig != nil {
		command += " --tls"
	}
	if p.tls.CAFile != "" {
		command += " --cacert " + quote(p.tls.CAFile)
	}
	if p.redis.Username != "" {
		command += " --user " + quote(p.redis.Username)
	}
	if p.redis.Username != "" || p.redis.Password != "" || p.redis.PasswordFile != "" {
		command += " --askpass"
	}
	return command
}

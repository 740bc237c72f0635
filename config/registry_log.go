package config

import (
	"net"
	"net/netip"
	"path/filepath"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/accesslog"
)

// RegistryLog says where the lines are that the registry itself writes, a Distribution, and how to read them.
type RegistryLog struct {
	Paths  []string `yaml:"paths,omitempty"` // with wildcards, as of filepath.Glob
	Syslog *Syslog  `yaml:"syslog,omitempty"`
	Format string   `yaml:"format,omitempty"` // log.formatter of the registry: text, json or logstash
}

// DefaultRegistryLogFormat is that of Distribution.
const DefaultRegistryLogFormat = "text"

func (r *Registry) registryLogDefaults(dir string) {
	l := r.RegistryLog
	if l == nil {
		return
	}
	for i, path := range l.Paths {
		l.Paths[i] = promconfig.JoinDir(dir, path)
	}
	orDefault(&l.Format, DefaultRegistryLogFormat)
}

// logLines says where the lines of one section are.
type logLines struct {
	key     string // of the section
	example string // a path
	senders string // whose lines they are
	paths   []string
	syslog  *Syslog
}

// logs are the sections of a registry that read logs.
func (r *Registry) logs() []logLines {
	var all []logLines
	if a := r.AccessLog; a != nil {
		all = append(all, logLines{"access_log", "the log of the web server, such as /var/log/nginx/registry*.log", "web servers", a.Paths, a.Syslog})
	}
	if l := r.RegistryLog; l != nil {
		all = append(all, logLines{"registry_log", "the log of the registry, such as /var/log/docker-registry.log", "registries", l.Paths, l.Syslog})
	}
	return all
}

// logSections checks where the lines of each section are: no other section may read the same.
func (v *validation) logSections(r *Registry, earlier []*Registry) {
	own := r.logs()
	for i, l := range own {
		v.logLines(l)
		for _, other := range earlier {
			for _, taken := range other.logs() {
				v.sameLog(l, taken, "an earlier registry")
			}
		}
		for _, taken := range own[:i] {
			v.sameLog(l, taken, taken.key)
		}
	}
	if l := r.RegistryLog; l != nil {
		if _, err := accesslog.NewRegistry(accesslog.RegistryOptions{Format: l.Format}); err != nil {
			v.fail("must be text, json or logstash, as log.formatter of the registry", "registry_log", "format")
		}
	}
}

func (v *validation) logLines(l logLines) {
	if len(l.paths) == 0 && l.syslog == nil {
		v.fail("paths is missing: "+l.example+" (or syslog)", l.key)
	}
	for i, path := range l.paths {
		if _, err := filepath.Match(path, ""); path == "" || err != nil {
			v.fail("must be a path, where * and ? stand for any text and character and [a-z] for one of some", l.key, "paths", i)
		}
	}
	if s := l.syslog; s != nil {
		if host, port, err := net.SplitHostPort(s.Listen); err != nil || host != "" && !isHost(host) || !isPort(port) {
			v.fail("must be an address of this host, such as 127.0.0.1:10514, or :10514 for all of them", l.key, "syslog", "listen")
		}
		v.allow(l)
	}
}

// sameLog refuses a path or an address that another section has: each of its lines would count twice, or as what it is not.
// whose says who has the other.
func (v *validation) sameLog(l, other logLines, whose string) {
	for i, path := range l.paths {
		for _, taken := range other.paths {
			if overlap(path, taken) || overlap(taken, path) {
				v.fail("is read for "+whose+" already: each needs a log of its own", l.key, "paths", i)
			}
		}
	}
	if l.syslog != nil && other.syslog != nil && l.syslog.Listen == other.syslog.Listen {
		v.fail("is where "+whose+" listens already: each needs an address of its own", l.key, "syslog", "listen")
	}
}

func overlap(pattern, path string) bool {
	match, err := filepath.Match(pattern, path)
	return err == nil && match || pattern == path
}

// allow refuses a text that is no network. An address that other hosts reach needs at least one network: whoever may send lines
// can change the counters.
func (v *validation) allow(l logLines) {
	s := l.syslog
	host, _, err := net.SplitHostPort(s.Listen)
	if err == nil && len(s.Allow) == 0 && !isLoopback(host) {
		v.fail("allow is missing: the networks of the "+l.senders+", such as [10.0.0.0/8], as others reach the port", l.key, "syslog")
	}
	for i, network := range s.Allow {
		if _, err := netip.ParsePrefix(network); err != nil {
			v.fail("must be a network, such as 10.0.0.0/8 or 10.0.0.5/32", l.key, "syslog", "allow", i)
		}
	}
}

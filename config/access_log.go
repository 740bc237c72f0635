package config

import (
	"net/netip"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"registry_exporter/accesslog"
)

// Defaults and bounds of access_log.
const (
	DefaultLogFormat   = "combined"
	DefaultLogProjects = 100
	DefaultSlowAfter   = model.Duration(5 * time.Second)
)

const (
	// maxDepth bounds projects.depth. No repository has as many parts.
	maxDepth = 20
	// Bounds of projects.max. A project has up to 36 series, or 76 with access_log.node: access.maxSamples has room for as many.
	maxLogProjects          = 250
	maxLogProjectsWithNodes = 100
)

// AccessLog says where the lines of the web server in front of a registry are, and how to read them.
type AccessLog struct {
	Paths    []string    `yaml:"paths,omitempty"` // with wildcards, as of filepath.Glob
	Syslog   *Syslog     `yaml:"syslog,omitempty"`
	Format   string      `yaml:"format,omitempty"` // as it stands in nginx.conf, or a name
	Projects LogProjects `yaml:"projects,omitempty"`
	Slow     LogSlow     `yaml:"slow,omitempty"`
	Node     string      `yaml:"node,omitempty"` // a variable such as $upstream_addr: the node that a layer came through
}

// Syslog is the address to which web servers send their lines, over UDP or TCP.
type Syslog struct {
	Listen string   `yaml:"listen"`          // host:port
	Allow  []string `yaml:"allow,omitempty"` // networks of the web servers, such as 10.0.0.0/8; nil: all
}

// Networks parses Allow. Load has refused a file in which one is wrong.
func (s *Syslog) Networks() []netip.Prefix {
	var all []netip.Prefix
	for _, network := range s.Allow {
		all = append(all, netip.MustParsePrefix(network))
	}
	return all
}

// LogProjects says which part of a repository's name is its project, and how many projects are counted by name.
type LogProjects struct {
	Max   int  `yaml:"max,omitempty"`
	Depth *int `yaml:"depth,omitempty"` // parts of the repository; 0: all; nil: all but the last
}

// LogSlow says which layers are slow: those that take longer, with fewer bytes a second.
type LogSlow struct {
	After model.Duration `yaml:"after,omitempty"`
	Below Bytes          `yaml:"below,omitempty"` // 0: 1 MB
}

// Options are the same for package accesslog, which reads the lines.
func (a *AccessLog) Options() accesslog.Options {
	o := accesslog.Options{
		Format: a.Format, Depth: accesslog.AllButLast, MaxProjects: a.Projects.Max,
		SlowAfter: time.Duration(a.Slow.After), SlowBelow: float64(a.Slow.Below), Node: a.Node,
	}
	if a.Projects.Depth != nil {
		o.Depth = *a.Projects.Depth
	}
	return o
}

func (r *Registry) accessLogDefaults(dir string) {
	a := r.AccessLog
	if a == nil {
		return
	}
	for i, path := range a.Paths {
		a.Paths[i] = promconfig.JoinDir(dir, path)
	}
	orDefault(&a.Format, DefaultLogFormat)
	orDefault(&a.Projects.Max, DefaultLogProjects)
	orDefault(&a.Slow.After, DefaultSlowAfter)
}

func (v *validation) accessLog(a *AccessLog) {
	if a == nil {
		return
	}
	switch depth := a.Projects.Depth; {
	case depth != nil && (*depth < 0 || *depth > maxDepth):
		v.fail("must be 0 for the whole name of the repository, or how many of its parts are the project, or be left out for all but the last", "access_log", "projects", "depth")
	case a.Projects.Max < 1 || a.Projects.Max > maxLogProjects || a.Node != "" && a.Projects.Max > maxLogProjectsWithNodes:
		v.fail("must be between 1 and 250, and with a node 100 at most: each project has many series", "access_log", "projects", "max")
	}
	v.logFormat(a)
}

// tellsAgents says whether the format has $http_user_agent, by which the exporter's own requests are left out.
func (a *AccessLog) tellsAgents() bool {
	o := a.Options()
	o.Own = "registry_exporter"
	c, err := accesslog.New(o)
	return err == nil && c.TellsOwn()
}

const inFormat = "format of the access log: "

// logFormat checks the format by itself, and then with the node: the first error is about format, the second about node.
func (v *validation) logFormat(a *AccessLog) {
	if _, err := accesslog.New(accesslog.Options{Format: a.Format}); err != nil {
		v.fail(strings.TrimPrefix(err.Error(), inFormat), "access_log", "format")
	}
	if _, err := accesslog.New(a.Options()); err != nil {
		v.fail(strings.TrimPrefix(err.Error(), inFormat), "access_log", "node")
	}
}

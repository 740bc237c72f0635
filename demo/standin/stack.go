// Package standin runs an MSR, a registry and the systems under it in one process. Each part can be broken.
//
//	stack.go    Stack: all parts; port.go: their servers; control.go: the page on which people break them
//	faults.go   Faults: which are on; config.go: the exporter's configuration for the parts
//	hub.go      a registry with an nginx in front (nginx.go, accesslog.go), and its own log (registrylog.go); images.go: its image; node.go: its client
//	token.go    a registry with a token server; trust.go: its log of content trust
//	swift.go    Swift; redis.go: Redis
//	msr.go      an MSR with three replicas; tables.go: its RethinkDB; ping.go: /_ping; jobs.go: its jobs, workers, crons and scanner
//	certs.go    certificates; secret.go: passwords
package standin

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options are what Start needs.
type Options struct {
	Fixtures string        // folder of the RethinkDB tables
	Dir      string        // CA file, passwords and configuration are written here
	Hung     time.Duration // how long cluster_status takes while a RethinkDB server hangs
	Timeouts Timeouts      // for the configuration of the exporter
}

// Timeouts go into the configuration of the exporter: the timeouts of a registry and of cluster_status, the interval of
// pulls and pushes, and reread_after of pulls.
type Timeouts struct{ Registry, MSR, Every, Reread time.Duration }

// A Stack is all stand-ins, which run.
type Stack struct {
	Faults *Faults
	dir    string
	ports  []*port
	log    *accessLog // of the hub's nginx
	own    *accessLog // of the hub itself
	node   *node      // a client of the hub
}

// Start starts everything on free ports of 127.0.0.1.
func Start(o Options) (*Stack, error) {
	s := &Stack{Faults: &Faults{since: map[string]time.Time{}}, dir: o.Dir}
	err := s.start(o)
	if err == nil {
		err = s.writeConfig(o.Timeouts)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(o Options) error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.CAFile(), ca.pem(), 0o600); err != nil {
		return fmt.Errorf("writing the CA file: %w", err)
	}
	all, err := loadTables(o.Fixtures)
	if err != nil {
		return err
	}
	if err := s.startMSR(ca, all, o.Hung); err != nil {
		return err
	}
	if err := s.startHub(ca, o.Timeouts.Every); err != nil {
		return err
	}
	return s.startStores()
}

func (s *Stack) startMSR(ca *authority, all map[string]tables, hung time.Duration) error {
	admin, err := s.secret("msr-admin", "cluster-status-401")
	if err != nil {
		return err
	}
	monitor, err := s.secret("msr-monitor", "v2-password")
	if err != nil {
		return err
	}
	secure, err := ca.good()
	if err != nil {
		return err
	}
	m := &msr{faults: s.Faults, tables: all, admin: admin, tokens: newTokenAuth(monitor, admin), hung: hung, started: time.Now(), ca: ca.pem()}
	trust := newTrustLog(m.tokens, time.Now())
	if err := s.Faults.onChange(func() error { return trust.apply(s.Faults) }); err != nil {
		return err
	}
	front := http.NewServeMux()
	front.HandleFunc("GET /v2/_trust/changefeed", trust.feed)
	front.Handle("/", m.tokens.handler())
	if err := s.open(&port{name: "msr front", scheme: "https", serve: serveHTTP(front, secure)}); err != nil {
		return err
	}
	for i, id := range replicaIDs {
		r := &replica{msr: m, id: id}
		p := &port{name: fmt.Sprintf("msr replica %d", i+1), scheme: "https", serve: serveHTTP(r.handler(), secure)}
		if id == secondReplica {
			p.closedBy = []string{"replica-refuses"}
		}
		if err := s.open(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) startHub(ca *authority, every time.Duration) error {
	monitor, err := s.secret("hub-monitor", "")
	if err != nil {
		return err
	}
	secure, err := ca.good()
	if err != nil {
		return err
	}
	breakable, err := ca.breakable(s.Faults)
	if err != nil {
		return err
	}
	if s.log, err = newAccessLog(s.LogFile()); err != nil {
		return err
	}
	if s.own, err = newRegistryLog(filepath.Join(s.dir, "hub-registry.log"), s.Faults); err != nil {
		return err
	}
	h, err := newHub(s.Faults, monitor, s.log, s.own)
	if err != nil {
		return err
	}
	for _, p := range []*port{
		{name: "hub front", scheme: "https", closedBy: []string{"nginx-down"}, serve: serveHTTP(h.front(), breakable)},
		{name: "hub backend 1", scheme: "https", closedBy: []string{"registry-down"}, serve: serveHTTP(h.backend(), secure)},
		{name: "hub backend 2", scheme: "https", closedBy: []string{"registry-down"}, serve: serveHTTP(h.backend(), secure)},
		{name: "hub debug", scheme: "http", closedBy: []string{"registry-down"}, serve: serveHTTP(h.debug(), nil)},
		{name: "hub nginx", scheme: "http", closedBy: []string{"nginx-down"}, serve: serveHTTP(h.nginxStatus(), nil)},
	} {
		if err := s.open(p); err != nil {
			return err
		}
	}
	s.startNode(ca, h, every)
	return nil
}

func (s *Stack) startStores() error {
	key, err := s.secret("swift", "swift-key")
	if err != nil {
		return err
	}
	if err := s.open(&port{name: "swift", scheme: "http", closedBy: []string{"swift-down"}, serve: serveHTTP(newSwift(s.Faults, key).handler(), nil)}); err != nil {
		return err
	}
	password, err := s.secret("redis", "redis-password")
	if err != nil {
		return err
	}
	cache := &redis{faults: s.Faults, password: password, started: time.Now()}
	return s.open(&port{name: "redis", scheme: "redis", closedBy: []string{"redis-down"}, serve: cache.serve})
}

func (s *Stack) secret(name, fault string) (*secret, error) {
	one := &secret{fault: fault, file: s.SecretFile(name)}
	return one, s.Faults.onChange(func() error { return one.apply(s.Faults) })
}

func (s *Stack) open(p *port) error {
	l, err := Listen()
	if err != nil {
		return err
	}
	p.address, p.stop = l.Addr().String(), p.serve(l)
	p.closedBy = append(p.closedBy, "everything")
	s.ports = append(s.ports, p)
	return s.Faults.onChange(func() error { return p.apply(s.Faults) })
}

// Close stops everything.
func (s *Stack) Close() {
	if s.node != nil {
		s.node.close()
	}
	for _, p := range s.ports {
		if p.stop != nil {
			p.stop()
		}
	}
	for _, l := range []*accessLog{s.log, s.own} {
		if l != nil {
			l.close()
		}
	}
}

// Address returns the host:port of a part, such as "msr replica 1".
func (s *Stack) Address(name string) string { return s.Addresses()[name] }

// Addresses returns the host:port of all parts, by name.
func (s *Stack) Addresses() map[string]string {
	all := map[string]string{}
	for _, p := range s.ports {
		all[p.name] = p.address
	}
	return all
}

// Parts writes one line for each part: its name and address.
func (s *Stack) Parts() string {
	var b strings.Builder
	for _, p := range s.ports {
		fmt.Fprintf(&b, "  %-14s %s://%s\n", p.name, p.scheme, p.address)
	}
	return b.String()
}

// CAFile returns the path of the CA file for all certificates of the stack.
func (s *Stack) CAFile() string { return filepath.Join(s.dir, "ca.pem") }

// LogFile returns the path of the access log of the nginx in front of the hub.
func (s *Stack) LogFile() string { return filepath.Join(s.dir, "hub-access.log") }

// SecretFile returns the path of the file with a password for the exporter.
func (s *Stack) SecretFile(name string) string { return filepath.Join(s.dir, name+".secret") }

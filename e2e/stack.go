package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"registry_exporter/demo/standin"
)

// packages are the Debian packages with the programs of the stack.
var packages = []string{
	"swift-proxy", "swift-account", "swift-container", "swift-object", "swift", "python3-swiftclient", "memcached",
	"keystone", "python3-keystonemiddleware",
	"redis-server", "docker-registry", "nginx-light", "prometheus", "prometheus-alertmanager", "skopeo", "apache2-utils",
}

// A Stack has all programs of the tests, with ports and a folder of their own.
type Stack struct {
	dir       string
	ports     map[string]int
	processes map[string]*process
	order     []string
	msr       *standin.Stack
	inbox     *inbox
	servers   map[string]*http.Server // in this process
	faults    []Fault                 // that the tests will make
}

// Start starts and fills everything that the faults need, in about half a minute. Close ends it.
func Start(exporter string, faults []Fault) (s *Stack, err error) {
	s = &Stack{faults: faults, ports: map[string]int{}, processes: map[string]*process{}, servers: map[string]*http.Server{}}
	if s.dir, err = os.MkdirTemp("/var/tmp", "registry_exporter-e2e-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { return s.addSwift("eqiad") },
		func() error { return s.addSwift("codfw") },
		s.addKeystone,
		s.startAll,
		s.makeContainers,
		s.fillKeystone,
		s.makeCertificates,
		s.addRedis,
		s.addRegistries,
		s.addNginx,
		s.addCaches,
		s.startMSR,
		s.startAll,
		s.pushImages,
		s.addPullThroughCache,
		func() error { return s.addExporter(exporter) },
		s.addAlerting,
		s.startAll,
	} {
		if err := step(); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Close ends all programs and removes their files.
func (s *Stack) Close() {
	var group sync.WaitGroup
	for _, name := range s.order {
		group.Go(s.processes[name].stop)
	}
	group.Wait()
	if s.msr != nil {
		s.msr.Close()
	}
	for _, server := range s.servers {
		server.Close()
	}
	if os.Getenv("E2E_KEEP") == "" {
		_ = os.RemoveAll(s.dir)
	}
}

// port returns the port of a program. Each name has a port of its own.
func (s *Stack) port(name string) int {
	if s.ports[name] == 0 {
		for {
			port, err := freePort()
			if err != nil {
				panic(err)
			}
			if !s.taken(port) {
				s.ports[name] = port
				break
			}
		}
	}
	return s.ports[name]
}

func (s *Stack) taken(port int) bool {
	for _, p := range s.ports {
		if p == port {
			return true
		}
	}
	return false
}

// add describes a program that is up when its port is open.
func (s *Stack) add(name string, argv ...string) *process {
	p := s.addDaemon(name, argv...)
	p.port = s.port(name)
	return p
}

// addDaemon describes a program that opens no port.
func (s *Stack) addDaemon(name string, argv ...string) *process {
	p := &process{name: name, dir: s.dir, argv: argv}
	s.processes[name] = p
	s.order = append(s.order, name)
	return p
}

// startAll starts the programs that are described and do not run.
func (s *Stack) startAll() error {
	var group sync.WaitGroup
	errs := make([]error, len(s.order))
	for i, name := range s.order {
		if p := s.processes[name]; p.cmd == nil {
			group.Go(func() { errs[i] = p.start() })
		}
	}
	group.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

func (s *Stack) file(name, text string) (path string, err error) {
	path = filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// InstallPackages installs the packages that are missing. None of their services is started.
func InstallPackages() error {
	var missing []string
	for _, name := range packages {
		if exec.Command("dpkg", "-s", name).Run() != nil {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	const policy = "/usr/sbin/policy-rc.d"
	if _, err := os.Stat(policy); os.IsNotExist(err) {
		if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
			return err
		}
		defer os.Remove(policy)
	}
	for _, args := range [][]string{{"update", "-qq"}, append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...)} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out[max(0, len(out)-2000):])
		}
	}
	return nil
}

// A response is an HTTP answer with its whole body.
type response struct {
	status int
	header http.Header
	body   []byte
}

func send(req *http.Request) (*response, error) {
	req.Close = true // some of the programs close idle connections without a word
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return &response{resp.StatusCode, resp.Header, body}, err
}

func get(url string, header http.Header) (*response, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	return send(req)
}

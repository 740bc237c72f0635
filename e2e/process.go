// Package e2e runs the exporter against the real programs on which registries stand, breaks one thing at a time and reads
// the pages. Everything is on loopback.
//
//	stack.go     Stack: all programs, with their ports and folder; process.go: one program
//	registries.go, swift.go, keystone.go, redis.go, certs.go, msr.go   the programs and their configuration
//	accesslog.go the access logs of nginx
//	exporter.go  the exporter, its configuration and its pages
//	alerting.go  Prometheus and Alertmanager; prometheus.go: queries
//	images.go    the images that are pulled
//	faults.go    Fault: what is broken, and what pages and alerts must say
//	source_faults.go, certificate_faults.go, msr_faults.go, probe_faults.go, client_faults.go   the faults
//	break.go     stops programs and makes them hang; damage.go: damages stores and caches
package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// startTime is how long a program may take until its port is open.
const startTime = 180 * time.Second

// A process is one program of the stack, with a process group of its own.
type process struct {
	name string
	port int // open when the program is up; 0: it opens none
	dir  string
	env  []string
	argv []string

	cmd     *exec.Cmd
	started time.Time
	exited  chan error
}

// start runs the program and waits until its port is open. Its output goes to NAME.log.
func (p *process) start() error {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = exec.Command(p.argv[0], p.argv[1:]...)
	p.cmd.Dir, p.cmd.Env = p.dir, append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.started = time.Now()
	p.exited = make(chan error, 1)
	go func() { p.exited <- p.cmd.Wait() }()
	return p.waitListening()
}

func (p *process) waitListening() error {
	if p.port == 0 {
		return nil
	}
	for end := time.Now().Add(startTime); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address(p.port)); err == nil {
			conn.Close()
			return nil
		}
		if p.hasExited() {
			return fmt.Errorf("%s ended before it listened; its log ends:\n%s", p.name, p.logTail())
		}
	}
	return fmt.Errorf("%s does not listen on %s; its log ends:\n%s", p.name, address(p.port), p.logTail())
}

// hasExited says whether the program has ended by itself.
func (p *process) hasExited() bool {
	select {
	case err := <-p.exited:
		p.exited <- err
		return true
	default:
		return false
	}
}

// stop ends the whole process group, first with SIGTERM, then with SIGKILL.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	p.signal(syscall.SIGCONT)
	p.signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		p.signal(syscall.SIGKILL)
		<-p.exited
	}
	p.signal(syscall.SIGKILL) // children that outlived it
	p.cmd = nil
}

func (p *process) signal(s syscall.Signal) {
	if p.cmd != nil {
		if err := syscall.Kill(-p.cmd.Process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
			fmt.Fprintf(os.Stderr, "signal %s to %s: %s\n", s, p.name, err)
		}
	}
}

func (p *process) logFile() string { return filepath.Join(p.dir, p.name+".log") }

func (p *process) logTail() string {
	text, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// Ports of the stack are below the ports that the system gives to clients. Otherwise a client could take the port of a
// program while the program is stopped.
const firstPort, lastPort = 20000, 30000

// freePort returns a port on which nobody listens now.
func freePort() (int, error) {
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if l, err := net.Listen("tcp", address(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port from %d to %d", firstPort, lastPort)
}

// serveHere serves h on a port of the stack, in this process.
func (s *Stack) serveHere(name string, h http.Handler) error {
	l, err := net.Listen("tcp", address(s.port(name)))
	if err != nil {
		return fmt.Errorf("serving %s: %w", name, err)
	}
	server := &http.Server{Handler: h}
	s.servers[name] = server
	go func() { _ = server.Serve(l) }() // ends with Close
	return nil
}

// stopServing stops what serveHere started.
func stopServing(name string) func(*Stack) error {
	return func(s *Stack) error { return s.servers[name].Close() }
}

// serveAgain starts again what stopServing stopped.
func serveAgain(name string) func(*Stack) error {
	return func(s *Stack) error { return s.serveHere(name, s.servers[name].Handler) }
}

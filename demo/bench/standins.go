package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"registry_exporter/demo/standin"
)

// slowAnswer is how long the one server takes that stands in for many registries.
const slowAnswer = 5 * time.Millisecond

// serveStandIns runs until stdin ends, which is at the latest when the bench ends.
func serveStandIns(dir, fixtures string) error {
	stack, err := standin.Start(standin.Options{
		Fixtures: fixtures, Dir: dir, Timeouts: standin.Timeouts{Registry: 10 * time.Second, MSR: 10 * time.Second, Every: time.Hour, Reread: time.Hour},
	})
	if err != nil {
		return err
	}
	defer stack.Close()
	l, err := standin.Listen()
	if err != nil {
		return err
	}
	defer l.Close()
	go func() { _ = http.Serve(l, http.HandlerFunc(slowRegistry)) }()
	addresses := stack.Addresses()
	addresses["slow"] = l.Addr().String()
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		return fmt.Errorf("telling the addresses: %w", err)
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func slowRegistry(w http.ResponseWriter, r *http.Request) {
	time.Sleep(slowAnswer)
	if r.URL.Path == "/nginx_status" {
		fmt.Fprint(w, "Active connections: 1 \nserver accepts handled requests\n 687 687 1726 \nReading: 0 Writing: 1 Waiting: 0 \n")
		return
	}
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	fmt.Fprint(w, "{}")
}

// standIns run in a process of their own, so that their CPU time and memory is not counted as the exporter's.
type standIns struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	address map[string]string
}

func startStandIns(ctx context.Context, dir, fixtures string) (*standIns, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the bench itself: %w", err)
	}
	s := &standIns{cmd: exec.Command(self, "--stand-ins="+dir, "--fixtures="+fixtures)}
	s.cmd.Stderr = os.Stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the stand-ins: %w", err)
	}
	s.stdin = stdin
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the stand-ins: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the stand-ins: %w", err)
	}
	defer context.AfterFunc(ctx, func() { stdin.Close() })()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.address)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for the stand-ins: %w", err), s.stop())
	}
	return s, nil
}

// stop closes stdin of the process, and kills it when it does not end.
func (s *standIns) stop() error {
	s.stdin.Close()
	defer time.AfterFunc(5*time.Second, func() { _ = s.cmd.Process.Kill() }).Stop()
	return s.cmd.Wait()
}

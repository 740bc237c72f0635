package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"registry_exporter/demo/child"
)

// Where the demo listens.
const (
	control    = "http://127.0.0.1:10501"
	prometheus = "http://127.0.0.1:10503"
)

// A game is a demo that runs, and what it has written.
type game struct {
	demo *child.Child
	said *said
}

// said keeps what the demo writes: what reaches people is in it.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// take returns what was written since the last call.
func (s *said) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.text.String()
	s.text.Reset()
	return text
}

// start starts the demo and waits until Prometheus answers.
func start(ctx context.Context, demo []string) (*game, error) {
	g := &game{said: &said{}}
	var err error
	if g.demo, err = child.Start(g.said, demo[0], demo[1:]...); err != nil {
		return nil, err
	}
	for _, url := range []string{control + "/", prometheus + "/-/ready"} {
		if err := g.demo.WaitFor(ctx, url); err != nil {
			g.demo.Stop()
			return nil, fmt.Errorf("the demo with its alerts does not start: %w\n%s", err, g.said.take())
		}
	}
	return g, nil
}

// round waits until no alert is left of the round before, breaks what name says, and returns what reached people until it was
// mended.
func (g *game) round(ctx context.Context, name string) (string, error) {
	if err := g.quiet(ctx); err != nil {
		return "", err
	}
	g.said.take()
	if err := g.set(ctx, http.MethodPost, name); err != nil {
		return "", err
	}
	if err := wait(ctx, playTime); err != nil {
		return "", err
	}
	messages := notices(g.said.take())
	return messages, g.set(ctx, http.MethodDelete, name)
}

// notices are the messages in what the demo wrote: the line of each alert and the indented lines below it. The log of the exporter
// would tell the fault.
func notices(text string) string {
	var b strings.Builder
	below := false
	for line := range strings.Lines(text) {
		if below = notice.MatchString(line) || below && strings.HasPrefix(line, "         "); below {
			b.WriteString(line)
		}
	}
	return b.String()
}

// quiet waits until Prometheus raises nothing for 10 s.
func (g *game) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	since := time.Now()
	for time.Since(since) < 10*time.Second {
		n, err := raised(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			since = time.Now()
		}
		if err := wait(ctx, time.Second); err != nil {
			return fmt.Errorf("waiting until all is well: %w", err)
		}
	}
	return nil
}

// raised is how many alerts fire or are about to.
func raised(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, prometheus+"/api/v1/alerts", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking Prometheus for alerts: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Status string
		Data   struct{ Alerts []struct{} }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return 0, fmt.Errorf("reading Prometheus' alerts: %w", err)
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("asking Prometheus for alerts: status %d, %q", resp.StatusCode, answer.Status)
	}
	return len(answer.Data.Alerts), nil
}

func (g *game) set(ctx context.Context, method, name string) error {
	if name == nothing {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, method, control+"/faults/"+name, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("switching a fault: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("switching a fault: status %d", resp.StatusCode)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

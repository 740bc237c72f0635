// Package child runs another program and waits until it serves.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"syscall"
	"time"
)

// stopTime is how long a program may take to stop before it is killed.
const stopTime = 12 * time.Second

// A Child is a program that runs.
type Child struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error
}

// Start runs a program in a process group of its own, so that Ctrl-C in the terminal does not reach it. Stop ends it.
func Start(log io.Writer, program string, args ...string) (*Child, error) {
	c := &Child{cmd: exec.Command(program, args...), ended: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// PID is the process id.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Ended returns a channel that is closed when the program has ended.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// Err returns how the program ended. It may be called only after Ended.
func (c *Child) Err() error {
	if c.err == nil {
		return errors.New("it ended by itself")
	}
	return c.err
}

// WaitFor asks url until the answer has status 200.
func (c *Child) WaitFor(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if answers(ctx, url) {
			return nil
		}
		select {
		case <-c.ended:
			return c.Err()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", url, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Stop asks the program to end, and kills it when it has not ended after stopTime.
func (c *Child) Stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(stopTime):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

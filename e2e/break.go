package e2e

import (
	"syscall"
	"time"
)

func stop(names ...string) func(*Stack) error {
	return func(s *Stack) error {
		for _, n := range names {
			s.processes[n].stop()
		}
		return nil
	}
}

func start(names ...string) func(*Stack) error {
	return func(s *Stack) error {
		for _, n := range names {
			if err := s.processes[n].start(); err != nil {
				return err
			}
		}
		return nil
	}
}

// pause makes a program hang: the kernel accepts connections for it, and nobody answers.
func pause(name string) func(*Stack) error {
	return func(s *Stack) error { s.processes[name].signal(syscall.SIGSTOP); return nil }
}

// hang makes a program hang for d.
func hang(name string, d time.Duration) func(*Stack) error {
	return func(s *Stack) error {
		time.AfterFunc(d, func() { s.processes[name].signal(syscall.SIGCONT) })
		return pause(name)(s)
	}
}

func resume(name string) func(*Stack) error {
	return func(s *Stack) error { s.processes[name].signal(syscall.SIGCONT); return nil }
}

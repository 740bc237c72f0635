package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

// fillRedis writes to the small Redis until it refuses.
func (s *Stack) fillRedis() error {
	for i := range 1000 {
		out, err := s.redisCLI("redis-small", "SET", fmt.Sprintf("key-%d", i), strings.Repeat("x", 20000))
		if err != nil {
			return err
		}
		if strings.Contains(out, "OOM") {
			return nil
		}
	}
	return fmt.Errorf("the small Redis took everything")
}

func (s *Stack) emptyRedis() error {
	_, err := s.redisCLI("redis-small", "FLUSHALL")
	return err
}

// queueAtRedis connects until the kernel takes no more connections for a Redis that hangs. Connections that are closed
// stay in the queue.
func (s *Stack) queueAtRedis() error {
	for range 10_000 {
		conn, err := net.DialTimeout("tcp", address(s.port("redis")), 200*time.Millisecond)
		if err != nil {
			return nil
		}
		conn.Close()
	}
	return fmt.Errorf("the queue of Redis takes everything")
}

func (s *Stack) redisCLI(name string, args ...string) (string, error) {
	out, err := exec.Command("redis-cli", append([]string{"-p", fmt.Sprint(s.port(name))}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("redis-cli: %w\n%s", err, out)
	}
	return string(out), nil
}

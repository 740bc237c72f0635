package redis_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A redisScript has an answer for each command with its arguments, such as "AUTH mon pppppppp", and for "" when a client
// connects.
type redisScript map[string]redisAnswer

// A redisAnswer writes to a client and returns whether to read its next command.
type redisAnswer func(io.Writer) (goOn bool)

func says(text string) redisAnswer {
	return func(w io.Writer) bool {
		_, err := io.WriteString(w, text)
		return err == nil
	}
}

func saysAndHangsUp(text string) redisAnswer {
	return func(w io.Writer) bool {
		_, _ = io.WriteString(w, text)
		return false
	}
}

func saysNothing(io.Writer) bool { return true }

func saysEndlessly(w io.Writer) bool {
	for says(strings.Repeat("+", 1<<12))(w) {
	}
	return false
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// scriptedRedis answers the commands of its script, and counts them.
type scriptedRedis struct {
	addr   string
	script redisScript

	mu    sync.Mutex
	asked map[string]int
}

func startRedis(t *testing.T, script redisScript, secure *tls.Config) *scriptedRedis {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scriptedRedis{addr: l.Addr().String(), script: script, asked: map[string]int{}}
	var clients sync.WaitGroup
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	clients.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		clients.Wait()
	})
	return s
}

func (s *scriptedRedis) serve(conn io.ReadWriter) {
	if greet := s.script[""]; greet != nil && !greet(conn) {
		return
	}
	r := bufio.NewReader(conn)
	for {
		command, err := readCommand(r)
		if err != nil {
			says("-ERR Protocol error: " + err.Error() + "\r\n")(conn)
			return
		}
		s.mu.Lock()
		s.asked[command]++
		s.mu.Unlock()
		answer, known := s.script[command]
		if !known {
			answer = says("-ERR unknown command or wrong arguments\r\n")
		}
		if !answer(conn) {
			return
		}
	}
}

func (s *scriptedRedis) count(command string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[command]
}

// readCommand reads a command as clients send it: an array of bulks.
func readCommand(r *bufio.Reader) (string, error) {
	n, err := readLength(r, '*')
	if err != nil {
		return "", err
	}
	words := make([]string, n)
	for i := range words {
		length, err := readLength(r, '$')
		if err != nil {
			return "", err
		}
		word := make([]byte, length+2)
		if _, err := io.ReadFull(r, word); err != nil {
			return "", err
		}
		words[i] = string(word[:length])
	}
	return strings.Join(words, " "), nil
}

func readLength(r *bufio.Reader, kind byte) (int, error) {
	if first, err := r.ReadByte(); err != nil || first != kind {
		return 0, fmt.Errorf("expected '%c'", kind)
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

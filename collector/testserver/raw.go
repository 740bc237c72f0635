package testserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// A Raw is a server that answers connections with raw bytes.
type Raw struct {
	Address string
	mu      sync.Mutex
	open    map[net.Conn]bool
	changed chan struct{}
}

// NewRaw calls serve on every connection, and then waits for the client to close it.
func NewRaw(t testing.TB, serve func(net.Conn, *bufio.Reader)) *Raw {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Raw{Address: l.Addr().String(), open: map[net.Conn]bool{}, changed: make(chan struct{}, 1)}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.set(conn, true)
			group.Go(func() {
				defer s.set(conn, false)
				defer conn.Close()
				r := bufio.NewReader(conn)
				serve(conn, r)
				_, _ = io.Copy(io.Discard, r)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for conn := range s.open {
			conn.Close()
		}
		s.mu.Unlock()
		group.Wait()
	})
	return s
}

func (s *Raw) set(conn net.Conn, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if open {
		s.open[conn] = true
	} else {
		delete(s.open, conn)
	}
	select {
	case s.changed <- struct{}{}:
	default: // the test has not read the last event yet
	}
}

// WantAllClosed fails the test when the client has left a connection open.
func (s *Raw) WantAllClosed(t testing.TB) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		s.mu.Lock()
		open := len(s.open)
		s.mu.Unlock()
		if open == 0 {
			return
		}
		select {
		case <-s.changed:
		case <-timeout:
			t.Fatalf("%d connections are still open", open)
		}
	}
}

// AfterRequest answers when a request, or the beginning of a TLS handshake, has come.
func AfterRequest(answer func(net.Conn)) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, r *bufio.Reader) {
		if first, err := r.Peek(1); err == nil && first[0] != 22 {
			_, _ = http.ReadRequest(r)
		}
		answer(conn)
	}
}

func Silent(net.Conn) {}

func HangUp(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() }

func Reset(c net.Conn) {
	time.Sleep(20 * time.Millisecond) // so that the client reads what was sent
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func Send(text string, then func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		then(c)
	}
}

// Endlessly sends text, and then more again and again, until the client goes away.
func Endlessly(text, more string, pause time.Duration) func(net.Conn) {
	return Send(text, func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, more); err != nil {
				return
			}
			time.Sleep(pause)
		}
	})
}

// GzipBomb returns 64 MiB of zeros, compressed with gzip.
func GzipBomb(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range 64 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Hang returns when the client has gone. It does not answer.
func Hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // before the body is read, a server does not notice that the client has gone
	<-r.Context().Done()
}

// WriteEndlessly writes until the client closes the connection.
func WriteEndlessly(w http.ResponseWriter) {
	chunk := bytes.Repeat([]byte("x"), 1<<14)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

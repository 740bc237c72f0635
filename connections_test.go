package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// serveBounded is a server with the bounds of the exporter.
func serveBounded(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.Config = newServer(handler, newLogging("info", "logfmt", io.Discard))
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func dial(t *testing.T, s *httptest.Server, send string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, send)
	return conn
}

// isClosed says whether the other side closes the connection within a moment.
func isClosed(conn net.Conn, within time.Duration) bool {
	_ = conn.SetReadDeadline(time.Now().Add(within))
	_, err := conn.Read(make([]byte, 1))
	var n net.Error
	return err != nil && !(errors.As(err, &n) && n.Timeout())
}

// Somebody opens connection after connection, and sends nothing or half a request on each.
func TestACrowdOfConnectionsShutsNobodyOut(t *testing.T) {
	t.Parallel()
	answered := make(chan struct{})
	s := serveBounded(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-answered
		}
		fmt.Fprint(w, "well")
	})
	slow := make(chan error, 1)
	go func() {
		resp, err := http.Get(s.URL + "/slow")
		if err == nil {
			resp.Body.Close()
		}
		slow <- err
	}()
	time.Sleep(100 * time.Millisecond)
	var crowd []net.Conn
	for i := range maxConnections + 50 {
		crowd = append(crowd, dial(t, s, []string{"", "GET / HTTP/1.1\r\nX: "}[i%2]))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("a client is shut out: %v", err)
	}
	resp.Body.Close()
	if !isClosed(crowd[0], 5*time.Second) {
		t.Error("the first of the crowd has not made place")
	}
	if isClosed(crowd[len(crowd)-1], 100*time.Millisecond) {
		t.Error("the last of the crowd has made place")
	}
	close(answered)
	if err := <-slow; err != nil {
		t.Errorf("a request that was being answered has made place: %v", err)
	}
}

// stallingServer answers with size bytes, and ends clients that take none for the time stall.
func stallingServer(t *testing.T, stall time.Duration, size int) (s *httptest.Server, ended <-chan error) {
	t.Helper()
	written := make(chan error, 1)
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, size))
		written <- err
	}))
	s.Config.WriteTimeout = requestTime
	(&connections{stall: stall}).bound(s.Config)
	s.Start()
	t.Cleanup(s.Close)
	return s, written
}

func TestAClientThatReadsNothingIsEnded(t *testing.T) {
	t.Parallel()
	s, ended := stallingServer(t, 200*time.Millisecond, 64<<20) // more than the kernel takes
	dial(t, s, "GET / HTTP/1.1\r\nHost: exporter\r\n\r\n")
	select {
	case err := <-ended:
		if err == nil {
			t.Error("64 MiB were taken by a client that reads nothing")
		}
	case <-time.After(20 * time.Second):
		t.Error("a client that reads nothing holds its connection")
	}
}

// A slow client needs longer than it may stall, and takes a little all the time.
func TestAClientThatReadsSlowlyGetsItsAnswer(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	s, ended := stallingServer(t, 2*time.Second, size)
	conn := dial(t, s, "GET / HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n")
	start, read := time.Now(), 0
	for buffer := make([]byte, 1<<20); ; time.Sleep(100 * time.Millisecond) {
		n, err := io.ReadFull(conn, buffer)
		if read += n; err != nil {
			break
		}
	}
	if err := <-ended; err != nil || read < size || time.Since(start) < 2*time.Second {
		t.Errorf("%d of %d bytes in %s: %v", read, size, time.Since(start), err)
	}
}

// A page bounds the time of its answer itself: a client that takes a little all the time does not make it longer.
func TestTheTimeForAWholeAnswerIsNotMadeLonger(t *testing.T) {
	t.Parallel()
	written := make(chan error, 1)
	s := serveBounded(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		_, err := w.Write(make([]byte, 64<<20))
		written <- err
	})
	dial(t, s, "GET / HTTP/1.1\r\nHost: exporter\r\n\r\n")
	select {
	case err := <-written:
		if err == nil {
			t.Error("64 MiB were taken by a client that reads nothing")
		}
	case <-time.After(20 * time.Second):
		t.Error("the answer may take longer than its page says")
	}
}

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

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTermWithNothingUnderWayEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := startHub(t)
	p.get(t, "/-/ready") // the client keeps an idle connection
	code, took := p.end(t)
	if code != 0 || took >= drainTime {
		t.Errorf("exit %d after %s", code, took)
	}
	for _, line := range p.lines() {
		if !strings.Contains(line, "level=info") {
			t.Errorf("a clean stop is not told at info level: %s", line)
		}
	}
}

// The scrape could go on for 30 s. The process may go on for 10 s.
func TestTermWhileAScrapeHangs(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer hung.Close()
	p := start(t, writeFile(t, "hub.yml", hub(hung.URL)+"  timeout: 30s\n"))
	page := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + p.address + "/probe?registry=hub")
		if err != nil {
			page <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			page <- err.Error()
			return
		}
		page <- resp.Status + "\n" + string(text)
	}()
	<-asked
	code, took := p.end(t)
	if code != 0 || took > 20*time.Second { // a second or two more than stopTime on a machine that is busy
		t.Errorf("exit %d after %s", code, took)
	}
	address := strings.TrimPrefix(hung.URL, "http://")
	got := <-page
	for _, want := range []string{
		"200 OK\n",
		`registry_api_up{address="` + address + `",registry="hub",role="front"} 0` + "\n",
		`registry_collector_failure{address="` + address + `",collector="api",reason="timeout",registry="hub"} 1` + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(strings.Join(p.lines(), "\n"), "level=error") {
		t.Error("an error is logged")
	}
}

func TestAtMost(t *testing.T) {
	ended, hang := false, make(chan struct{})
	defer close(hang)
	ctx, cancel := context.WithCancel(t.Context())
	if atMost(ctx, func() { time.Sleep(time.Millisecond); ended = true })(); !ended {
		t.Error("it was not waited for")
	}
	wait := atMost(ctx, func() { <-hang })
	cancel()
	wait() // or never
}

package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAccessLog sends requests through nginx while its log is rotated and the exporter is killed. The exporter must count
// each line once.
func TestAccessLog(t *testing.T) {
	if *run != "all" && *run != "ci" && !slices.Contains(strings.Split(*run, ","), "access-log") {
		t.Skip("is part of make e2e-all, make e2e FAULT=ci and make e2e FAULT=access-log")
	}
	c := newTraffic(t)
	c.round()
	c.counted() // and saved: from here on no line is lost
	c.rotate()
	c.round()
	exporter := stack.processes["exporter"]
	exporter.signal(syscall.SIGKILL)
	<-exporter.exited
	c.round()
	c.rotate()
	c.round()
	must(t, exporter.start())
	c.counted()
	c.rotate()
	c.round()
	c.counted()
}

// traffic holds the requests that were sent to the front of the hub. The hub's page must have them all.
type traffic struct {
	*testing.T
	client    *http.Client
	rotations int
	want      map[string]float64 // by selector
}

const trafficProject = "access-log"

func newTraffic(t *testing.T) *traffic {
	ca, err := os.ReadFile(filepath.Join(stack.dir, "ca.crt"))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &traffic{t, &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
	}, 0, map[string]float64{}}
}

// round pushes a layer, and another one in parts, and asks for blobs that are there and for one that is not.
func (c *traffic) round() {
	c.Helper()
	layer := fmt.Appendf(nil, "layer at %d", time.Now().UnixNano())
	blobs := fmt.Sprintf("https://localhost:%d/v2/%s/app/blobs/", stack.port("front-good"), trafficProject)
	place := c.send(http.MethodPost, blobs+"uploads/", nil, http.StatusAccepted).header.Get("Location")
	place = c.send(http.MethodPatch, place, layer, http.StatusAccepted).header.Get("Location")
	c.send(http.MethodPut, place+"&digest=sha256:"+digest(layer), nil, http.StatusCreated)
	c.counts("upload_chunk", "ok", 1)
	c.counts("upload_commit", "ok", 1)

	for range 3 {
		c.pulls("blob_pull", "ok", blobs+"sha256:"+digest(layer), http.StatusOK)
	}
	c.send(http.MethodHead, blobs+"sha256:"+digest(layer), nil, http.StatusOK)
	c.pulls("blob_pull", "client_error", blobs+"sha256:"+digest([]byte("nothing")), http.StatusNotFound)
	for range 2 {
		c.pulls("manifest_pull", "client_error", strings.TrimSuffix(blobs, "blobs/")+"manifests/none", http.StatusNotFound)
	}
}

func (c *traffic) pulls(operation, outcome, url string, status int) {
	c.Helper()
	got := c.send(http.MethodGet, url, nil, status)
	c.counts(operation, outcome, 1)
	c.want[fmt.Sprintf(`registry_access_bytes_total{operation="%s",direction="out",project="%s"}`, operation, trafficProject)] += float64(len(got.body))
	if operation == "blob_pull" && outcome == "ok" {
		c.want[fmt.Sprintf(`registry_access_layers_total{direction="out",project="%s"}`, trafficProject)]++
	}
}

func (c *traffic) counts(operation, outcome string, n float64) {
	c.want[fmt.Sprintf(`registry_access_operations_total{operation="%s",project="%s",outcome="%s"}`, operation, trafficProject, outcome)] += n
}

func (c *traffic) send(method, url string, body []byte, status int) *response {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), method, url, bytes.NewReader(body))
	must(c.T, err)
	resp, err := c.client.Do(req)
	must(c.T, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	must(c.T, err)
	if resp.StatusCode != status {
		c.Fatalf("%s %s: status %d, want %d: %s", method, url, resp.StatusCode, status, got)
	}
	return &response{resp.StatusCode, resp.Header, got}
}

// rotate renames the log as logrotate does, and waits until nginx has a new one.
func (c *traffic) rotate() {
	c.Helper()
	log := stack.frontLog()
	for n := c.rotations; n > 0; n-- {
		must(c.T, os.Rename(fmt.Sprintf("%s.%d", log, n), fmt.Sprintf("%s.%d", log, n+1)))
	}
	must(c.T, os.Rename(log, log+".1"))
	c.rotations++
	must(c.T, syscall.Kill(stack.processes["nginx"].cmd.Process.Pid, syscall.SIGUSR1))
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(log); err == nil {
			return
		} else if !errors.Is(err, os.ErrNotExist) || time.Now().After(end) {
			c.Fatal("nginx opens no new log: ", err)
		}
	}
}

// counted waits until the page has all requests of traffic, and all lines that are in the log by now. Meanwhile
// Prometheus, pulls and pushes add lines.
func (c *traffic) counted() {
	c.Helper()
	sent := c.lines()
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		p, err := stack.scrape("/probe?registry=hub&site=eqiad&collect[]=access", scrapeTimeout) // this collector sends no requests, so it adds no line
		must(c.T, err)
		wrong := c.mismatch(p, sent)
		if wrong == "" {
			return
		}
		if time.Now().After(end) {
			c.Fatal(wrong)
		}
	}
}

func (c *traffic) mismatch(p *page, sent float64) string {
	for selector, want := range c.want {
		got, _ := stack.value([]*page{p}, selector)
		if got > want {
			c.Fatalf("%s is %v, want %v", selector, got, want)
		}
		if got < want {
			return fmt.Sprintf("%s is %v, want %v", selector, got, want)
		}
	}
	lines := c.lines() // after the page: it has no more than these
	parsed, _ := stack.value([]*page{p}, `registry_access_lines_total{outcome="parsed"}`)
	for selector, want := range map[string]float64{
		`registry_access_lines_total{outcome="unmatched"}`: 0,
		`registry_access_lost_bytes_total{site="eqiad"}`:   0,
	} {
		if got, found := stack.value([]*page{p}, selector); !found || got != want {
			c.Fatalf("%s is %v, want %v", selector, got, want)
		}
	}
	if parsed > lines {
		c.Fatalf("%v lines are counted, there are %v", parsed, lines)
	}
	if parsed < sent {
		return fmt.Sprintf("%v lines are counted, there are %v", parsed, sent)
	}
	return ""
}

// lines returns how many lines the log and its rotated files have.
func (c *traffic) lines() (n float64) {
	c.Helper()
	files, err := filepath.Glob(stack.frontLog() + "*")
	must(c.T, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(c.T, err)
		n += float64(bytes.Count(text, []byte("\n")))
	}
	return n
}

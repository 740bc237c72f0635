package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/collector/testserver"
)

const (
	msrs          = 8
	replicas      = 3
	largeAnswer   = 15 << 20
	smallMachine  = 256 << 20 // bytes of memory
	largeScrape   = 10        // seconds that Prometheus waits
	scrapesAtOnce = 4
)

// eightMSRs is the configuration of MSRs whose replicas all send a large answer, such as the login page of something in front of
// them. With a hold, each connection stays open for so long after it, without an end of the answer.
func eightMSRs(t *testing.T, hold time.Duration) string {
	t.Helper()
	piece := strings.Repeat(" ", 64<<10)
	serve := testserver.AfterRequest(func(c net.Conn) {
		w := bufio.NewWriter(c)
		length := largeAnswer
		if hold > 0 {
			length++
		}
		fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length)
		_, _ = w.WriteString(`{"replica_health":`)
		for range largeAnswer/len(piece) - 1 {
			_, _ = w.WriteString(piece)
		}
		_, _ = w.WriteString(piece[:len(piece)-len(`{"replica_health":`)])
		_ = w.Flush()
		time.Sleep(hold)
		c.Close()
	})
	var b strings.Builder
	b.WriteString("registries:\n")
	for i := range msrs {
		var urls []string
		for range replicas {
			urls = append(urls, "http://"+testserver.NewRaw(t, serve).Address)
		}
		fmt.Fprintf(&b, "- name: msr%d\n  url: %s\n  msr: {replicas: [%s]}\n", i, urls[0], strings.Join(urls, ", "))
	}
	return b.String()
}

// peakOf is the most memory that a process has had, in bytes.
func peakOf(t *testing.T, p *process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// scrapeFor asks for all registries as Prometheus does, with a timeout in seconds.
func (p *process) scrapeFor(t *testing.T, timeout string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	var b strings.Builder
	if _, err := bufio.NewReader(resp.Body).WriteTo(&b); err != nil {
		t.Error(err)
	}
	return b.String()
}

// builtExporter is the exporter as people run it. The race detector, with which the tests may run, needs several times as much memory.
func builtExporter(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registry_exporter")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	return file
}

// Eight MSRs with three replicas each send 360 MiB to an exporter that may have 256 MiB, to scrapes with different timeouts. Go gets
// the limit that it would take from the cgroup.
func TestLargeAnswersOnASmallMachine(t *testing.T) {
	exporter := builtExporter(t)
	for name, hold := range map[string]time.Duration{"they end": 0, "they hang before their end": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			p := startWith(t, func(cmd *exec.Cmd) {
				cmd.Path = exporter
				cmd.Env = append(cmd.Environ(), fmt.Sprintf("GOMEMLIMIT=%d", smallMachine/10*9))
			}, writeFile(t, "msrs.yml", eightMSRs(t, hold)))
			var group sync.WaitGroup
			start := time.Now()
			for i := range scrapesAtOnce {
				group.Go(func() {
					page := p.scrapeFor(t, fmt.Sprintf("%d.%d", largeScrape, i))
					if took := time.Since(start); took > (largeScrape+3)*time.Second {
						t.Errorf("the page comes after %s", took)
					}
					if got := strings.Count(page, `registry_collector_failure{`); got < msrs*replicas {
						t.Errorf("%d sources fail, want those of all replicas\n%s", got, page)
					}
				})
			}
			group.Wait()
			peak := peakOf(t, p)
			t.Logf("%d MiB after %s", peak>>20, time.Since(start).Round(time.Millisecond))
			if peak >= smallMachine {
				t.Errorf("%d MiB", peak>>20)
			}
		})
	}
}

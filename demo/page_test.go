package main

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// A page is a page of /metrics.
type page map[string]*dto.MetricFamily

// scrape reads /metrics, and replaces addresses by the names of the parts.
func (d *runningDemo) scrape(t *testing.T) page {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(d.request(t, http.MethodGet, "http://"+d.exporter+"/metrics")))
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.Metric {
			for _, l := range m.Label {
				_, port, _ := strings.Cut(l.GetValue(), ":")
				if name, found := d.parts[port]; found && l.GetName() == "address" {
					l.Value = &name
				}
			}
		}
	}
	return families
}

// scrapeUntil reads /metrics until the page is as wanted, or for some time, and returns the last page.
func (d *runningDemo) scrapeUntil(t *testing.T, wanted func(page) bool) page {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if p := d.scrape(t); wanted(p) || time.Now().After(end) {
			return p
		}
	}
}

// scrapeWithin reads /metrics with a scrape timeout of so many seconds.
func (d *runningDemo) scrapeWithin(t *testing.T, seconds string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+d.exporter+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", seconds)
	return send(t, req)
}

func (d *runningDemo) request(t *testing.T, method, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

func send(t *testing.T, req *http.Request) string {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: status %d: %s", req.Method, req.URL, resp.StatusCode, body)
	}
	return string(body)
}

var (
	wantedLine  = regexp.MustCompile(`^(no )?(\w+)\{(.*)\}(?: ([=<>]) (\S+))?$`)
	wantedLabel = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// holds says whether a line of changes is true of the page.
func (p page) holds(t *testing.T, line string) bool {
	t.Helper()
	parts := wantedLine.FindStringSubmatch(line)
	if parts == nil || (parts[1] == "no ") != (parts[4] == "") {
		t.Fatalf("not a line of the table: %s", line)
	}
	found := p.find(parts[2], wantedLabel.FindAllStringSubmatch(parts[3], -1))
	if parts[1] != "" {
		return len(found) == 0
	}
	for _, m := range found {
		if compare(t, valueOf(m), parts[4], parts[5]) {
			return true
		}
	}
	return false
}

func (p page) find(name string, labels [][]string) []*dto.Metric {
	var found []*dto.Metric
	for _, m := range p[name].GetMetric() {
		all := true
		for _, l := range labels {
			all = all && labelOf(m, l[1]) == l[2]
		}
		if all {
			found = append(found, m)
		}
	}
	return found
}

func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.Label {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

func valueOf(m *dto.Metric) float64 {
	if m.Counter != nil {
		return m.Counter.GetValue()
	}
	return m.Gauge.GetValue()
}

func compare(t *testing.T, got float64, operator, text string) bool {
	t.Helper()
	want := float64(time.Now().Unix())
	if text != "now" {
		var err error
		if want, err = strconv.ParseFloat(text, 64); err != nil {
			t.Fatal(err)
		}
	}
	switch operator {
	case "<":
		return got < want
	case ">":
		return got > want
	}
	return got == want
}

// isHealthy says whether no source fails.
func (p page) isHealthy() bool { return len(p["registry_collector_failure"].GetMetric()) == 0 }

// wantHealthy fails the test when a source fails.
func (p page) wantHealthy(t *testing.T) {
	t.Helper()
	for _, m := range p["registry_collector_failure"].GetMetric() {
		t.Errorf("fails without a fault: %s", m)
	}
	for _, m := range p["registry_collector_success"].GetMetric() {
		if valueOf(m) != 1 {
			t.Errorf("no success without a fault: %s", m)
		}
	}
}

package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestEveryPageHasTheHeadersThatBrowsersNeed(t *testing.T) {
	t.Parallel()
	p := startHub(t)
	for _, path := range []string{"/", "/metrics", "/probe?registry=hub", "/sd", "/config", "/runbooks/", "/runbooks/RegistryDown", "/-/healthy", "/elsewhere"} {
		resp, err := http.Get("http://" + p.address + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		policy := resp.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: no %s in %q", path, part, policy)
			}
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

func TestTheConfigurationIsShownUnderOwnNamesAlone(t *testing.T) {
	t.Parallel()
	p := startHub(t, "--web.enable-lifecycle", "--web.external-url=https://exporter.example.org:10500")
	for _, path := range []string{"GET /config", "POST /-/reload"} {
		method, path, _ := strings.Cut(path, " ")
		for host, want := range map[string]int{p.address: 200, "localhost": 200, "exporter.example.org": 200, "[::1]:10500": 200, "rebind.evil.example": 403, "evil.example:10500": 403} {
			req, err := http.NewRequest(method, "http://"+p.address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s %s as %s: %d, want %d", method, path, host, resp.StatusCode, want)
			}
		}
	}
}

func TestWhatStrangersSeeWithMetricsOnly(t *testing.T) {
	t.Parallel()
	p := startHub(t, "--web.public=metrics")
	for path, want := range map[string]int{
		"/": 403, "/config": 403, "/probe?registry=hub&debug=true": 403, "/probe?registry=hub&debug": 403,
		"/metrics": 200, "/probe?registry=hub": 200, "/sd": 200, "/runbooks/": 200, "/-/healthy": 200, "/-/ready": 200,
	} {
		if status, page := p.get(t, path); status != want {
			t.Errorf("%s: %d, want %d: %s", path, status, want, page)
		}
	}
	if _, page := p.get(t, "/runbooks/RegistryDown?registry=hub"); strings.Contains(page, "now:") || !strings.Contains(page, "https://FRONT/v2/") {
		t.Errorf("a runbook says what is wrong:\n%s", page)
	}
}

func TestEveryRouteHasItsRowOfThreats(t *testing.T) {
	text, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	f, err := parseFlags([]string{"--web.enable-pprof"}, os.Stdout, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, r := range pages(f, nil, http.NotFoundHandler()) {
		pattern := strings.TrimSuffix(r.pattern, "{$}")
		if !strings.Contains(string(text), "\n| `"+pattern+"` |") {
			t.Errorf("docs/security.md has no row for %s", pattern)
		}
		rows++
	}
	if got := strings.Count(string(text), "\n| `GET ") + strings.Count(string(text), "\n| `POST "); got != rows {
		t.Errorf("docs/security.md has %d rows for %d routes", got, rows)
	}
}

package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector"
)

// TestCheckWithAnAccessLog: only a running exporter reads logs. If the command check waited for them, it would always
// fail.
func TestCheckWithAnAccessLog(t *testing.T) {
	t.Parallel()
	url, ca := startRegistry(t)
	log := writeFile(t, "access.log", "")
	file := writeFile(t, "hub.yml", `registries:
- {name: hub, url: "`+url+`", http: {tls_config: {ca_file: `+ca+`}}, access_log: {paths: [`+log+`]}}
`)
	stdout, stderr, code := executeCheck(t, "", "--config.file="+file)
	if code != 0 || stderr != "" || !strings.HasSuffix(stdout, "1 registry, 1 check, 0 failed\n") {
		t.Errorf("exit %d, stderr %q, stdout:\n%s", code, stderr, stdout)
	}
}

func TestCheckTellsWhereARunbookOpens(t *testing.T) {
	t.Parallel()
	stdout, _, _ := executeCheck(t, "", "--web.external-url=https://exporter.example.org/", nobody)
	if want := "runbook: https://exporter.example.org/runbooks/RegistryDown?registry=127.0.0.1-1\n"; !strings.Contains(stdout, want) {
		t.Errorf("no %q in\n%s", want, stdout)
	}
}

func TestProgressIsForATerminal(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]io.Writer{"a pipe": &strings.Builder{}, "nowhere": io.Discard} {
		if progressOn(w) != nil {
			t.Errorf("%s gets it too", name)
		}
	}
	s := collector.Ended{Registry: "hub@eqiad", Collector: "redis", Address: "127.0.0.1:6379", Reason: "refused", Took: 12*time.Millisecond + 3, Done: 3, All: 9}
	if got, want := progressLine(s), "3 of 9  hub@eqiad redis 127.0.0.1:6379: refused (12ms)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Reason = ""
	if got := progressLine(s); !strings.Contains(got, ": read (") {
		t.Errorf("got %q", got)
	}
}

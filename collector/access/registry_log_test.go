package access_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/testserver"
)

// realLines are lines of a registry that was broken in many ways.
func realLines(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile("../../accesslog/testdata/registry_log/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("#")) {
			lines.Write(line)
		}
	}
	return lines.String()
}

// Real registries wrote these lines while their files, their Redis, their Swift and their clients failed. Each log becomes a page.
func TestPagesOfRegistryLogs(t *testing.T) {
	for name, c := range map[string]struct{ format, text string }{
		"files_and_redis":   {"text", realLines(t, "2.8.2_text.log")},
		"files_and_redis_3": {"json", realLines(t, "3.1.1_json.log")},
		"swift":             {"json", realLines(t, "2.8.2_json_swift.log")},
		"panic_at_start":    {"text", realLines(t, "panic_at_start.log")},
		"another_format":    {"json", realLines(t, "2.8.2_text.log") + realLines(t, "3.1.1_text.log")},
		"nothing_yet":       {"text", ""},
		"logstash":          {"logstash", strings.NewReplacer(`"msg":`, `"message":`, `"time":`, `"@timestamp":`).Replace(realLines(t, "2.8.2_json.log"))},
	} {
		t.Run(name, func(t *testing.T) {
			at := startCollector(t, "registry_log", "  registry_log: {paths: [LOG], format: "+c.format+"}\n", "")
			at.append(at.log, c.text)
			at.counts(strings.Count(c.text, "\n"))
			at.compare(name, map[string]string{at.log: "/var/log/docker-registry.log"})
		})
	}
}

func TestPageOfARegistryLogThatIsNotThere(t *testing.T) {
	at := startCollector(t, "registry_log", "  registry_log: {paths: [LOG.none]}\n", "")
	testserver.WaitUntil(t, "the log is looked for", func() bool { return strings.Contains(at.page(), `reason="log_missing"`) })
	at.compare("no_log", map[string]string{at.log + ".none": "/var/log/docker-registry.log"})
}

const failedLine = `time="2026-11-28T17:45:14.4Z" level=error msg="response completed with error" err.detail="swift: HTTP Error: 503: 503 Service Unavailable" ` +
	`http.request.method=GET http.request.uri=/v2/a/b/manifests/1 http.request.useragent=containerd/2.0 http.response.status=500 vars.name=a/b` + "\n"

func TestPageOfARegistryLogOverSyslog(t *testing.T) {
	address := freeAddress(t)
	at := startCollector(t, "registry_log", "  registry_log: {syslog: {listen: '"+address+"'}}\n", "")
	at.listens(address)
	for i, header := range []string{"<30>Nov 28 17:45:14 host docker-registry[77]: ", "<30>1 2026-11-28T17:45:14Z host docker-registry 77 - - "} {
		for _, network := range []string{"udp", "tcp"} {
			c, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(i, err)
			}
			defer c.Close()
			if _, err := fmt.Fprint(c, header+failedLine); err != nil {
				t.Fatal(err)
			}
		}
	}
	at.counts(4)
	at.compare("syslog", map[string]string{"syslog:" + address: "syslog:127.0.0.1:10514"})
}

// Both logs of one registry are read, each has its state, and both go on after a restart.
func TestBothLogsGoOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "docker-registry.log")
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lines := "  access_log: {paths: [LOG]}\n  registry_log: {paths: ['" + own + "']}\n"
	at := startWithState(t, lines, filepath.Join(dir, "state"))
	both := func(access, registry int) {
		t.Helper()
		at.collector = "access"
		at.counts(access)
		at.collector = "registry_log"
		at.counts(registry)
	}
	at.append(at.log, logLine)
	at.append(own, failedLine+failedLine)
	both(1, 2)
	at.StopProbes()
	at.append(at.log, logLine)
	at.append(own, failedLine)
	at.start()
	both(2, 3)
	at.configure(lines + "  timeout: 7s\n") // a reload that is about something else
	if err := at.Reload(); err != nil {
		t.Fatal(err)
	}
	at.append(own, failedLine)
	both(2, 4)
	at.configure("  access_log: {paths: [LOG]}\n")
	if err := at.Reload(); err != nil {
		t.Fatal(err)
	}
	if at.lines() != -1 {
		t.Error("a log is read that is no longer in the configuration")
	}
}

// A request that fails is on the page within seconds.
func TestARegistryLogIsReadAtOnce(t *testing.T) {
	at := startCollector(t, "registry_log", "  registry_log: {paths: [LOG]}\n", "")
	start := time.Now()
	at.append(at.log, failedLine)
	at.counts(1)
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %s", took)
	}
}

package access_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"registry_exporter/accesslog"
	"registry_exporter/collector"
	"registry_exporter/collector/source"
)

// An accessTest is an exporter of one registry that reads a log.
type accessTest struct {
	*testing.T
	*collector.Exporter
	config, log, stateDir string
}

// startAccess starts an exporter on the lines of a registry, where LOG stands for a log that is there and empty.
func startAccess(t *testing.T, lines string) *accessTest {
	t.Helper()
	return startSavedAccess(t, lines, "")
}

// startSavedAccess does the same with a folder for state.
func startSavedAccess(t *testing.T, lines, stateDir string) *accessTest {
	t.Helper()
	dir := t.TempDir()
	at := &accessTest{T: t, config: filepath.Join(dir, "registry_exporter.yml"), log: filepath.Join(dir, "registry.log"), stateDir: stateDir}
	at.append(at.log, "")
	at.configure(lines)
	at.start()
	return at
}

func (at *accessTest) configure(lines string) {
	at.Helper()
	text := "registries:\n- name: hub\n  url: http://registry.example.org\n" + strings.ReplaceAll(lines, "LOG", at.log)
	if err := os.WriteFile(at.config, []byte(text), 0o600); err != nil {
		at.Fatal(err)
	}
}

func (at *accessTest) start() {
	at.Helper()
	e, err := collector.New(collector.Options{ConfigFile: at.config, StateDir: at.stateDir, Logger: log.NewNopLogger()})
	if err != nil {
		at.Fatal(err)
	}
	e.Start()
	at.Exporter = e
	at.Cleanup(func() { e.StopProbes(); e.Stop() })
}

func (at *accessTest) append(file, text string) {
	at.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		at.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		at.Fatal(err)
	}
}

func (at *accessTest) source() *source.Source {
	for _, s := range at.live.Load().registries[0].sources {
		if s.Companion != nil {
			return s
		}
	}
	at.Fatal("there is no access log")
	return nil
}

func (at *accessTest) tailer() *accesslog.Tailer {
	at.Helper()
	for _, kept := range at.live.Load().keep.now {
		if reader, is := kept.(*access.logReader); is {
			return reader.tailer
		}
	}
	at.Fatal("no access log is read")
	return nil
}

// counts waits until so many lines are counted, of any outcome.
func (at *accessTest) counts(lines int) {
	at.Helper()
	got := 0.0
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		r, err := at.tailer().Report(at.Context())
		if err != nil {
			at.Fatal(err)
		}
		got = 0
		for _, row := range r.Counts.Lines {
			got += row.Value
		}
		if int(got) == lines {
			return
		}
	}
	at.Fatalf("%v lines are counted, want %d", got, lines)
}

func (at *accessTest) compare(name string, names map[string]string) {
	at.Helper()
	folder := filepath.Join("testdata", "access", name)
	if collectortest.Update() {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			at.Fatal(err)
		}
	}
	collectortest.ComparePage(at.T, folder, at.testPage(at.T, "access", names))
}

// TestAccessPages reads testdata/access/<case>/access.log, and compares the page with <case>.prom there.
func TestAccessPages(t *testing.T) {
	folders, err := filepath.Glob("testdata/access/*/registry.yml")
	if err != nil || len(folders) == 0 {
		t.Fatal("no cases", err)
	}
	for _, registry := range folders {
		folder := filepath.Dir(registry)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			lines, err := os.ReadFile(registry)
			if err != nil {
				t.Fatal(err)
			}
			at := startAccess(t, string(lines))
			text, err := os.ReadFile(filepath.Join(folder, "access.log"))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			at.append(at.log, string(text))
			at.counts(bytes.Count(text, []byte("\n")))
			names := map[string]string{}
			for _, ending := range []string{"", ".none", ",/dev/null"} {
				names[at.log+ending] = "/var/log/nginx/registry.log" + ending
			}
			at.compare(filepath.Base(folder), names)
		})
	}
}

const accessLine = "10.0.0.1 - - [21/Nov/2026:22:18:08 +0000] \"GET /v2/a/b/manifests/1 HTTP/1.1\" 200 7 \"-\" \"containerd\"\n"

func TestAccessPageOfSyslog(t *testing.T) {
	own := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254)) // others take ports of 127.0.0.1
	free, err := net.Listen("tcp", own)
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	at := startAccess(t, "  access_log: {syslog: {listen: '"+address+"'}}\n")
	for wait := true; wait; time.Sleep(10 * time.Millisecond) {
		r, err := at.tailer().Report(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wait = r.Syslog.Listening < 2
	}
	for _, network := range []string{"udp", "tcp"} {
		c, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := fmt.Fprint(c, "<190>Nov 21 22:18:08 cache-1 nginx: "+accessLine); err != nil {
			t.Fatal(err)
		}
	}
	at.counts(2)
	at.compare("syslog", map[string]string{"syslog:" + address: "syslog:127.0.0.1:10514"})
}

func TestAccessPageOfAnAddressThatIsTaken(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	address := other.Addr().String()
	at := startAccess(t, "  access_log: {syslog: {listen: '"+address+"'}}\n")
	for wait := true; wait; time.Sleep(10 * time.Millisecond) {
		r, err := at.tailer().Report(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wait = r.Problem == nil || r.Syslog.Listening < 1
	}
	at.compare("address_is_taken", map[string]string{"syslog:" + address: "syslog:127.0.0.1:10514"})
}

func TestAccessPageWithoutStart(t *testing.T) {
	at := startAccess(t, "  access_log: {paths: [LOG]}\n")
	e, err := collector.New(at.opts)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	at.Exporter = e
	at.compare("not_started", map[string]string{at.log: "/var/log/nginx/registry.log"})
}

func TestAccessPageWhenStateCannotBeSaved(t *testing.T) {
	at := startSavedAccess(t, "  access_log: {paths: [LOG]}\n", filepath.Join(t.TempDir(), "state"))
	at.append(at.log, accessLine)
	at.counts(1)
	if err := errors.Join(os.RemoveAll(at.stateDir), os.WriteFile(at.stateDir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	at.append(at.log, accessLine)
	at.counts(2)
	at.compare("state_not_saved", map[string]string{at.log: "/var/log/nginx/registry.log"})
}

func TestAccessPageWhenLinesWereLost(t *testing.T) {
	at := startSavedAccess(t, "  access_log: {paths: [LOG]}\n", filepath.Join(t.TempDir(), "state"))
	at.append(at.log, accessLine)
	at.counts(1)
	at.StopProbes()
	at.append(at.log, accessLine)
	if err := os.Remove(at.log); err != nil {
		t.Fatal(err)
	}
	at.append(at.log, strings.Replace(accessLine, "manifests/1", "manifests/2", 1))
	at.start()
	at.counts(2)
	at.compare("lines_lost", map[string]string{at.log: "/var/log/nginx/registry.log"})
}

func TestAccessLogGoesOnAfterARestart(t *testing.T) {
	at := startSavedAccess(t, "  access_log: {paths: [LOG]}\n", filepath.Join(t.TempDir(), "state"))
	at.append(at.log, accessLine)
	at.counts(1)
	at.StopProbes()
	at.append(at.log, accessLine)
	at.start()
	at.counts(2)
}

func TestReloadOfAccessLogs(t *testing.T) {
	const first = "  access_log: {paths: [LOG], projects: {max: 7}}\n"
	at := startAccess(t, first)
	reload := func(lines string) *accesslog.Tailer {
		t.Helper()
		at.configure(lines)
		if err := at.Reload(); err != nil {
			t.Fatal(err)
		}
		at.append(at.log, accessLine)
		if len(at.companions) == 0 {
			return nil
		}
		return at.tailer()
	}
	at.append(at.log, accessLine)
	at.counts(1)
	before := at.tailer()

	if same := reload(first + "  timeout: 7s\n"); same != before {
		t.Error("the reader did not survive a reload that is about something else")
	}
	at.counts(2)
	if other := reload("  access_log: {paths: [LOG, LOG.other], projects: {max: 7}}\n"); other == before {
		t.Error("the reader of the old section is still there")
	}
	at.counts(3)
	reload("  access_log: {paths: [LOG], projects: {max: 8}}\n") // counts of another kind, from the same position
	at.counts(1)
	if reload("") != nil {
		t.Error("a log is read that is no longer in the configuration")
	}
	if reload(first) == nil {
		t.Error("a log that is in the configuration again is not read")
	}
	at.configure("nonsense")
	if at.Reload() == nil {
		t.Error("nonsense was loaded")
	}
	at.append(at.log, accessLine)
	if at.source().Companion != at.companions["hub"] {
		t.Error("after a reload that failed another reader runs than is shown")
	}
}

// Whatever the clients ask for, all that is counted fits on the page.
func TestAccessSamplesFit(t *testing.T) {
	const format = `"$request" $status $body_bytes_sent $request_length $request_time $upstream_addr $upstream_cache_status`
	at := startAccess(t, "  access_log: {paths: [LOG], projects: {max: 100}, format: '"+format+"', node: $upstream_addr}\n")
	var text strings.Builder
	lines := 0
	for project := range 150 {
		for node := range 12 {
			for _, request := range []string{
				"GET /v2/p%[1]d/b/manifests/1", "PUT /v2/p%[1]d/b/manifests/1", "GET /v2/p%[1]d/b/blobs/sha256:%064[1]x",
				"PATCH /v2/p%[1]d/b/blobs/uploads/u", "PUT /v2/p%[1]d/b/blobs/uploads/u",
			} {
				for _, status := range []int{200, 401, 404, 499, 500} {
					fmt.Fprintf(&text, "\""+request+" HTTP/1.1\" %[2]d 100 100 9.000 10.0.0.%[3]d:5000 MISS\n", project, status, node)
					lines++
				}
			}
		}
	}
	at.append(at.log, text.String())
	at.counts(lines)
	samples, err := at.source().Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(samples) > access.maxSamplesOfLog || len(samples) < access.maxSamplesOfLog/4 {
		t.Errorf("%d samples", len(samples))
	}
}

func TestHistogramsAreClassicAndNative(t *testing.T) {
	h := accesslog.Histogram{
		Count: 5, Sum: 7.5, Buckets: []accesslog.Bucket{{UpperBound: 0.1, Count: 2}, {UpperBound: 1, Count: 4}},
		Schema: 3, ZeroThreshold: 1e-9, ZeroCount: 1, Spans: []accesslog.Span{{Offset: 2, Length: 1}}, Deltas: []int64{4},
	}
	m := collector.newLines([]source.Sample{access.requestSeconds.HistogramSample(h, "blob_pull")}, nil)[0].written
	got := m.Histogram
	switch {
	case m.Label[0].GetValue() != "blob_pull" || got.GetSampleCount() != 5 || got.GetSampleSum() != 7.5:
		t.Errorf("%v", m)
	case len(got.Bucket) != 2 || got.Bucket[1].GetUpperBound() != 1 || got.Bucket[1].GetCumulativeCount() != 4:
		t.Errorf("classic buckets: %v", got.Bucket)
	case got.GetSchema() != 3 || got.GetZeroCount() != 1 || got.PositiveSpan[0].GetOffset() != 2 || got.PositiveSpan[0].GetLength() != 1 || got.PositiveDelta[0] != 4:
		t.Errorf("native buckets: %v", got)
	}
}

func TestFactsOfAnAccessLog(t *testing.T) {
	for want, res := range map[string]source.Result{
		"":                             {},
		"3 lines":                      {Samples: []source.Sample{access.linesTotal.Sample(2, "parsed"), access.linesTotal.Sample(1, "unmatched"), access.logLag.Sample(0, "a")}},
		"1 line, 2.0 KiB not read yet": {Samples: []source.Sample{access.linesTotal.Sample(1, "parsed"), access.logLag.Sample(1024, "a"), access.logLag.Sample(1024, "b")}},
	} {
		if got := strings.Join(access.logFacts(nil, res), ", "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

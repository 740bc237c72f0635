package access_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-kit/log"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/testserver"
)

const logLine = "10.0.0.1 - - [21/Nov/2026:22:18:08 +0000] \"GET /v2/a/b/manifests/1 HTTP/1.1\" 200 7 \"-\" \"containerd\"\n"

// An accessTest is an exporter of one registry that reads a log.
type accessTest struct {
	*testing.T
	*collector.Exporter
	config, log, stateDir string
	collector             string
}

// start starts an exporter with the lines of a registry, in which LOG is the path of a log without lines.
func start(t *testing.T, lines string) *accessTest {
	t.Helper()
	return startWithState(t, lines, "")
}

// startWithState is start with a folder for state.
func startWithState(t *testing.T, lines, stateDir string) *accessTest {
	t.Helper()
	return startCollector(t, "access", lines, stateDir)
}

// startCollector is startWithState for one of the collectors that read logs.
func startCollector(t *testing.T, collector, lines, stateDir string) *accessTest {
	t.Helper()
	dir := t.TempDir()
	at := &accessTest{
		T: t, config: filepath.Join(dir, "registry_exporter.yml"), log: filepath.Join(dir, "registry.log"), stateDir: stateDir, collector: collector,
	}
	at.append(at.log, "")
	at.configure(lines)
	at.start()
	return at
}

func (at *accessTest) configure(lines string) {
	at.Helper()
	text := collectortest.HubConfig("http://registry.example.org", strings.ReplaceAll(lines, "LOG", at.log))
	if err := os.WriteFile(at.config, []byte(text), 0o600); err != nil {
		at.Fatal(err)
	}
}

func (at *accessTest) options() collector.Options {
	return collector.Options{ConfigFile: at.config, StateDir: at.stateDir, Logger: log.NewNopLogger()}
}

// start makes a new exporter read the log.
func (at *accessTest) start() {
	at.Helper()
	e, err := collector.New(at.options())
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

// page returns the exporter's page of the log.
func (at *accessTest) page() string {
	at.Helper()
	_, page := collectortest.Ask(at.T, at.ServeProbe, "/probe?registry=hub&collect[]="+at.collector)
	return page
}

// counts waits until this number of lines is counted, of any outcome.
func (at *accessTest) counts(lines int) {
	at.Helper()
	testserver.WaitUntil(at.T, strconv.Itoa(lines)+" lines are counted", func() bool { return at.lines() == lines })
}

// lines returns how many lines are counted; -1 when no log is read.
func (at *accessTest) lines() int {
	at.Helper()
	all := -1
	for row := range strings.Lines(at.page()) {
		if !strings.HasPrefix(row, "registry_access_lines_total{") && !strings.HasPrefix(row, "registry_log_lines_total{") {
			continue
		}
		value, err := strconv.Atoi(strings.TrimSpace(row[strings.LastIndex(row, " "):]))
		if err != nil {
			at.Fatal(err)
		}
		all = max(all, 0) + value
	}
	return all
}

// compare compares the page with testdata/COLLECTOR/NAME/NAME.prom. names replace addresses in labels.
func (at *accessTest) compare(name string, names map[string]string) {
	at.Helper()
	folder := filepath.Join("testdata", at.collector, name)
	if collectortest.Update() {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			at.Fatal(err)
		}
	}
	collectortest.ComparePage(at.T, folder, collectortest.Page(at.T, at.Exporter, at.collector, names))
}

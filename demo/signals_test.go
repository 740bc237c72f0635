package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestScrapesThatGiveUpDoNotEndTheDemo: after such a scrape stand-ins write to connections that the exporter has closed.
func TestScrapesThatGiveUpDoNotEndTheDemo(t *testing.T) {
	o := testOptions(t)
	d, lines, end := startCommand(t, o)
	defer end()
	go func() {
		for lines.Scan() { // until the demo ends
		}
	}()
	for _, fault := range []string{"replica-hangs", "one-server-hung"} {
		d.request(t, http.MethodPost, d.fault(fault))
	}
	for range 4 {
		if page := d.scrapeWithin(t, "1"); !strings.Contains(page, `reason="timeout"`) {
			t.Error("nothing gave up")
		}
	}
	d.request(t, http.MethodGet, "http://"+d.control+"/")
}

func TestADemoWithoutAReaderEndsAndLeavesNothingBehind(t *testing.T) {
	silent := filepath.Join(t.TempDir(), "exporter") // an exporter that writes nothing: it would end when nobody reads its output
	if err := os.WriteFile(silent, []byte("#!/bin/sh\nexec "+buildExporter(t)+` "$@" >/dev/null 2>&1`), 0o700); err != nil {
		t.Fatal(err)
	}
	o := testOptions(t)
	o.exporter = silent
	cmd := demoCommand(t, o)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	cmd.Stdout = writer
	var ended *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &ended) || ended.ExitCode() != 1 {
		t.Errorf("ended with %v, want exit status 1", err)
	}
	l, err := net.Listen("tcp", o.exporterListen)
	if err != nil {
		t.Fatalf("the exporter is still there: %s", err)
	}
	l.Close()
}

// startCommand starts the demo as people do, with the exporter of this tree. lines has its output after the greeting.
func startCommand(t *testing.T, o options) (d *runningDemo, lines *bufio.Scanner, end func()) {
	t.Helper()
	o.exporter = buildExporter(t)
	cmd := demoCommand(t, o)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines = bufio.NewScanner(out)
	d = &runningDemo{exporter: o.exporterListen, control: o.listen, parts: readGreeting(t, lines)}
	return d, lines, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with: %s", err)
		}
	}
}

// demoCommand returns the command of the demo as people run it. It ends after some time.
func demoCommand(t *testing.T, o options) *exec.Cmd {
	t.Helper()
	demo := build(t, ".")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, demo, "--exporter="+o.exporter, "--fixtures="+o.fixtures, "--alerts="+o.alerts,
		"--exporter.listen="+o.exporterListen, "--listen="+o.listen,
		"--prometheus.listen="+o.prometheusListen, "--alertmanager.listen="+o.alertmanagerListen)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it has programs to stop
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// The bench measures the CPU time, memory and time that the exporter takes, and compares them with goals and with other
// exporters. It needs Linux, for /proc.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	// HUP stops the bench as well, so that no child is left behind. When nobody reads its output, the bench measures to
	// its end.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Ignore(syscall.SIGPIPE)
	exporter := flag.String("exporter", "../registry_exporter", "the exporter to measure")
	fixtures := flag.String("fixtures", "../collector/msr/testdata/rethinkdb", "folder of the RethinkDB tables")
	profile := flag.String("profile", "", "write a CPU profile of the exporter under a full registry to this file")
	serve := flag.String("stand-ins", "", "only run the stand-ins, with their files in this folder, until stdin ends (the bench calls itself so)")
	log := flag.String("read-log", "", "only count the lines of this access log (the bench calls itself so)")
	flag.Parse()
	err := func() error {
		if *serve != "" {
			return serveStandIns(*serve, *fixtures)
		}
		if *log != "" {
			return readLog(*log, os.Stdout)
		}
		return run(ctx, *exporter, *fixtures, *profile)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench has the values that all measurements share.
type bench struct {
	ctx      context.Context
	exporter string
	dir      string
	profile  string
	standIns *standIns
}

func run(ctx context.Context, exporter, fixtures, profile string) error {
	exporter, err := filepath.Abs(exporter)
	if err != nil {
		return fmt.Errorf("finding the exporter: %w", err)
	}
	if err := printMachine(exporter); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "registry_exporter_bench")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	s, err := startStandIns(ctx, dir, fixtures)
	if err != nil {
		return err
	}
	defer s.stop()
	b := &bench{ctx, exporter, dir, profile, s}
	for _, measurement := range []func() error{b.full, b.peers, b.many, b.besideHung, b.pair, b.starts, b.sharedBundle, b.accessLog} {
		if err := measurement(); err != nil {
			return err
		}
	}
	return nil
}

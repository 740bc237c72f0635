package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"registry_exporter/accesslog"
	"registry_exporter/accesslog/genlog"
)

// The goals, and the log on which they are measured.
const (
	logLines     = 1_000_000
	maxLineCPU   = 500 * time.Nanosecond
	maxLogRSS    = 30.0 // MB
	linesAPiece  = 256 << 10
	logFormat    = genlog.Timed
	logReaderArg = "-read-log"
)

// accessLog measures how long a line of an access log takes: in the exporter, in mtail, and with wc -l as the least
// possible.
func (b *bench) accessLog() error {
	fmt.Printf("\nAn access log of %d lines, read from its beginning to its end by one process each\n", logLines)
	log := filepath.Join(b.dir, "access.log")
	size, err := writeLog(log)
	if err != nil {
		return err
	}
	defer os.Remove(log)
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the bench itself: %w", err)
	}
	floor, err := b.readBy("wc -l", "wc", "-l", log)
	if err != nil {
		return err
	}
	ours, err := b.readBy("registry_exporter", self, logReaderArg, log)
	if err != nil {
		return err
	}
	readers := []*reader{floor, ours}
	fmt.Printf("  %d bytes a line\n", size/logLines)
	var snapshot accesslog.Snapshot
	if err := json.Unmarshal(ours.output, &snapshot); err != nil {
		return fmt.Errorf("reading what ours counted: %w", err)
	}
	ours.series = seriesOf(snapshot)
	same := errors.New("mtail is not installed: no comparison")
	if missing := missingOf("mtail"); missing == "" {
		theirs, err := b.mtail(log)
		if err != nil {
			return err
		}
		readers = append(readers, theirs)
		same = sameCounts(snapshot, string(theirs.output))
	}
	printReaders(readers)
	goal(ours.lineCPU() <= maxLineCPU, "%.2f us CPU a line, at most %.1f", us(ours.lineCPU()), us(maxLineCPU))
	goal(ours.peak <= maxLogRSS, "RSS %.1f MB, at most %.0f", ours.peak, maxLogRSS)
	if same != nil {
		fmt.Println(" ", same)
		return nil
	}
	fmt.Println("  both count the same: each operation by status, what went well by project, and how long it took")
	return nil
}

func writeLog(name string) (size int, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, fmt.Errorf("writing a log: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	g := genlog.New(1)
	var line []byte
	for range logLines {
		line = g.AppendTimed(line[:0])
		size += len(line)
		_, _ = w.Write(line) // Flush returns the error
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return 0, fmt.Errorf("writing a log: %w", err)
	}
	return size, nil
}

// A reader is a run of a program that read the log: its time, its memory and its output.
type reader struct {
	name      string
	wall, cpu time.Duration
	peak      float64 // MB
	series    int
	output    []byte
}

func (r *reader) lineCPU() time.Duration { return r.cpu / logLines }

// readBy runs a program until it ends.
func (b *bench) readBy(name, program string, args ...string) (*reader, error) {
	cmd := exec.CommandContext(b.ctx, program, args...)
	var out bytes.Buffer
	var log tail
	cmd.Stdout, cmd.Stderr = &out, &log
	r := &reader{name: name}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := r.watch(cmd.Process.Pid, ended); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, log)
	}
	r.wall, r.output = time.Since(start), out.Bytes()
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return r, nil
}

// watch measures the memory until the program has ended. The maximum that Linux tells at the end would include the memory
// that the bench itself had when it started the program.
func (r *reader) watch(pid int, ended <-chan error) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-look.C:
			if used, err := usageOf(pid); err == nil { // an error: the program has just ended
				r.peak = max(r.peak, used.peak)
			}
		}
	}
}

func printReaders(readers []*reader) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tlines/s\tus CPU/line\tpeak MB\tseries\t")
	for _, r := range readers {
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.1f\t%d\t\n", r.name, logLines/r.wall.Seconds(), float64(r.cpu)/logLines/1e3, r.peak, r.series)
	}
	w.Flush()
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// readLog counts the lines of a log as the exporter does, and writes the counts to out. The bench runs itself with it.
func readLog(name string, out io.Writer) error {
	counts, err := accesslog.New(accesslog.Options{Format: logFormat, Depth: accesslog.AllButLast})
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("reading a log: %w", err)
	}
	defer f.Close()
	piece, have := make([]byte, linesAPiece), 0
	for {
		n, err := f.Read(piece[have:])
		have += n
		whole := bytes.LastIndexByte(piece[:have], '\n') + 1
		counts.Add(piece[:whole])
		have = copy(piece, piece[whole:have])
		if errors.Is(err, io.EOF) {
			return json.NewEncoder(out).Encode(counts.Snapshot())
		}
		if err != nil {
			return fmt.Errorf("reading a log: %w", err)
		}
	}
}

// seriesOf returns how many series the counts have on a page.
func seriesOf(s accesslog.Snapshot) (n int) {
	for _, rows := range [][]accesslog.Row{
		s.Requests, s.Bytes, s.Operations, s.TransferSeconds, s.Layers, s.SlowLayers, s.EmptyPulls, s.IncompletePulls,
		s.UploadLost, s.Cache, s.Upstreams, s.Lines, s.Projects, s.FoldedProjects, s.FoldedOperations,
	} {
		n += len(rows)
	}
	for _, h := range s.Durations {
		n += len(h.Buckets) + 4 // +Inf, count, sum, and the native histogram
	}
	return n
}

// sameCounts returns an error when mtail's page has other counts.
func sameCounts(s accesslog.Snapshot, page string) error {
	theirs, err := mtailCounts(page)
	if err != nil {
		return err
	}
	ours := map[string]float64{}
	for _, r := range s.Requests {
		ours["requests "+r.Labels[0]+" "+r.Labels[1]] += r.Value
	}
	for _, r := range s.Operations {
		if r.Labels[2] == "ok" {
			ours["ok "+r.Labels[0]+" "+r.Labels[1]] += r.Value
		}
	}
	for _, h := range s.Durations {
		ours["durations "+h.Operation] = float64(h.Count)
		for _, bucket := range h.Buckets {
			ours[fmt.Sprintf("bucket %s %g", h.Operation, bucket.UpperBound)] = float64(bucket.Count)
		}
	}
	var differ []string
	for name, n := range ours {
		if theirs[name] != n {
			differ = append(differ, fmt.Sprintf("%s: ours %.0f, mtail %.0f", name, n, theirs[name]))
		}
		delete(theirs, name)
	}
	for name, n := range theirs {
		if n > 0 {
			differ = append(differ, fmt.Sprintf("%s: mtail alone %.0f", name, n))
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("NOT the same counts, %d differ: %s", len(differ), strings.Join(differ[:min(len(differ), 5)], "; "))
	}
	return nil
}

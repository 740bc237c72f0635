package accesslog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"registry_exporter/durable"
)

// savedVersion changes with the meaning of what is saved.
const savedVersion = 1

// A savedState is what outlives the process: how far each file is counted, and what was counted up to there, as one.
type savedState struct {
	Version  int
	Patterns []string
	Streams  []savedStream
	Done     []position
	Lost     uint64
	Counts   []byte
}

type savedStream struct {
	Path     string
	Modified time.Time
	Files    []position
}

// A Report is what a page shows of the logs of one registry. With a state file all of it is saved already: after
// the process was killed, counting goes on there or later, never before.
type Report struct {
	Counts    Snapshot
	Files     []FileReport // by path
	LostBytes uint64       // of files that were gone before they were read to their end, as far as one can know
	Syslog    *SyslogReport
	Problem   error // wraps some of Err…; nil when all is well
}

// A FileReport is how far one log is read.
type FileReport struct {
	Path     string
	Position int64 // in the file at Path, in bytes
	Lag      int64 // bytes that are not read yet, in this file and older ones
	// Behind is how long lines have been waiting to be read.
	Behind time.Duration
}

// Report saves, unless that was done within the last second, and says what is saved. When that fails it says what
// there is, with the problem.
func (t *Tailer) Report(ctx context.Context) (Report, error) {
	return t.save(ctx, time.Now(), t.rest)
}

// save is a Report that is at most rest old.
func (t *Tailer) save(ctx context.Context, now time.Time, rest time.Duration) (Report, error) {
	if err := t.saving.takeWithin(ctx); err != nil {
		return Report{}, err
	}
	defer t.saving.release()
	if t.stopped || t.opts.StateFile != "" && !t.saved.IsZero() && now.Sub(t.saved) < rest {
		return t.shown, nil
	}
	if err := t.lock.takeWithin(ctx); err != nil {
		return Report{}, err
	}
	if !t.begun {
		t.lock.release()
		return Report{}, ErrNotBegun
	}
	report := t.report(now)
	var state []byte
	var err error
	if t.opts.StateFile != "" {
		state, err = t.encode()
	}
	t.lock.release()
	if err == nil && !bytes.Equal(state, t.onDisk) {
		t.onDisk = nil
		if err = durable.Save(t.opts.StateFile, state); err == nil {
			t.onDisk = state
		}
	}
	if err != nil {
		report.Problem = errors.Join(report.Problem, fmt.Errorf("%w: %w", ErrNotSaved, err))
	}
	t.saved, t.shown = now, report
	return report, nil
}

func (t *Tailer) report(now time.Time) Report {
	r := Report{Counts: t.counts.Snapshot(), LostBytes: t.lost}
	for _, s := range t.streams {
		f := FileReport{Path: s.path}
		for _, l := range s.files {
			f.Lag += max(0, l.Size-l.Offset)
			if l.f != nil && !l.atEnd() {
				f.Behind = max(f.Behind, now.Sub(l.caught))
			}
			f.Position = l.Offset
		}
		for _, l := range s.packed {
			f.Lag += max(0, l.Size-l.Offset)
			f.Behind = max(f.Behind, now.Sub(l.caught))
		}
		r.Files = append(r.Files, f)
	}
	if t.opts.Listen != "" {
		r.Syslog = t.syslog.report()
	}
	r.Problem = errors.Join(t.problem, t.syslog.udpProblem, t.syslog.tcpProblem)
	if now.Sub(t.loss.at) < lossShown {
		r.Problem = errors.Join(r.Problem, t.loss.err)
	}
	return r
}

// encode writes down positions and counts of one and the same moment.
func (t *Tailer) encode() ([]byte, error) {
	counts, err := t.counts.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("writing down the counts: %w", err)
	}
	s := savedState{Version: savedVersion, Patterns: t.known, Done: t.done, Lost: t.lost, Counts: counts}
	for _, one := range t.streams {
		saved := savedStream{Path: one.path, Modified: one.modified}
		for _, l := range one.packed { // found again by what stands before the position
			saved.Files = append(saved.Files, l.where())
		}
		for _, l := range one.files {
			saved.Modified = later(saved.Modified, l.Modified)
			saved.Files = append(saved.Files, l.where())
		}
		s.Streams = append(s.Streams, saved)
	}
	return json.Marshal(s)
}

// restore goes on from a state: that of the predecessor, or what was saved.
func (t *Tailer) restore(state []byte, now time.Time) {
	var err error
	if state == nil && t.opts.StateFile != "" {
		state, err = durable.Load(t.opts.StateFile)
	}
	if err == nil && state != nil {
		err = t.decode(state, now)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.loss = loss{now, fmt.Errorf("%w: counting began anew at the end of the logs, since the state cannot be read: %w", ErrLost, err)}
	}
}

func (t *Tailer) decode(state []byte, now time.Time) error {
	var s savedState
	if err := json.Unmarshal(state, &s); err != nil {
		return err
	}
	if s.Version != savedVersion {
		return fmt.Errorf("version %d is not known", s.Version)
	}
	t.done, t.lost = s.Done, s.Lost
	t.known = slices.DeleteFunc(s.Patterns, func(pattern string) bool { return !slices.Contains(t.opts.Paths, pattern) })
	for _, saved := range s.Streams {
		if !t.wants(saved.Path) {
			continue
		}
		one := &stream{path: saved.Path, modified: saved.Modified}
		for _, p := range saved.Files {
			one.files = append(one.files, &logFile{position: p})
		}
		if newest := one.newest(); newest != nil {
			newest.restored = true
		}
		t.streams = append(t.streams, one)
	}
	// Counted with other options, or laid out by another version, they mean something else, and are 0 again.
	if err := t.counts.UnmarshalBinary(s.Counts); err != nil && !errors.Is(err, errOtherOptions) {
		t.loss = loss{now, fmt.Errorf("%w: the counters began at 0, since those that were saved cannot be read: %w", ErrLost, err)}
	}
	return nil
}

func (t *Tailer) wants(path string) bool {
	return slices.ContainsFunc(t.opts.Paths, func(pattern string) bool {
		match, err := filepath.Match(pattern, path)
		return err == nil && match
	})
}

// StateFile is where the state of a registry is kept in a folder.
func StateFile(dir, registry, site string) string {
	name := "access-" + registry
	if site != "" {
		name += "@" + site
	}
	return filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".state")
}

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

// savedVersion is the version of the layout of savedState.
const savedVersion = 1

// A savedState is the content of a state file: the positions in all logs, and the counters of the lines before them.
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

// A Report holds the counters of one registry, and how far its logs are read. With a state file it is handed out only after it was
// saved: a process that is killed goes on from this Report or a later one, so that no counter goes back.
type Report struct {
	Counts    Snapshot         // of an access log
	Registry  RegistrySnapshot // of a registry's own log
	Files     []FileReport     // by path
	LostBytes uint64           // of files that were deleted, truncated or compressed before they were read; at least
	Syslog    *SyslogReport
	Problem   error // wraps some of Err…; nil when all is well
}

// A FileReport says how far one log is read.
type FileReport struct {
	Path     string
	Position int64 // in the file at Path, in bytes
	Lag      int64 // bytes that are not read yet, in this file and older ones
	// Behind is how long the oldest unread line has been waiting.
	Behind time.Duration
}

// Report saves the state, and returns what is saved; within a second after the last save it returns that. When saving fails, it
// returns the counters as they are, with ErrNotSaved in Problem. The error is ErrNotBegun, or that of ctx.
func (t *Tailer) Report(ctx context.Context) (Report, error) {
	return t.save(ctx, time.Now(), t.rest)
}

// save returns the last Report when that is less than rest old, and else saves and returns a new one.
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
	r := Report{LostBytes: t.lost}
	t.counts.show(&r)
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

// encode is the text of a state file. The caller holds the lock: positions and counters are of the same moment.
func (t *Tailer) encode() ([]byte, error) {
	counts, err := t.counts.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("writing down the counts: %w", err)
	}
	s := savedState{Version: savedVersion, Patterns: t.known, Done: t.done, Lost: t.lost, Counts: counts}
	for _, one := range t.streams {
		saved := savedStream{Path: one.path, Modified: one.modified}
		for _, l := range one.packed { // a restart finds their place again by the bytes before it
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

// restore sets positions and counters to those of the predecessor or, without one, of the state file.
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
	// Counters that were saved with other options, or by another version, have another meaning: they begin at 0.
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

// StateFile is the path of the state file for the access logs of a registry in a folder.
func StateFile(dir, registry, site string) string { return stateFile(dir, "access", registry, site) }

// RegistryStateFile is that for its own logs.
func RegistryStateFile(dir, registry, site string) string {
	return stateFile(dir, "registry-log", registry, site)
}

func stateFile(dir, kind, registry, site string) string {
	name := kind + "-" + registry
	if site != "" {
		name += "@" + site
	}
	return filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".state")
}

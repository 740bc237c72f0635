package accesslog

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxStreams bounds the logs of one registry.
const maxStreams = 100

// readAll looks for new, rotated and deleted files of all logs, and for new logs. It sets problem.
func (t *Tailer) readAll(now time.Time) {
	t.looked = now
	var problems []error
	for _, s := range slices.Clone(t.streams) {
		t.finish(s, now)
		problems = append(problems, t.follow(s, now))
		for _, l := range s.files {
			problems = append(problems, l.broken)
		}
		if s.newest() == nil && len(s.packed) == 0 && !exists(s.path) {
			t.streams = slices.DeleteFunc(t.streams, func(other *stream) bool { return other == s })
		}
	}
	problems = append(problems, t.discover(now))
	t.problem = nil
	if err := errors.Join(problems...); err != nil {
		t.problem = fmt.Errorf("%w: %w", ErrUnreadable, err)
	} else if len(t.streams) == 0 && len(t.opts.Paths) > 0 {
		t.problem = fmt.Errorf("%w: nothing matches %s", ErrMissing, strings.Join(t.opts.Paths, ", "))
	}
}

func exists(path string) bool {
	_, err := stat(path)
	return err == nil
}

// discover adds the logs that match a pattern. At the first look with a pattern it begins at their ends, later at their
// beginnings.
func (t *Tailer) discover(now time.Time) (problem error) {
	for _, pattern := range t.opts.Paths {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("%s: %w", pattern, err)
		}
		old := !slices.Contains(t.known, pattern)
		if old {
			t.known = append(t.known, pattern)
		}
		for _, path := range paths {
			if wasRotated(path, t.isLog) || t.stream(path) != nil {
				continue
			}
			at, err := stat(path)
			if err != nil || t.follows(at.id) { // a second name of a file that is being read
				problem = errors.Join(problem, err)
				continue
			}
			if len(t.streams) == maxStreams {
				return errors.Join(problem, fmt.Errorf("more than %d logs", maxStreams))
			}
			s := &stream{path: path}
			if old {
				s.files = []*logFile{{position: position{Name: path, ID: at.id, Offset: at.size, Size: at.size, Modified: at.modified}}}
			}
			t.streams = append(t.streams, s)
			problem = errors.Join(problem, t.follow(s, now))
		}
	}
	slices.SortFunc(t.streams, func(a, b *stream) int { return strings.Compare(a.path, b.path) })
	return problem
}

func (t *Tailer) isLog(path string) bool { return t.stream(path) != nil || exists(path) }

func (t *Tailer) stream(path string) *stream {
	for _, s := range t.streams {
		if s.path == path {
			return s
		}
	}
	return nil
}

// follows says whether a log has the file.
func (t *Tailer) follows(id fileID) bool {
	for _, s := range t.streams {
		for _, l := range s.files {
			if l.f != nil && l.ID == id {
				return true
			}
		}
	}
	return false
}

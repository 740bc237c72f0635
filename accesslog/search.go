package accesslog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// searchAtOnce is how many bytes a search unpacks before other files are read again.
const searchAtOnce = 16 << 20

var (
	errIsRead = errors.New("its original is read")
	// errSearching is the error of a search that is not done. It wraps errMoved: the caller tries again at the next turn.
	errSearching = fmt.Errorf("%w: the place up to which a compressed one was read is searched", errMoved)
)

// A search finds up to which place a file was read before it was compressed: the last of the known positions whose bytes before
// Offset are in it.
type search struct {
	found
	f     *os.File
	read  [][]byte   // the first bytes of all files that are being read
	u     *unpacker  // nil until the search has begun
	known []position // those that were not tried yet, by Offset
	at    position   // the last one that fits
}

func (t *Tailer) beginSearch(s *stream, gone []*logFile, begins []byte, c found) error {
	s.endSearch()
	f, _, err := openSame(c)
	if err != nil {
		return err
	}
	known := slices.Clone(t.done)
	for _, l := range gone {
		known = append(known, l.position)
	}
	known = slices.DeleteFunc(known, func(p position) bool { return p.Marked == 0 })
	slices.SortFunc(known, func(a, b position) int { return cmp.Compare(a.Offset, b.Offset) })
	s.search = &search{found: c, f: f, read: s.beginnings(begins), known: known}
	return nil
}

func (s *stream) endSearch() {
	if s.search != nil {
		s.search.f.Close()
		s.search = nil
	}
}

// goOn unpacks up to searchAtOnce bytes of the file. The error is errSearching when there is more to search, and errIsRead
// when the file begins like one that is being read: it is a copy of that.
func (s *search) goOn() (position, error) {
	if s.u == nil {
		if err := s.begin(); err != nil {
			return s.at, err
		}
	}
	for until := s.u.offset + searchAtOnce; len(s.known) > 0; s.known = s.known[1:] {
		p := s.known[0]
		if err := s.u.skip(min(p.Offset, until) - s.u.offset); errors.Is(err, io.EOF) {
			return s.at, nil
		} else if err != nil {
			return s.at, err
		}
		if s.u.offset < p.Offset {
			return s.at, errSearching
		}
		if p.Marked <= len(s.u.before) && checksum(s.u.before[len(s.u.before)-p.Marked:]) == p.Mark {
			s.at = p
		}
	}
	return s.at, nil
}

func (s *search) begin() error {
	begins, err := beginningOfPacked(s.f)
	if slices.ContainsFunc(s.read, func(b []byte) bool { return sameBeginning(b, begins) }) {
		return errIsRead
	}
	if err != nil {
		return err
	}
	s.u, err = newUnpacker(s.f)
	return err
}

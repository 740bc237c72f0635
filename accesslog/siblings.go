package accesslog

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxSiblings bounds how many older files of a log are looked at, the newest of them.
const maxSiblings = 100

var (
	packedName = regexp.MustCompile(`\.(?:gz|bz2|xz|zst|lz4|Z|zip)$`)
	// registry.log.1, registry.log-20261121, registry.log.2026-11-21T22:00, registry.log.old
	oldSuffix = regexp.MustCompile(`^[._-](?:\d[-_.T:\d]*|old)$`)
	// registry.1.log, registry-20261121.log; registry-1.log is a log of its own
	oldMiddle = regexp.MustCompile(`^(?:\.\d{1,4}|[._-]\d{4}-?\d\d-?\d\d[-_.T:\d]*)$`)

	endsInSuffix = regexp.MustCompile(`[._-](?:\d[-_.T:\d]*|old)$`)
	endsInMiddle = regexp.MustCompile(`(?:\.\d{1,4}|[._-]\d{4}-?\d\d-?\d\d[-_.T:\d]*)$`)
)

// isOld says whether name is what a rotation makes of the log base.
func isOld(base, name string) bool {
	if rest, found := strings.CutPrefix(name, base); found {
		return oldSuffix.MatchString(rest)
	}
	ext := filepath.Ext(base)
	rest, found := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	rest, ends := strings.CutSuffix(rest, ext)
	return found && ends && ext != "" && oldMiddle.MatchString(rest)
}

// wasRotated says whether path is an older file of another log, which exists if isLog says so of its path.
func wasRotated(path string, isLog func(string) bool) bool {
	if packedName.MatchString(path) {
		return true
	}
	dir, name := filepath.Split(path)
	if base := endsInSuffix.ReplaceAllString(name, ""); base != name && base != "" && (strings.HasSuffix(base, "log") || isLog(dir+base)) {
		return true
	}
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	base := endsInMiddle.ReplaceAllString(stem, "")
	return base != stem && base != "" && isLog(dir+base+ext)
}

// errMoved says that files were renamed or deleted while they were looked at.
var errMoved = errors.New("files are being rotated")

// siblings are the older files beside a log, oldest first: those one can read, and those that are compressed. The error
// is errMoved, or nil.
func siblings(path string) (plain, packed []found, err error) {
	files, err := list(path)
	if err != nil {
		return nil, nil, err
	}
	again, err := list(path) // a file that is renamed meanwhile may be in one list twice, or not at all
	if err != nil || !slices.EqualFunc(files, again, func(a, b found) bool { return a.name == b.name && a.id == b.id }) {
		return nil, nil, errMoved
	}
	for _, at := range again {
		if packedName.MatchString(at.name) {
			packed = append(packed, at)
		} else {
			plain = append(plain, at)
		}
	}
	return newest(plain), newest(packed), nil
}

// list are the older files beside a log, by name.
func list(path string) (files []found, err error) {
	dir, base := filepath.Split(path)
	d, err := os.Open(cmp.Or(dir, "."))
	if err != nil {
		return nil, nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1) // what it could list is better than nothing
	slices.Sort(names)
	for _, name := range names {
		if !isOld(base, packedName.ReplaceAllString(name, "")) {
			continue
		}
		if _, err := os.Lstat(dir + name); errors.Is(err, fs.ErrNotExist) {
			return nil, errMoved
		}
		if at, err := stat(dir + name); err == nil {
			files = append(files, at)
		}
	}
	return files, nil
}

// openSame opens a file that was found. The error is errMoved when it is no longer there.
func openSame(c found) (*os.File, found, error) {
	f, at, err := open(c.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, at, errMoved
	}
	if err == nil && at.id != c.id {
		f.Close()
		return nil, at, errMoved
	}
	return f, at, err
}

func newest(files []found) []found {
	slices.SortFunc(files, func(a, b found) int { return cmp.Or(a.modified.Compare(b.modified), cmp.Compare(b.name, a.name)) })
	return files[max(0, len(files)-maxSiblings):]
}

// unpackedSize is how much a .gz holds, as its end says (modulo 4 GiB), and 0 of others.
func unpackedSize(f *os.File) int64 {
	if !strings.HasSuffix(f.Name(), ".gz") {
		return 0
	}
	var end [4]byte
	if _, err := f.Seek(-4, io.SeekEnd); err != nil {
		return 0
	}
	if _, err := io.ReadFull(f, end[:]); err != nil {
		return 0
	}
	return int64(binary.LittleEndian.Uint32(end[:]))
}

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

// maxSiblings bounds the rotated files of a log that are looked at: the newest of them.
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

// isOld says whether a rotation of the log base may have made the file name.
func isOld(base, name string) bool {
	if rest, found := strings.CutPrefix(name, base); found {
		return oldSuffix.MatchString(rest)
	}
	ext := filepath.Ext(base)
	rest, found := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	rest, ends := strings.CutSuffix(rest, ext)
	return found && ends && ext != "" && oldMiddle.MatchString(rest)
}

// wasRotated says whether path is a rotated file of another log. isLog says whether a path is that of a log.
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

// errMoved is the error of files that were renamed or deleted while the folder was being read: the caller tries again.
var errMoved = errors.New("files are being rotated")

// siblings are the rotated files of a log, oldest first: plain ones and compressed ones. The error is errMoved, or nil.
func siblings(path string) (plain, packed []found, err error) {
	files, err := list(path)
	if err != nil {
		return nil, nil, err
	}
	again, err := list(path) // a file that is renamed meanwhile may stand twice in a list, or be missing
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

// list are the rotated files of a log, sorted by name.
func list(path string) (files []found, err error) {
	dir, base := filepath.Split(path)
	d, err := os.Open(cmp.Or(dir, "."))
	if err != nil {
		return nil, nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1) // after an error: the names until there
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

// openSame opens a file that list found. The error is errMoved when the name is gone, or is that of another file now.
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

// unpackedSize is the size of the text in a .gz, modulo 4 GiB (its last 4 bytes, RFC 1952); 0 for other files.
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

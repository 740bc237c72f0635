package accesslog

import (
	"cmp"
	"encoding/binary"
	"io"
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

// siblings are the older files beside a log, oldest first: those one can read, and those that are compressed.
func siblings(path string) (plain, packed []found) {
	dir, base := filepath.Split(path)
	d, err := os.Open(cmp.Or(dir, "."))
	if err != nil {
		return nil, nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1) // what it could list is better than nothing
	for _, name := range names {
		open := packedName.ReplaceAllString(name, "")
		if !isOld(base, open) {
			continue
		}
		at, err := stat(dir + name)
		switch {
		case err != nil: // gone since
		case open == name:
			plain = append(plain, at)
		default:
			packed = append(packed, at)
		}
	}
	return newest(plain), newest(packed)
}

func newest(files []found) []found {
	slices.SortFunc(files, func(a, b found) int { return cmp.Or(a.modified.Compare(b.modified), cmp.Compare(b.name, a.name)) })
	return files[max(0, len(files)-maxSiblings):]
}

// unpackedSize is how much a .gz holds, as its end says (modulo 4 GiB), and 0 of others.
func unpackedSize(name string) int64 {
	if !strings.HasSuffix(name, ".gz") {
		return 0
	}
	f, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer f.Close()
	var end [4]byte
	if _, err := f.Seek(-4, io.SeekEnd); err != nil {
		return 0
	}
	if _, err := io.ReadFull(f, end[:]); err != nil {
		return 0
	}
	return int64(binary.LittleEndian.Uint32(end[:]))
}

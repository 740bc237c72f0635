package registry

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// tarOf returns a tar archive with the file registry_exporter. The file has content and, up to size bytes, random bytes
// from a fixed seed: they are the same each time, and no store can compress them.
func tarOf(content string, size int64) []byte {
	file := []byte(content)
	if missing := size - int64(len(file)); missing > 0 {
		filler := make([]byte, missing)
		_, _ = rand.NewChaCha8([32]byte{}).Read(filler) // never fails
		file = append(file, filler...)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b) // a buffer takes all: no write fails
	_ = w.WriteHeader(&tar.Header{Name: "registry_exporter", Mode: 0o444, Size: int64(len(file)), Format: tar.FormatUSTAR})
	_, _ = w.Write(file)
	_ = w.Close()
	return b.Bytes()
}

// gzipOf returns data as gzip without compression (RFC 1951, 3.2.4, and RFC 1952, 2.3). Every version of Go makes the
// same bytes, and tools that copy images do not compress a gzip layer again.
func gzipOf(data []byte) []byte {
	const most = 1<<16 - 1 // bytes of a block
	b := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}
	for rest := data; ; {
		n, last := min(len(rest), most), byte(0)
		if n == len(rest) {
			last = 1
		}
		b = append(b, last)
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
		b = binary.LittleEndian.AppendUint16(b, ^uint16(n))
		b = append(b, rest[:n]...)
		if rest = rest[n:]; last == 1 {
			break
		}
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(b, uint32(len(data)))
}

package accesslog

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// blobs remember the sizes of the layers that were pulled last. Which are forgotten depends on the log alone.
type blobs [blobSets][blobsPerSet]knownBlob

const (
	blobSets    = 1 << 11
	blobsPerSet = 4
)

type knownBlob struct{ key, size uint64 }

// seen is told what a pull of a blob gave, and tells the most that any gave before.
func (b *blobs) seen(key, size uint64) (before uint64) {
	set := &b[key%blobSets]
	at := 0
	for at < blobsPerSet-1 && set[at].key != key {
		at++
	}
	one := set[at]
	if one.key != key {
		one = knownBlob{key: key}
	}
	before = one.size
	one.size = max(one.size, size)
	copy(set[1:at+1], set[:at]) // the last one used is the first
	set[0] = one
	return before
}

// blobKey tells blobs apart by the beginning of their digests, which is as good as chance. It is 0 for what is none.
func blobKey(digest []byte) uint64 {
	colon := bytes.IndexByte(digest, ':')
	if colon < 0 || len(digest)-colon-1 < 32 {
		return 0
	}
	hex := digest[colon+1:]
	high, low := bits.Mul64(binary.LittleEndian.Uint64(hex)^0x9e3779b97f4a7c15, binary.LittleEndian.Uint64(hex[8:])^0xd1b54a32d192ed03)
	return high ^ low
}

// emptyDigest is that of the blob that has no bytes.
const emptyDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

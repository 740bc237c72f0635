package accesslog

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// blobs keeps the sizes of up to 8,192 layers, those that were pulled last. The lines of the log alone decide which ones it
// forgets: the same log always gives the same counts.
type blobs [blobSets][blobsPerSet]knownBlob

const (
	blobSets    = 1 << 11
	blobsPerSet = 4
)

type knownBlob struct{ key, size uint64 }

// seen notes that a pull of the blob with this key got size bytes. It returns the most bytes that any pull of it got before.
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
	copy(set[1:at+1], set[:at]) // the blob that was used last comes first
	set[0] = one
	return before
}

// blobKey is a hash of the first 16 characters behind the colon of a digest. It is 0 for a text that is no digest.
func blobKey(digest []byte) uint64 {
	colon := bytes.IndexByte(digest, ':')
	if colon < 0 || len(digest)-colon-1 < 32 {
		return 0
	}
	hex := digest[colon+1:]
	high, low := bits.Mul64(binary.LittleEndian.Uint64(hex)^0x9e3779b97f4a7c15, binary.LittleEndian.Uint64(hex[8:])^0xd1b54a32d192ed03)
	return high ^ low
}

// emptyDigest is the digest of a blob of 0 bytes.
const emptyDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

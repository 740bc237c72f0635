package swift

import (
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/config"
)

// pushedBytes is how many bytes the push probe sends in mode upload.
const pushedBytes = 64

// litter tells the objects that Distribution leaves of each upload that the push probe cancels; no version of
// Distribution purges them. The zero value takes no object for litter.
type litter struct{ uploads string }

// litterOf returns the litter of the push probe of b. A probe in mode image leaves none: it ends its uploads.
func litterOf(b *ask.Builder) litter {
	if b.Push == nil || b.Push.Mode != config.PushUpload {
		return litter{}
	}
	return litter{uploads: "/repositories/" + b.Push.Repository + "/_uploads/"}
}

// has says whether an object is litter: a hash state in the repository of the probe, or a segment of 64 bytes. Names of
// segments do not tell the repository. Clients hardly send a segment of so few bytes.
//
//	files/docker/registry/v2/repositories/monitoring/canary/_uploads/UUID/hashstates/sha256/64   108 bytes
//	segments/6d6/f6e…/0000000000000001                                                           64 bytes
func (l litter) has(o object) bool {
	if l.uploads == "" {
		return false
	}
	isSegment := strings.HasPrefix(o.Name, "segments/") || strings.Contains(o.Name, "/segments/")
	return isSegment && o.Bytes == pushedBytes || strings.Contains(o.Name, l.uploads)
}

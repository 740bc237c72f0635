package swift

import (
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/config"
)

// pushedBytes is how much the push probe sends in mode upload.
const pushedBytes = 64

// litter is what Distribution keeps of each upload that a push probe cancels, and no version of it purges. The zero value is none.
type litter struct{ uploads string }

// litterOf is that of the push probe of b. It is none but in mode upload: an image is pushed to its end.
func litterOf(b *ask.Builder) litter {
	if b.Push == nil || b.Push.Mode != config.PushUpload {
		return litter{}
	}
	return litter{uploads: "/repositories/" + b.Push.Repository + "/_uploads/"}
}

// has says whether an object is litter: a state of the hash in the repository of the probe, or a segment as long as what
// the probe sends. The name of a segment does not tell whose it is, and clients hardly send as few bytes.
func (l litter) has(o object) bool {
	if l.uploads == "" {
		return false
	}
	isSegment := strings.HasPrefix(o.Name, "segments/") || strings.Contains(o.Name, "/segments/")
	return isSegment && o.Bytes == pushedBytes || strings.Contains(o.Name, l.uploads)
}

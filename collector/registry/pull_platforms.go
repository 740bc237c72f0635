package registry

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// stepPlatforms asks for the images of other platforms that an index names. A pull of a tag that names no index has no
// such step, and neither has a pull from a pull-through cache: a cache holds only images that its clients have pulled.
const stepPlatforms = "platforms"

// maxOthers bounds the requests of one run for other platforms. All of them are for one image; the next run sends those
// for the next image.
const maxOthers = 10

// maxLost bounds the lost parts of other platforms that are remembered of one image.
const maxLost = 100

// platforms is what is known of the images of other platforms that the index of one image names. It outlives runs and
// reloads.
type platforms struct {
	nextManifest int                 // the manifest that is asked for next
	nextImage    int                 // the image whose parts are asked for next
	nextPart     int                 // the part of that image that is asked for next: the config, or a layer
	lost         []lostPart          // the next run asks for the first of them first
	absent       []client.Descriptor // manifests that were not there in any run
	isKnown      bool                // a run has asked for other platforms

	// seen are manifests that were there when a run asked for them, with the time when they left the index; zero: it names them.
	seen map[digest.Digest]time.Time
}

// A lostPart is a part of an image of another platform. A run has asked for it twice, and found it lost or damaged both times.
type lostPart struct {
	platformPart
	err   error
	again bool // a later run found it lost or damaged, too
}

// A platformPart is a part of an image of another platform: a config or a layer, or the manifest itself.
type platformPart struct {
	manifest client.Descriptor
	blob     client.Descriptor // without digest: the part is the manifest
}

// same says whether both are the same part of the same image.
func (p platformPart) same(other platformPart) bool {
	return p.manifest.Digest == other.manifest.Digest && p.blob.Digest == other.blob.Digest
}

// An otherPlatformError is about the image of a platform other than pull.platform.
type otherPlatformError struct{ error }

func (o otherPlatformError) Unwrap() error { return o.error }

// isOfOtherPlatform says whether the pull failed only for the image of another platform.
func isOfOtherPlatform(res source.Result) bool {
	var o otherPlatformError
	return errors.As(res.Err, &o)
}

// platformsOf returns what is known of the other platforms of an image. The first call adds it.
func (c *content) platformsOf(image string) *platforms {
	known := c.platforms[image]
	if known == nil {
		known = &platforms{seen: map[digest.Digest]time.Time{}}
		c.platforms[image] = known
	}
	return known
}

// err returns the error of the first lost part, with the number of the others; nil when none is lost.
func (s *platforms) err() error {
	if len(s.lost) == 0 {
		return nil
	}
	if more := len(s.lost) - 1; more > 0 {
		return otherPlatformError{fmt.Errorf("%w, and %s of other platforms", s.lost[0].err, source.Plural(more, "more part", "more parts"))}
	}
	return otherPlatformError{s.lost[0].err}
}

// isLost says whether the part was lost when a run last asked for it.
func (s *platforms) isLost(part platformPart) bool {
	return slices.ContainsFunc(s.lost, func(l lostPart) bool { return l.same(part) })
}

// platformsStep returns the step platforms; false when no run has asked for other platforms yet.
func (ip *imagePull) platformsStep() (source.Step, bool) {
	known := ip.memory.platforms[ip.image.Name]
	if known == nil || !known.isKnown || len(ip.others) == 0 || ip.err() != nil {
		return source.Step{}, false
	}
	step := source.Step{Name: stepPlatforms, Err: known.err(), Note: fmt.Sprintf("%d other manifests in the index, the images in turn", len(ip.others))}
	if p := ip.platforms; p != nil {
		step.Took = p.took
		step.Note = fmt.Sprintf("%s of the %d other manifests in the index and their parts", source.Plural(maxOthers-p.left, "request", "requests"), len(ip.others))
		if p.unknown != nil {
			step.Note += "; not known: " + p.unknown.Error()
		}
	}
	step.Note += known.absentNote()
	return step, true
}

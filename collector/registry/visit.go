package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// The steps of a pull.
const (
	stepAuth     = "auth"
	stepManifest = "manifest"
	stepConfig   = "config"
	stepLayers   = "layers"
)

// A visit is what one run does at one endpoint for one image, and what comes of it.
type visit struct {
	*puller
	image     *client.Image
	session   *client.Session
	steps     []source.Step
	manifest  *client.Manifest       // nil until it was read
	child     digest.Digest          // of the manifest that an index names
	layers    []client.Descriptor    // that can be read here, each once
	findings  []finding              // what was read of blobs
	cache     string                 // whether the last answer came from one, as in the label
	failed    map[digest.Digest]bool // layers that were not well
	firstByte time.Duration          // of the first layer
	bytes     int64                  // that were read
	ends      int                    // layers whose last byte came
	begins    int                    // layers whose first 64 KiB came instead
	inFull    int                    // layers that were read to their end, and right
	inParts   int                    // large layers of which a part was read
	tooLarge  int                    // layers that cannot be read
	speed     speed
}

// A finding is what came of reading a blob. full says that it was read to its end, or as far as the server lets us.
type finding struct {
	step  string
	blob  blobKey
	full  bool
	cache string // as in the label
	err   error
}

// find notes what came of reading a blob.
func (v *visit) find(step string, d digest.Digest, full bool, err error) {
	v.findings = append(v.findings, finding{step, blobKey{v.image.Repository, d}, full, v.cache, err})
}

// An answered error is that of an answer; cache says if it came from a cache on the way.
type answered struct {
	error
	cache string
}

func (a answered) Unwrap() error { return a.error }

// cacheOf reads what caches write into the headers of an answer, whose words are many: hit, miss, or none without any.
func cacheOf(h http.Header) string {
	said := strings.ToLower(strings.Join(append(h.Values("X-Cache-Status"), h.Values("X-Cache")...), " "))
	for _, word := range []string{"hit", "stale", "updating", "revalidated"} {
		if strings.Contains(said, word) {
			return "hit"
		}
	}
	switch age := h.Get("Age"); {
	case said == "" && age == "":
		return "none"
	case age != "" && age != "0":
		return "hit"
	}
	return "miss"
}

// cacheOfError is that of the answer that an error is about; none when there was no answer.
func cacheOfError(err error) string {
	var a answered
	if errors.As(err, &a) {
		return a.cache
	}
	return "none"
}

// read calls take with the answer for path.
func (v *visit) read(ctx context.Context, path string, header http.Header, take func(*http.Response) error) error {
	v.cache = "none"
	resp, err := v.session.Open(ctx, v.image.Repository, path, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	v.cache = cacheOf(resp.Header)
	if err := take(resp); err != nil {
		return answered{err, v.cache}
	}
	return nil
}

// done notes a step that began at start. What goes wrong with content does not end a pull: what else is bad counts too.
func (v *visit) done(name string, start time.Time, note string, err error) (goOn bool) {
	v.steps = append(v.steps, source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
	return err == nil || isContent(err)
}

// pull does all that needs to be done for each run: all but reading layers in full.
func (v *visit) pull(ctx context.Context) {
	start := time.Now()
	asked := start
	var note string
	err := v.read(ctx, "manifests/"+v.image.Tag, client.AcceptManifests, func(resp *http.Response) (err error) {
		if resp.StatusCode == http.StatusForbidden {
			return ask.NotLetIn(ask.RefusalOf(resp))
		}
		if resp.StatusCode < http.StatusInternalServerError { // an error of the server says nothing of who asks
			asked = v.session.Sent
			v.steps = append(v.steps, source.Step{Name: stepAuth, Took: asked.Sub(start), Note: v.session.Way()})
		}
		note, err = v.readManifests(ctx, resp)
		return err
	})
	if ask.IsNotLetIn(err) && len(v.steps) == 0 {
		v.done(stepAuth, start, "", err)
		return
	}
	v.done(stepManifest, asked, note, err)
	if err != nil {
		return
	}
	start = time.Now()
	err = v.readConfig(ctx)
	v.find(stepConfig, v.manifest.Config.Digest, true, err)
	if v.done(stepConfig, start, byteText(v.manifest.Config.Size), err) {
		start = time.Now()
		v.done(stepLayers, start, "", v.readEnds(ctx))
	}
}

// readManifests reads the answer for the tag and, when that is an index, the manifest of our platform.
func (v *visit) readManifests(ctx context.Context, resp *http.Response) (note string, err error) {
	m, d, err := client.ReadManifest(resp, client.Descriptor{Digest: v.image.Digest, Size: -1})
	if err != nil {
		return "", err
	}
	if m.IsIndex {
		child, err := m.Of(v.platform)
		if err != nil {
			return "", err
		}
		v.child = child.Digest
		if m, err = v.readChild(ctx, child); err != nil {
			return "", err
		}
		note = " " + v.platform
	}
	v.manifest, v.layers = m, readable(m.Layers)
	size := m.Config.Size
	for _, l := range m.Layers {
		size += l.Size
	}
	return fmt.Sprintf("%s%s, %d layers, %s", d, note, len(m.Layers), byteText(size)), nil
}

func (v *visit) readChild(ctx context.Context, child client.Descriptor) (m *client.Manifest, err error) {
	err = v.read(ctx, "manifests/"+child.Digest.String(), client.AcceptManifests, func(resp *http.Response) (err error) {
		if resp.StatusCode == http.StatusNotFound {
			return missing(resp)
		}
		m, _, err = client.ReadManifest(resp, child)
		if err == nil && m.IsIndex {
			err = source.Failed(source.ReasonBadAnswer, "an index in an index")
		}
		return err
	})
	v.find(stepManifest, child.Digest, true, err)
	return m, err
}

// missing is the error of an answer that has no longer what a manifest refers to.
func missing(resp *http.Response) error {
	return source.Failed(source.ReasonMissingBlob, "%s", ask.RefusalOf(resp))
}

// byteText writes a size for people.
func byteText(n int64) string {
	size, unit := float64(n), 0
	for ; size >= 1000 && unit < 4; unit++ {
		size /= 1000
	}
	if unit == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %cB", size, "?kMGT"[unit])
}

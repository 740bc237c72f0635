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

// An imagePull is the pull of one image from one address in one run, and its outcome.
type imagePull struct {
	*puller
	image     *client.Image
	session   *client.Session
	steps     []source.Step
	manifest  *client.Manifest       // nil until it was read
	child     digest.Digest          // of the manifest that an index names for our platform; empty: the tag is no index
	layers    []client.Descriptor    // those that the registry has to have, each once
	reads     []blobRead             // for content.learn
	cache     string                 // whether the last answer came from a cache: hit, miss or none
	failed    map[digest.Digest]bool // layers whose last byte could not be read
	firstByte time.Duration          // from asking for the last byte of the first layer until it came; 0: it did not
	bytes     int64                  // read of config and layers
	ends      int                    // layers whose last byte came
	begins    int                    // layers whose first 64 KiB came instead, as the server ignores ranges
	inFull    int                    // layers that were read to their end and are right
	inParts   int                    // large layers of which a part was read
	tooLarge  int                    // layers that cannot be read in parts, as the server ignores ranges
}

// noteRead notes that a blob was read in a step. The cache is that of the last answer.
func (ip *imagePull) noteRead(step string, d digest.Digest, full bool, err error) {
	ip.reads = append(ip.reads, blobRead{step, blobKey{ip.image.Repository, d}, full, ip.cache, err})
}

// An answerError is the error of an answer that came; cache says whether it came from a cache: hit, miss or none.
type answerError struct {
	error
	cache string
}

func (a answerError) Unwrap() error { return a.error }

// cacheOf says whether an answer came from a cache: hit, miss, or none when no cache wrote a header. Examples:
//
//	X-Cache-Status: STALE (nginx)       hit
//	X-Cache: HIT from proxy (Squid)     hit
//	Age: 60                             hit
//	X-Cache: MISS from proxy            miss
func cacheOf(h http.Header) string {
	status := strings.ToLower(strings.Join(append(h.Values("X-Cache-Status"), h.Values("X-Cache")...), " "))
	for _, word := range []string{"hit", "stale", "updating", "revalidated"} {
		if strings.Contains(status, word) {
			return "hit"
		}
	}
	switch age := h.Get("Age"); {
	case status == "" && age == "":
		return "none"
	case age != "" && age != "0":
		return "hit"
	}
	return "miss"
}

// cacheOfError is the cache of the answer that err is about; none when no answer came.
func cacheOfError(err error) string {
	var a answerError
	if errors.As(err, &a) {
		return a.cache
	}
	return "none"
}

// read asks for a path of the repository, such as manifests/1.0, and calls take with the answer. It closes the body.
func (ip *imagePull) read(ctx context.Context, path string, header http.Header, take func(*http.Response) error) error {
	ip.cache = "none"
	resp, err := ip.session.Open(ctx, ip.image.Repository, path, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	ip.cache = cacheOf(resp.Header)
	if err := take(resp); err != nil {
		return answerError{err, ip.cache}
	}
	return nil
}

// done notes a step that began at start. It returns whether the pull goes on: after bad content it does, as more may be bad.
func (ip *imagePull) done(name string, start time.Time, note string, err error) (goOn bool) {
	ip.steps = append(ip.steps, source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
	return err == nil || isContent(err)
}

// pull logs in, reads manifest and config, and the last byte of each layer. readInFull comes after it.
func (ip *imagePull) pull(ctx context.Context) {
	start := time.Now()
	asked := start // when the request was sent that was let in
	var note string
	err := ip.read(ctx, "manifests/"+ip.image.Tag, client.AcceptManifests, func(resp *http.Response) (err error) {
		var refused error
		if resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusBadRequest { // 400: perhaps nginx wants a client certificate
			if refused = ask.RefusalOf(resp); source.IsOurs(source.Reason(refused)) {
				return ask.NotLetIn(refused)
			}
		}
		if resp.StatusCode < http.StatusInternalServerError { // a 5xx says nothing about the login
			asked = ip.session.Sent
			ip.steps = append(ip.steps, source.Step{Name: stepAuth, Took: asked.Sub(start), Note: ip.session.HowLetIn()})
		}
		if refused != nil {
			return refused
		}
		note, err = ip.readManifests(ctx, resp)
		return err
	})
	if ask.IsNotLetIn(err) && len(ip.steps) == 0 {
		ip.done(stepAuth, start, "", err)
		return
	}
	ip.done(stepManifest, asked, note, err)
	if err != nil {
		return
	}
	start = time.Now()
	err = ip.readConfig(ctx)
	ip.noteRead(stepConfig, ip.manifest.Config.Digest, true, err)
	if ip.done(stepConfig, start, byteText(ip.manifest.Config.Size), err) {
		start = time.Now()
		ip.done(stepLayers, start, "", ip.readEnds(ctx))
	}
}

// readManifests reads the answer for the tag and, when that is an index, the manifest of our platform. note is for people,
// such as "sha256:… linux/amd64, 3 layers, 27.0 MB".
func (ip *imagePull) readManifests(ctx context.Context, resp *http.Response) (note string, err error) {
	m, d, err := client.ReadManifest(resp, client.Descriptor{Digest: ip.image.Digest, Size: -1})
	if err != nil {
		return "", err
	}
	if m.IsIndex {
		child, err := m.ForPlatform(ip.platform)
		if err != nil {
			return "", err
		}
		ip.child = child.Digest
		if m, err = ip.readChild(ctx, child); err != nil {
			return "", err
		}
		note = " " + ip.platform
	}
	ip.manifest, ip.layers = m, readable(m.Layers)
	size := m.Config.Size
	for _, l := range m.Layers {
		size += l.Size
	}
	return fmt.Sprintf("%s%s, %d layers, %s", d, note, len(m.Layers), byteText(size)), nil
}

// readChild reads the manifest that an index names.
func (ip *imagePull) readChild(ctx context.Context, child client.Descriptor) (m *client.Manifest, err error) {
	err = ip.read(ctx, "manifests/"+child.Digest.String(), client.AcceptManifests, func(resp *http.Response) (err error) {
		if resp.StatusCode == http.StatusNotFound {
			return missing(resp)
		}
		m, _, err = client.ReadManifest(resp, child)
		if err == nil && m.IsIndex {
			err = source.Failed(source.ReasonBadAnswer, "an index in an index")
		}
		return err
	})
	ip.noteRead(stepManifest, child.Digest, true, err)
	return m, err
}

// missing is the error of a 404 for a blob or manifest that another manifest names.
func missing(resp *http.Response) error {
	return source.Failed(source.ReasonMissingBlob, "%s", ask.RefusalOf(resp))
}

// byteText writes a size for people, such as "999 bytes" or "27.0 MB".
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

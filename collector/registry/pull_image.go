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
	letIn     time.Time              // when the request was sent with which the login ended
	manifest  *client.Manifest       // nil until it was read
	children  []digest.Digest        // of what the index names for our platform, the manifest last; empty: the tag is no index
	others    []client.Descriptor    // manifests that the index names for other platforms
	platforms *platformsPull         // asks for others; nil: not in this run
	layers    []client.Descriptor    // of the manifest, each once, without foreign ones
	reads     []blobRead             // for content.learn
	cache     string                 // whether the last answer came from a cache: hit, miss or none
	failed    map[digest.Digest]bool // layers whose last byte could not be read
	refused   error                  // about the first layer that nodes refuse, though its bytes are right
	timed     digest.Digest          // the first layer of this run, of which firstByte is measured
	firstByte time.Duration          // from asking for its last byte until it came; 0: it did not
	bytes     int64                  // read of config and layers
	ends      int                    // layers whose last byte came
	begins    int                    // layers whose first 64 KiB came instead, as the server ignores ranges
	inFull    int                    // layers that were read to their end and are right
	inParts   int                    // large layers of which a part was read
	lengths   int                    // layers of which HEAD told the length instead, as the server sends them as a whole only
}

// noteRead notes that a step has read a blob. The cache is that of the last answer.
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

// cacheOfError returns cacheOf the answer that err is about; none when no answer came.
func cacheOfError(err error) string {
	var a answerError
	if errors.As(err, &a) {
		return a.cache
	}
	return "none"
}

// read asks for a path of the repository with GET, such as manifests/1.0, calls take with the answer, and closes the
// body.
func (ip *imagePull) read(ctx context.Context, path string, header http.Header, take func(*http.Response) error) error {
	resp, err := ip.session.Open(ctx, ip.image.Repository, path, header)
	return ip.taken(resp, err, take)
}

// taken calls take with an answer, if one came, and closes the body.
func (ip *imagePull) taken(resp *http.Response, err error, take func(*http.Response) error) error {
	ip.cache = "none"
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	ip.cache = cacheOf(resp.Header)
	if err := take(resp); err != nil {
		return answerError{client.Undone(resp, err), ip.cache}
	}
	return nil
}

// done notes a step that began at start, and says whether the pull goes on. After bad content it does: more may be bad.
func (ip *imagePull) done(name string, start time.Time, note string, err error) (goOn bool) {
	ip.steps = append(ip.steps, source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
	return err == nil || isContent(err)
}

// pull logs in, reads manifest and config, and the last byte of each layer. readInFull comes later in the run.
func (ip *imagePull) pull(ctx context.Context) {
	start := time.Now()
	ip.letIn = start
	note, err := ip.readManifests(ctx, start)
	if ask.IsNotLetIn(err) && len(ip.steps) == 0 {
		ip.done(stepAuth, start, "", err)
		return
	}
	ip.done(stepManifest, ip.letIn, note, err)
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

// missing returns the error of a 404 for a blob or manifest that another manifest names: missing_blob.
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

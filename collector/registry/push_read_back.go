package registry

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// readBack pulls the image as clients do. The registry has just accepted every part of it: a part that is not there is
// write_lost. readBack asks for such a part again after half a second, and once more 1.5 s later: where one instance takes a
// write and another is asked, the other may have it late, and a client that pushes does not look.
func (w *writer) readBack(ctx context.Context, img *canaryImage, tag string) (note string, err error) {
	if w.lost != nil {
		return "", w.lost
	}
	start := time.Now()
	for _, wait := range []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond} {
		if !sleep(ctx, wait) {
			return "", ctx.Err()
		}
		if err = w.readOnce(ctx, img, tag); !isGone(err) {
			break
		}
		note = "not there at once"
	}
	switch {
	case isGone(err):
		return "", source.Failed(source.ReasonWriteLost, "accepted, and then gone: %s", err)
	case err == nil && note != "":
		note += fmt.Sprintf(", but after %s", time.Since(start).Round(time.Millisecond))
	}
	return note, err
}

func (w *writer) readOnce(ctx context.Context, img *canaryImage, tag string) error {
	if err := w.resolve(ctx, img.manifest, tag); err != nil {
		return err
	}
	return img.isAt(ctx, w.Session, w.repository, tag)
}

// isGone says whether an error is about something that is not there.
func isGone(err error) bool {
	why := source.Reason(err)
	return why == source.ReasonNotFound || why == source.ReasonMissingBlob
}

// noteClaim notes write_lost when the registry says that it has a blob (HEAD), and does not have it (GET of the first
// byte). Clients would not send the blob then, and nobody could pull their images.
func (w *writer) noteClaim(ctx context.Context, b canaryBlob) error {
	resp, err := w.Open(ctx, w.repository, "blobs/"+b.digest, http.Header{"Range": {"bytes=0-0"}})
	if err != nil {
		return fmt.Errorf("reading a blob that is there: %w", err)
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound && w.lost == nil {
		w.lost = source.Failed(source.ReasonWriteLost, "the registry says that it has %s (HEAD: status 200), and has not (GET: status 404)", b.digest)
	}
	return nil
}

// headManifest asks what a tag names (HEAD). Status 404 and 405 are no errors: after these, clients ask with GET.
func (w *writer) headManifest(ctx context.Context, tag string) (*ask.Answer, error) {
	a, err := w.head(ctx, w.urlOf("manifests/"+tag), client.AcceptManifests)
	switch {
	case err != nil:
		return nil, fmt.Errorf("HEAD of the manifest: %w", err)
	case !slices.Contains([]int{http.StatusOK, http.StatusNotFound, http.StatusMethodNotAllowed}, a.Status):
		return nil, fmt.Errorf("asking for the manifest: %w", w.refusal(a, http.MethodHead))
	}
	return a, nil
}

// resolve returns nil when HEAD of the tag names type, size and digest of the manifest; a header may also be absent.
// containerd fetches what is named there. After status 405 containerd asks with GET.
func (w *writer) resolve(ctx context.Context, m canaryBlob, tag string) error {
	a, err := w.headManifest(ctx, tag)
	switch {
	case err != nil || a.Status == http.StatusMethodNotAllowed:
		return err
	case a.Status == http.StatusNotFound:
		return w.refusal(a, http.MethodHead)
	}
	if err := isManifest(a); err != nil {
		return fmt.Errorf("HEAD of the manifest: %w", err)
	}
	if got := a.Header.Get("Docker-Content-Digest"); got != "" && got != m.digest {
		return source.Failed(source.ReasonDigestMismatch, "HEAD of the manifest names another digest than %s", m.digest)
	}
	if length := a.Header.Get("Content-Length"); length != "" && length != strconv.Itoa(len(m.data)) {
		return source.Failed(source.ReasonShortRead, "HEAD of the manifest says another length than %d bytes", len(m.data))
	}
	return nil
}

// isManifest returns nil when an answer has the Content-Type of an image's manifest: clients refuse all others.
func isManifest(a *ask.Answer) error {
	mediaType, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if mediaType != typeManifest && mediaType != typeDockerManifest {
		return source.Failed(source.ReasonBadAnswer, "status %d with a Content-Type that is no manifest's", a.Status)
	}
	return nil
}

// isAt returns nil when the registry serves the manifest, by its tag and by its digest, and both blobs, all with the
// right bytes.
func (img *canaryImage) isAt(ctx context.Context, s *client.Session, repository, tag string) error {
	for _, part := range []struct {
		path, accept string
		want         canaryBlob
	}{
		{"manifests/" + tag, anyManifest, img.manifest},
		{"manifests/" + img.manifest.digest, img.manifest.accept(), img.manifest},
		{"blobs/" + img.config.digest, img.config.accept(), img.config},
	} {
		a, err := s.Fetch(ctx, repository, part.path, part.accept)
		if err == nil {
			err = part.want.compare(a.Body)
		}
		if err == nil && part.want.mediaType == typeManifest {
			err = isManifest(a)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", part.path, err)
		}
	}
	if err := img.layer.isAt(ctx, s, repository); err != nil {
		return fmt.Errorf("reading blobs/%s: %w", img.layer.digest, err)
	}
	return nil
}

// isAt returns nil when the registry serves the blob, of any size, with the right bytes.
func (b canaryBlob) isAt(ctx context.Context, s *client.Session, repository string) error {
	resp, err := s.Open(ctx, repository, "blobs/"+b.digest, http.Header{"Accept": {b.accept()}})
	if err != nil {
		return err
	}
	a, err := ask.AnswerOf(resp, max(ask.MaxSmallBody, int64(len(b.data))))
	switch {
	case err != nil:
		return a.OrRefusal(err, http.StatusOK)
	case a.Status == http.StatusNotFound:
		return source.Failed(source.ReasonMissingBlob, "%s", a.Refusal())
	case a.Status != http.StatusOK && a.Status != http.StatusPartialContent: // 206: a CDN sends slices; the bytes are compared below
		return a.Refusal()
	}
	return b.compare(a.Body)
}

// compare returns nil when got is the blob, and else short_read or digest_mismatch.
func (b canaryBlob) compare(got []byte) error {
	switch {
	case bytes.Equal(got, b.data):
		return nil
	case len(got) < len(b.data) && bytes.HasPrefix(b.data, got):
		return source.Failed(source.ReasonShortRead, "%d of %d bytes", len(got), len(b.data))
	}
	return source.Failed(source.ReasonDigestMismatch, "%d bytes that are not those of %s", len(got), b.digest)
}

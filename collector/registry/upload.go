package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// has asks whether the registry has a blob (HEAD). 200 and 404 are no errors.
func (w *writer) has(ctx context.Context, d string) (bool, error) {
	a, err := w.head(ctx, w.urlOf("blobs/"+d), nil)
	switch {
	case err != nil:
		return false, fmt.Errorf("HEAD of a blob: %w", err)
	case a.Status == http.StatusOK:
		return true, nil
	case a.Status == http.StatusNotFound:
		return false, nil
	}
	return false, fmt.Errorf("asking for a blob: %w", w.refusal(a, http.MethodHead))
}

// start begins an upload of the blob d: HEAD of the blob, then POST. When HEAD is refused and POST is not, the account is
// not at fault. claimed is true when HEAD says that the registry has the blob, and there is true when POST says so: then
// no upload has begun.
func (w *writer) start(ctx context.Context, d string) (claimed, there bool, err error) {
	claimed, refused := w.has(ctx, d)
	if refused != nil && source.Reason(refused) != source.ReasonForbidden {
		return false, false, refused
	}
	a, err := w.post(ctx)
	switch {
	case err != nil:
		return false, false, err
	case refused != nil:
		return false, false, source.Failed(source.ReasonClientError, "%s, and POST is let in", refused)
	}
	return claimed, a.Status == http.StatusCreated, nil
}

// post begins an upload (POST). After 202 the bytes go to the Location of the answer; 201 says that the registry has the
// blob. An answer that is refused is returned beside the error.
func (w *writer) post(ctx context.Context) (*ask.Answer, error) {
	front := w.urlOf("blobs/uploads/")
	a, err := w.askAgain(ctx, http.MethodPost, front, nil, nil)
	switch {
	case err != nil:
		return a, err
	case a.Status != http.StatusAccepted && a.Status != http.StatusCreated:
		refusal := w.refusal(a, http.MethodPost)
		if lacksRights(refusal) { // the registry refuses everybody's writes, or the account lacks a right
			refusal = ask.NotLetIn(refusal)
		}
		return a, refusal
	}
	w.mayWrite = true
	if a.Status == http.StatusCreated {
		return a, nil
	}
	return a, w.keepLocation(a, front)
}

// keepLocation takes over the Location of an answer to a request to asked, and keeps it on disk. Each answer of
// Distribution names another Location, and only the last one can be used.
func (w *writer) keepLocation(a *ask.Answer, asked *url.URL) error {
	location := a.Header.Get("Location")
	if location == "" {
		return source.Failed(source.ReasonBadAnswer, "status %d without a Location to go on at", a.Status)
	}
	next, err := client.Locate(asked, location)
	if err != nil {
		return err
	}
	w.location = next
	w.kept.save(next.String())
	return nil
}

// chunk sends data as the only part of the upload (PATCH), as docker and podman send a layer.
func (w *writer) chunk(ctx context.Context, data []byte) error {
	asked := w.location
	a, err := w.ask(ctx, http.MethodPatch, asked, data, http.Header{"Content-Type": {"application/octet-stream"}})
	switch {
	case err != nil:
		return w.atLocation(asked, err)
	case a.Status/100 != 2:
		return w.atLocation(asked, w.uploadRefusal(a, http.MethodPatch))
	}
	w.sent += len(data)
	return w.keepLocation(a, asked)
}

// commit ends the upload of a blob (PUT): with all its bytes, as containerd sends a blob, or with none when chunk has
// sent them. The registry checks their digest, and commit compares the digest in the answer.
func (w *writer) commit(ctx context.Context, b canaryBlob, data []byte) error {
	asked := *w.location
	if asked.RawQuery != "" {
		asked.RawQuery += "&"
	}
	asked.RawQuery += "digest=" + url.QueryEscape(b.digest)
	a, err := w.ask(ctx, http.MethodPut, &asked, data, http.Header{"Content-Type": {"application/octet-stream"}})
	switch {
	case err != nil:
		return w.atLocation(&asked, err)
	case a.Status != http.StatusCreated:
		return w.atLocation(&asked, w.commitRefusal(a))
	}
	w.sent += len(data)
	w.uploadEnded()
	return sameDigest(a, b.digest)
}

// sameDigest returns nil when an answer names the digest of what was sent, or no digest.
func sameDigest(a *ask.Answer, sent string) error {
	got := digest.Digest(a.Header.Get("Docker-Content-Digest"))
	switch {
	case got == "" || got.String() == sent:
		return nil
	case got.Validate() != nil:
		return source.Failed(source.ReasonBadAnswer, "Docker-Content-Digest is no digest")
	}
	return source.Failed(source.ReasonDigestMismatch, "the registry says that it stored %s and not %s", got, sent)
}

// atLocation marks err with client.Elsewhere when the upload went on at another place than the front.
func (w *writer) atLocation(asked *url.URL, err error) error {
	if w.IsHere(asked) {
		return err
	}
	return client.Elsewhere(err)
}

// uploadRefusal is refusal for requests after POST. For these, every 404 is upload_lost, whatever its body says.
func (w *writer) uploadRefusal(a *ask.Answer, method string) error {
	err := w.refusal(a, method)
	if source.Reason(err) == source.ReasonNotFound {
		return source.Failed(source.ReasonUploadLost, "%s", err)
	}
	return err
}

// commitRefusal is uploadRefusal for PUT. The exporter has sent the right bytes. When the registry finds another digest,
// its store has not kept the bytes, as that of zot on a full disk: write_lost.
func (w *writer) commitRefusal(a *ask.Answer) error {
	err := w.uploadRefusal(a, http.MethodPut)
	if code, _ := ask.RegistryError(a.Body); code == "DIGEST_INVALID" && source.Reason(err) == source.ReasonClientError {
		return source.Failed(source.ReasonWriteLost, "%s", err)
	}
	return err
}

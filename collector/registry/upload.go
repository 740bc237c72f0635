package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// start begins an upload (POST). The answer, 202, names in Location where to send the bytes.
func (w *writer) start(ctx context.Context) error {
	a, err := w.ask(ctx, http.MethodPost, "/v2/"+w.repository+"/blobs/uploads/", nil, nil)
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusAccepted && lacksRights(writeRefusal(a)): // the registry, or a right of our account
		return ask.NotLetIn(writeRefusal(a))
	case a.Status != http.StatusAccepted:
		return writeRefusal(a)
	case a.Header.Get("Location") == "":
		return source.Failed(source.ReasonBadAnswer, "status 202 without a Location to send to")
	}
	return w.keepLocation(a)
}

// keepLocation takes over the Location of an answer, if it has one, and keeps it on disk. Each answer of Distribution names
// another one, and only the last can be cancelled.
func (w *writer) keepLocation(a *ask.Answer) error {
	location := a.Header.Get("Location")
	if location == "" {
		return nil
	}
	u, err := w.URL.Parse(location)
	if err != nil {
		return source.Failed(source.ReasonBadAnswer, "the Location is no URL")
	}
	if next := u.RequestURI(); next != w.location {
		w.location = next
		w.kept.save(next)
	}
	return nil
}

// chunk sends data as the first and only chunk of the upload (PATCH).
func (w *writer) chunk(ctx context.Context, data []byte) error {
	a, err := w.ask(ctx, http.MethodPatch, w.location, data, http.Header{
		"Content-Type":  {"application/octet-stream"},
		"Content-Range": {fmt.Sprintf("0-%d", len(data)-1)},
	})
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusAccepted:
		return uploadRefusal(a)
	}
	w.sent += len(data)
	return w.keepLocation(a)
}

// status asks how many bytes of the upload came (GET), and wants that to be want.
func (w *writer) status(ctx context.Context, want int) error {
	a, err := w.ask(ctx, http.MethodGet, w.location, nil, nil)
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusNoContent:
		return uploadRefusal(a)
	}
	if got := strings.TrimPrefix(a.Header.Get("Range"), "bytes="); got != fmt.Sprintf("0-%d", want-1) {
		return source.Failed(source.ReasonShortRead, "the registry has not the range of %d bytes that were sent", want)
	}
	return w.keepLocation(a)
}

// commit sends all bytes of the upload and ends it (PUT). The registry checks their digest.
func (w *writer) commit(ctx context.Context, b canaryBlob) error {
	separator := "?"
	if strings.Contains(w.location, "?") {
		separator = "&"
	}
	a, err := w.ask(ctx, http.MethodPut, w.location+separator+"digest="+url.QueryEscape(b.digest), b.data,
		http.Header{"Content-Type": {"application/octet-stream"}})
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusCreated:
		return uploadRefusal(a)
	}
	w.sent += len(b.data)
	w.uploadEnded()
	return nil
}

// uploadRefusal is writeRefusal for an upload that was begun: any 404 is upload_lost, whatever its body says.
func uploadRefusal(a *ask.Answer) error {
	err := writeRefusal(a)
	if source.Reason(err) == source.ReasonNotFound {
		return source.Failed(source.ReasonUploadLost, "%s", err)
	}
	return err
}

// cancel cancels the upload (DELETE). A registry that does not support it is no failure: it purges old uploads.
// Distribution leaves a file of 108 bytes, the state of a hash, of each upload that it cancels.
func (w *writer) cancel(ctx context.Context) (note string, err error) {
	a, err := w.ask(ctx, http.MethodDelete, w.location, nil, nil)
	w.location = "" // this run does not try again; the next one does, if the file is still there
	switch {
	case err != nil && !lacksRights(err):
		return "", err
	case err != nil: // the next run would not be allowed either
	case slices.Contains([]int{http.StatusNoContent, http.StatusOK, http.StatusAccepted}, a.Status):
	case a.Status >= 500:
		return "", writeRefusal(a)
	case a.Status == http.StatusMethodNotAllowed, source.Reason(writeRefusal(a)) == source.ReasonNotFound:
		note = "the registry cannot cancel uploads: it will have to purge this one"
	default:
		err = writeRefusal(a)
	}
	w.uploadEnded()
	return note, err
}

// uploadEnded forgets the upload, here and on disk.
func (w *writer) uploadEnded() {
	w.location = ""
	w.kept.forget()
}

// cleanUp cancels the upload that a run which failed or was told to stop has begun. It has cleanUpTime, even when ctx has
// ended.
func (w *writer) cleanUp(ctx context.Context) {
	if w.location == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	_ = w.step(ctx, "cancel", func() (string, error) { return w.cancel(ctx) })
}

// cancelKept cancels the upload that an earlier run began and could not cancel, if the file names one.
func (w *writer) cancelKept(ctx context.Context) {
	if w.location = w.kept.load(); w.location == "" {
		return
	}
	w.leftNote = "an upload that was left before is cancelled"
	if note, err := w.cancel(ctx); err != nil || note != "" {
		w.leftNote = "an upload that was left before could not be cancelled"
	}
}

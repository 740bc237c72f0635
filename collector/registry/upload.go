package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/durable"
)

// start begins an upload: of it the registry says where to send the bytes.
func (w *writer) start(ctx context.Context) error {
	a, err := w.ask(ctx, http.MethodPost, "/v2/"+w.repository+"/blobs/uploads/", nil, nil)
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusAccepted:
		return writeRefusal(a)
	case a.Header.Get("Location") == "":
		return source.Failed(source.ReasonBadAnswer, "status 202 without a Location to send to")
	}
	return w.moved(a)
}

// moved takes over where the registry says the upload goes on, and keeps it: with the place of a step before,
// Distribution lets nobody cancel.
func (w *writer) moved(a *ask.Answer) error {
	location := a.Header.Get("Location")
	if location == "" {
		return nil
	}
	u, err := w.URL.Parse(location)
	if err != nil {
		return source.Failed(source.ReasonBadAnswer, "the Location is no URL")
	}
	if moved := u.RequestURI(); moved != w.location {
		w.location = moved
		w.kept.save(moved)
	}
	return nil
}

// chunk sends some bytes. It is the first and only chunk.
func (w *writer) chunk(ctx context.Context, data []byte) error {
	a, err := w.ask(ctx, http.MethodPatch, w.location, data, http.Header{
		"Content-Type":  {"application/octet-stream"},
		"Content-Range": {fmt.Sprintf("0-%d", len(data)-1)},
	})
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusAccepted:
		return lost(a)
	}
	w.sent += len(data)
	return w.moved(a)
}

// status asks how much of the upload has come.
func (w *writer) status(ctx context.Context, want int) error {
	a, err := w.ask(ctx, http.MethodGet, w.location, nil, nil)
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusNoContent:
		return lost(a)
	}
	if got := strings.TrimPrefix(a.Header.Get("Range"), "bytes="); got != fmt.Sprintf("0-%d", want-1) {
		return source.Failed(source.ReasonShortRead, "the registry has not the range of %d bytes that were sent", want)
	}
	return w.moved(a)
}

// commit ends an upload with all its bytes: what is stored must have that digest.
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
		return lost(a)
	}
	w.sent += len(b.data)
	w.over()
	return nil
}

// lost is the error of an upload that was begun: a 404 says that it is gone, in whatever words.
func lost(a *ask.Answer) error {
	err := writeRefusal(a)
	if source.Reason(err) == source.ReasonNotFound {
		return source.Failed(source.ReasonUploadLost, "%s", err)
	}
	return err
}

// cancel takes the upload back. That a registry cannot do so is no fault: it purges uploads in the end. Distribution
// leaves a hash state of 108 bytes of each that it cancels, and of none that is committed.
func (w *writer) cancel(ctx context.Context) (note string, err error) {
	a, err := w.ask(ctx, http.MethodDelete, w.location, nil, nil)
	w.location = "" // not tried again in this run; what is kept goes on to be
	switch {
	case err != nil && !lacksRights(err):
		return "", err
	case err != nil: // nor will it go next time
	case slices.Contains([]int{http.StatusNoContent, http.StatusOK, http.StatusAccepted}, a.Status):
	case a.Status >= 500:
		return "", writeRefusal(a)
	case a.Status == http.StatusMethodNotAllowed, source.Reason(writeRefusal(a)) == source.ReasonNotFound:
		note = "the registry cannot cancel uploads: it will have to purge this one"
	default:
		err = writeRefusal(a)
	}
	w.over()
	return note, err
}

func (w *writer) over() {
	w.location = ""
	w.kept.forget()
}

// cleanUp cancels what a run that failed or was told to end has begun, in a time of its own.
func (w *writer) cleanUp(ctx context.Context) {
	if w.location == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	_ = w.step(ctx, "cancel", func() (string, error) { return w.cancel(ctx) })
}

// cancelKept cancels the upload of a run that could not do it itself.
func (w *writer) cancelKept(ctx context.Context) {
	if w.location = w.kept.load(); w.location == "" {
		return
	}
	w.before = "an upload that was left before is cancelled"
	if note, err := w.cancel(ctx); err != nil || note != "" {
		w.before = "an upload that was left before could not be cancelled"
	}
}

// A keptUpload is the file that names the upload under way to a repository, so that one which a killed process left
// is cancelled by the next. Its URL is as good as a password.
type keptUpload struct{ file string }

// newKeptUpload names the file by what may share it: nobody else. Without a folder nothing is kept.
func newKeptUpload(b *ask.Builder, repository string) keptUpload {
	if b.StateDir == "" {
		return keptUpload{}
	}
	about := fmt.Sprintf("%q %q %q %q %q", b.Name, b.Site, b.Collector, b.URL.String(), repository)
	return keptUpload{filepath.Join(b.StateDir, fmt.Sprintf("upload-%x", sha256.Sum256([]byte(about)))[:23])}
}

// save may fail, and does not wait for the disk: the probe tells about the registry, not about us.
func (k keptUpload) save(location string) {
	if k.file != "" {
		_ = durable.SaveUnsynced(k.file, []byte(location))
	}
}

func (k keptUpload) load() string {
	if k.file == "" {
		return ""
	}
	location, err := durable.Load(k.file)
	if errors.Is(err, durable.ErrDamaged) {
		k.forget()
	}
	if err != nil || !strings.HasPrefix(string(location), "/") {
		return ""
	}
	return string(location)
}

func (k keptUpload) forget() {
	if k.file != "" {
		if err := os.Remove(k.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.save("") // names none
		}
	}
}

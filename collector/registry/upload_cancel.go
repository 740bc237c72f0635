package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// cancel cancels the upload (DELETE). No client does so, and registries purge old uploads: a failure is a note. When the
// registry could not be asked, or failed, the next run tries again. Distribution keeps a file of 108 bytes, a hash state,
// of each upload that is cancelled.
func (w *writer) cancel(ctx context.Context) (note string) {
	if !isUploadTo(w.repository, w.location) {
		w.uploadEnded()
		return "the Location is no upload to the repository, so nothing is deleted there: the registry has to purge the upload"
	}
	a, err := w.ask(ctx, http.MethodDelete, w.location, nil, nil)
	w.location = nil // this run does not try again
	if err == nil && a.Status/100 != 2 {
		err = w.uploadRefusal(a, http.MethodDelete)
	}
	switch {
	case err == nil:
	case lacksRights(err):
		note = fmt.Sprintf("these credentials lack the right to delete, so the upload stays until the registry purges it: %s", err)
	case a == nil || a.Status >= http.StatusInternalServerError:
		return fmt.Sprintf("the upload could not be cancelled, the next push tries again: %s", err)
	default:
		note = fmt.Sprintf("the registry cannot cancel uploads, and has to purge this one: %s", err)
	}
	w.uploadEnded()
	return note
}

// uploadEnded forgets the upload, in memory and on disk.
func (w *writer) uploadEnded() {
	w.location = nil
	w.kept.forget()
}

// cleanUp cancels the upload of a run that failed or was told to stop. It has cleanUpTime, even when ctx has ended.
func (w *writer) cleanUp(ctx context.Context) {
	if w.location == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	_ = w.step(ctx, "cancel", func() (string, error) { return w.cancel(ctx), nil })
}

// cancelKept cancels the upload that the file names, if any: an earlier run began it and could not cancel it.
func (w *writer) cancelKept(ctx context.Context) {
	text := w.kept.load()
	if text == "" {
		return
	}
	location, err := client.Locate(w.URL, text)
	if source.Reason(err) != "" || !isUploadTo(w.repository, location) {
		w.kept.forget()
		return
	}
	w.location = location
	w.leftNote = "an upload that was left before is cancelled"
	if note := w.cancel(ctx); note != "" {
		w.leftNote = "an upload that was left before could not be cancelled"
	}
}

// isUploadTo says whether a URL is that of an upload to the repository. cancel and cancelKept send DELETE there with the account
// of the probe, and one of several instances behind a front could name an image in its place. A registry may have a path before
// /v2/, and GitHub's has "upload":
//
//	/hub/v2/monitoring/canary/blobs/uploads/1e0f…
func isUploadTo(repository string, u *url.URL) bool {
	before, id, found := strings.Cut(strings.Replace(u.Path, "/blobs/upload/", "/blobs/uploads/", 1), "/blobs/uploads/")
	return found && id != "" && !strings.Contains(id, "/") && strings.HasSuffix(before, "/v2/"+repository) && !strings.Contains(u.Path, "..")
}

package registry

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"registry_exporter/collector/testserver"
)

// At its start the exporter deletes the upload that a file names. A forged file must not make it delete anything else.
func TestOnlyAnUploadIsCancelledAtTheNextStart(t *testing.T) {
	for path, want := range map[string]bool{
		"/v2/monitoring/canary/blobs/uploads/0123":                true,
		"/registry/v2/monitoring/canary/blobs/uploads/0123":       true,
		"/v2/monitoring/canary/blobs/upload/0123":                 true, // of GitHub
		"/v2/prod/app/manifests/sha256:00":                        false,
		"/v2/prod/app/blobs/sha256:00":                            false,
		"/v2/prod/app/blobs/uploads/":                             false,
		"/v2/x/blobs/uploads/../../../../v2/prod/app/manifests/1": false,
		"/":                               false,
		"/v2/prod/app/blobs/uploads/0123": false, // another repository
		"/v2/monitoring/canary/blobs/uploads/0123/../../manifests/1":  false,
		"/v2/monitoring/canary/blobs/uploads/v2/prod/app/manifests/1": false,
		"/v2/not/monitoring/canary/blobs/uploads/0123":                false,
		"/v2/monitoring/canary/blobs/uploads":                         false,
		"/v2/monitoring/canary/blobs/sha256:00/blobs/uploads/0123":    false,
	} {
		if got := isUploadTo("monitoring/canary", &url.URL{Path: path}); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

// One of several instances behind a front is not what it should be. It names an image as the place of the upload, and the others
// would delete that image for our account.
func TestNothingButAnUploadIsDeletedWithOurAccount(t *testing.T) {
	for location, want := range map[string]int{
		"/v2/prod/app/manifests/1.0":              0,
		"/v2/prod/app/blobs/uploads/0123":         0,
		"/api/v0/repositories/prod/app":           0,
		"/v2/monitoring/canary/blobs/uploads/one": 1,
	} {
		var seen testserver.Recorder
		front := httptest.NewServer(seen.Record(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", location)
			w.WriteHeader(map[string]int{http.MethodHead: 404, http.MethodPost: 202, http.MethodPatch: 202, http.MethodDelete: 204}[r.Method])
		}))
		defer front.Close()
		e := collectHub(t, "push", front.URL, "  http: {basic_auth: {username: admin, password: S3cretAdminPw}}\n  push: {repository: monitoring/canary, mode: upload}\n")
		e.run(t)
		var deleted []string
		for _, r := range seen.Requests() {
			if r.Method == http.MethodDelete {
				deleted = append(deleted, r.URL.Path)
			}
		}
		if len(deleted) != want {
			t.Errorf("%s: deleted is %s", location, strings.Join(deleted, ", "))
		}
	}
}

func TestADeletionIsNotSentOnToAnImage(t *testing.T) {
	var seen testserver.Recorder
	front := httptest.NewServer(seen.Record(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Location", "/v2/monitoring/canary/blobs/uploads/one")
		if r.Method == http.MethodDelete {
			w.Header().Set("Location", "/v2/prod/app/manifests/1.0")
		}
		w.WriteHeader(map[string]int{http.MethodHead: 404, http.MethodPost: 202, http.MethodPatch: 202, http.MethodDelete: 307}[r.Method])
	}))
	defer front.Close()
	e := collectHub(t, "push", front.URL, "  http: {basic_auth: {username: admin, password: S3cretAdminPw}}\n  push: {repository: monitoring/canary, mode: upload}\n")
	e.run(t)
	deleted := 0
	for _, r := range seen.Requests() {
		if r.Method == http.MethodDelete {
			deleted++
		}
		if strings.Contains(r.URL.Path, "prod") {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
	}
	if deleted != 1 {
		t.Errorf("%d uploads are cancelled", deleted)
	}
}

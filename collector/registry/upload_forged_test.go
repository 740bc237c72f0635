package registry

import (
	"net/url"
	"testing"
)

// At its start the exporter deletes the upload that a file names. A forged file must not make it delete anything else.
func TestOnlyAnUploadIsCancelledAtTheNextStart(t *testing.T) {
	for path, want := range map[string]bool{
		"/v2/monitoring/canary/blobs/uploads/0123":                true,
		"/registry/v2/monitoring/canary/blobs/uploads/0123":       true,
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

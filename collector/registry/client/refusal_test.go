package client

import (
	"fmt"
	"net/http"
	"testing"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

func TestWriteRefusals(t *testing.T) {
	says := func(code, message, detail string) string {
		return fmt.Sprintf(`{"errors":[{"code":%q,"message":%q,"detail":%s}]}`, code, message, detail)
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		reason string
	}{
		{"Distribution on a full disk", 500, says("UNKNOWN", "unknown error", `{"DriverName":"filesystem","Enclosed":{"Op":"write","Path":"/data","Err":28}}`), source.ReasonNoSpace},
		{"Distribution on a full disk, in words", 500, says("UNKNOWN", "unknown error", `"write /data: no space left on device"`), source.ReasonNoSpace},
		{"Swift over its quota", 500, says("UNKNOWN", "unknown error", `{"DriverName":"swift","Enclosed":{"StatusCode":413,"Text":"x"}}`), source.ReasonNoSpace},
		{"the same as a text in JSON", 500, says("UNKNOWN", "unknown error", `"{\"Enclosed\": {\"StatusCode\": 413}}"`), source.ReasonNoSpace},
		{"Harbor over a quota", 403, says("DENIED", "adding 1.0 MiB of storage resource, which when updated to current usage of 9.9 MiB will exceed the configured upper limit of 10.0 MiB.", "null"), source.ReasonNoSpace},
		{"Quay over a quota", 403, says("DENIED", "Quota has been exceeded on namespace", "{}"), source.ReasonNoSpace},
		{"MinIO on a full disk, behind Distribution", 500, says("UNKNOWN", "unknown error", `"s3aws: XMinioStorageFull: Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed."`), source.ReasonNoSpace},
		{"Harbor of before 1.10 over a quota", 403, says("DENIED", "Not enough quota available to process the request, add 1.3MiB of storage resource overflow the hard limit", "null"), source.ReasonNoSpace},
		{"Gitea over a quota of containers", 403, says("DENIED", "maximum allowed package type size exceeded", "null"), source.ReasonNoSpace},
		{"Artifactory over its disk quota", 413, `{"errors":[{"status":413,"message":"Datastore disk usage is too high. Contact your Artifactory administrator to add additional storage space or change the disk quota limits."}]}`, source.ReasonNoSpace},
		{"an account of Azure that is full, behind Distribution", 500, says("UNKNOWN", "unknown error", `{"DriverName":"azure","Enclosed":{"StatusCode":403,"ErrorCode":"AccountSizeOverQuota"}}`), source.ReasonNoSpace},
		{"Artifactory, an account that may not overwrite", 403, says("DENIED", "Not enough permissions to overwrite artifact 'docker-local:a/manifest.json' (user 'x' needs DELETE permission).", "null"), source.ReasonPolicy},
		{"Ceph over a quota, behind Distribution", 500, says("UNKNOWN", "unknown error", `{"DriverName":"s3aws","Enclosed":{"Code":"QuotaExceeded"}}`), source.ReasonNoSpace},
		{"Distribution over a disk quota", 500, says("UNKNOWN", "unknown error", `{"DriverName":"filesystem","Enclosed":{"Op":"write","Path":"/data","Err":122}}`), source.ReasonNoSpace},
		{"507", 507, "", source.ReasonNoSpace},
		{"another error of a driver", 500, says("UNKNOWN", "unknown error", `{"DriverName":"filesystem","Enclosed":{"Err":281}}`), source.ReasonServerError},

		{"nginx limits bodies", 413, "<html>413 Request Entity Too Large</html>", source.ReasonBodyTooLarge},

		{"Harbor, immutable tag", 412, says("PRECONDITION", "Failed to process request due to 'a' configured as immutable.", "null"), source.ReasonPolicy},
		{"ECR, immutable tag", 400, says("TAG_INVALID", "The image tag '2.0' already exists in the 'a' repository and cannot be overwritten because the repository is immutable.", "null"), source.ReasonPolicy},
		{"Nexus, redeploy disabled", 400, says("UNKNOWN", "Repository does not allow updating assets: a", "null"), source.ReasonPolicy},
		{"GitLab, protected tag", 403, says("DENIED", "pushing a protected tag is not allowed", "null"), source.ReasonPolicy},

		{"ACR, locked tag", 405, says("UNSUPPORTED", "The operation is disallowed on this registry, repository or image.", "null"), source.ReasonPolicy},

		{"Distribution, read-only", 405, "Method not allowed\n", source.ReasonReadOnly},
		{"a registry, read-only", 405, says("UNSUPPORTED", "The operation is unsupported.", "null"), source.ReasonReadOnly},
		{"Harbor, read-only", 403, says("DENIED", "The system is in read only mode. Any modification is prohibited.", "null"), source.ReasonReadOnly},
		{"nginx blocks a method", 405, "<html><center><h1>405 Not Allowed</h1></center></html>", source.ReasonClientError},
		{"405 without words", 405, "", source.ReasonClientError},

		{"Google, too many requests", 429, says("TOOMANYREQUESTS", "Quota exceeded for quota metric 'Requests' and limit 'Requests per project per minute' of service 'artifactregistry.googleapis.com'", "null"), source.ReasonRateLimited},
		{"Google, too many requests, as 403", 403, says("DENIED", "Quota exceeded for quota metric 'Requests'", "null"), source.ReasonRateLimited},
		{"429 of a front", 429, "<html>429</html>", source.ReasonRateLimited},
		{"a limit by code", 403, says("TOOMANYREQUESTS", "slow down", "null"), source.ReasonRateLimited},
		{"an upload that is not known", 400, says("BLOB_UPLOAD_INVALID", "x", "null"), source.ReasonUploadLost},
		{"a blob that is not known", 400, says("MANIFEST_BLOB_UNKNOWN", "x", "null"), source.ReasonMissingBlob},
		{"no right", 403, says("DENIED", "requested access to the resource is denied", "null"), source.ReasonForbidden},
		{"no error", 200, "no space left on device", source.ReasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := WriteRefusal(&ask.Answer{Status: c.status, Body: []byte(c.body)}, http.MethodPatch)
			wantReason(t, err, c.reason)
		})
	}
}

func TestWriteRefusalNamesStatusAndMethod(t *testing.T) {
	err := WriteRefusal(&ask.Answer{Status: 405, Body: []byte("secret")}, http.MethodPatch)
	if err.Error() != "status 405 to PATCH" {
		t.Errorf("it says %q", err)
	}
}

package accesslog

import (
	"strings"
	"testing"
)

const testDigest = "sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b"

func TestOperation(t *testing.T) {
	for _, test := range []struct {
		request, operation, repository string
	}{
		{"GET /v2/", "ping", ""},
		{"HEAD /v2/", "ping", ""},
		{"GET /v2", "ping", ""},
		{"GET /v2/?now", "ping", ""},
		{"POST /v2/", "other", ""},
		{"GET /v2/_catalog?n=100&last=a", "catalog", ""},
		{"DELETE /v2/_catalog", "other", ""},
		{"GET /v2/a/b/tags/list?n=5", "tags", "a/b"},
		{"DELETE /v2/a/tags/latest", "other", ""},

		{"GET /service/token?scope=repository:a/b:pull&account=me", "token", ""},
		{"POST /token", "token", ""},
		{"GET /v2/token", "token", ""},
		{"GET /v2/auth?service=x", "token", ""},
		{"GET /jwt/auth", "token", ""},
		{"GET /auth/token/", "token", ""},
		{"DELETE /token", "other", ""},
		{"GET /mytoken", "other", ""},

		{"HEAD /v2/a/manifests/latest", "manifest_head", "a"},
		{"GET /v2/a/b/c/manifests/" + testDigest, "manifest_pull", "a/b/c"},
		{"PUT /v2/a/b/manifests/v1", "manifest_push", "a/b"},
		{"DELETE /v2/a/b/manifests/v1", "manifest_delete", "a/b"},
		{"POST /v2/a/b/manifests/v1", "other", "a/b"},
		{"GET /v2/a/manifests/", "other", "a"},
		{"GET /v2/manifests/latest", "other", ""},
		{"GET /v2//manifests/latest", "other", ""},
		{"get /v2/a/manifests/latest", "other", "a"},

		{"GET /v2/a/blobs/" + testDigest, "blob_pull", "a"},
		{"HEAD /v2/a/blobs/" + testDigest, "blob_head", "a"},
		{"DELETE /v2/a/blobs/" + testDigest, "blob_delete", "a"},
		{"GET /v2/a/blobs/sha256%3A" + testDigest[7:], "blob_pull", "a"},
		{"GET /v2/a/blobs/sha512:" + strings.Repeat("0f", 64), "blob_pull", "a"},
		{"GET /v2/a/blobs/", "other", "a"},

		{"POST /v2/a/blobs/uploads/", "upload_start", "a"},
		{"POST /v2/a/blobs/uploads", "upload_start", "a"},
		{"POST /v2/a/blobs/uploads/?mount=" + testDigest + "&from=b", "blob_mount", "a"},
		{"POST /v2/a/blobs/uploads/?from=b&mount=" + testDigest, "blob_mount", "a"},
		{"POST /v2/a/blobs/uploads/?digest=" + testDigest, "upload_commit", "a"},
		{"POST /v2/a/blobs/uploads/?remount=no&xdigest=", "upload_start", "a"},
		{"PATCH /v2/a/b/blobs/uploads/5f3a?_state=abc", "upload_chunk", "a/b"},
		{"PUT /v2/a/b/blobs/uploads/5f3a?_state=abc&digest=sha256%3Aabc", "upload_commit", "a/b"},
		{"GET /v2/a/b/blobs/uploads/5f3a", "upload_status", "a/b"},
		{"DELETE /v2/a/b/blobs/uploads/5f3a", "upload_cancel", "a/b"},
		{"POST /v2/a/b/blobs/uploads/5f3a", "other", "a/b"},
		{"GET /v2/a/b/blobs/uploads/", "other", "a/b"},
		{"PATCH /v2/a/uploads/5f3a", "other", ""},
		{"PATCH /v2/blobs/uploads/5f3a", "other", ""},

		{"GET /v2/a/b/referrers/" + testDigest, "other", ""},
		{"GET /v2/a/b/_trust/tuf/root.json", "trust", ""},
		{"GET /v2/_trust/tuf/root.json", "trust", ""},

		// A repository may be called as the protocol's words are.
		{"GET /v2/a/manifests/b/manifests/c", "manifest_pull", "a/manifests/b"},
		{"GET /v2/manifests/manifests/c", "manifest_pull", "manifests"},
		{"PUT /v2/a/blobs/uploads/manifests/c", "manifest_push", "a/blobs/uploads"},
		{"PATCH /v2/a/manifests/blobs/uploads/1", "upload_chunk", "a/manifests"},
		{"GET /v2/v2/v2/tags/list", "tags", "v2/v2"},

		// The registry below a path of its front, or asked for through a proxy.
		{"GET /registry/v2/", "ping", ""},
		{"GET /artifactory/api/docker/local/v2/a/manifests/x", "manifest_pull", "a"},
		{"GET http://registry.example.org/v2/a/manifests/x", "manifest_pull", "a"},
		{"GET /api/v2.0/projects", "other", ""},
		{"GET /v1/_ping", "other", ""},

		{"GET /v2/a%2Fb/manifests/latest", "manifest_pull", "a/b"},
		{"GET /v2/a%2/manifests/100%", "manifest_pull", "a%2"},
		{"GET /v2/a%zz/manifests/x%", "manifest_pull", "a%zz"},
		{"GET %2Fv2%2Fa%2fmanifests%2fx", "manifest_pull", "a"},
		{"GET /v2/" + strings.Repeat("%41", 2000) + "/manifests/x", "other", ""},

		{`GET /v2/\x22;DROP/manifests/x`, "manifest_pull", `\x22;DROP`},
		{`\x16\x03\x01\x02`, "other", ""},
		{"-", "other", ""},
		{"", "other", ""},
		{"GET", "other", ""},
		{"GET  ", "other", ""},
		{"GET /", "other", ""},
		{"OPTIONS *", "other", ""},
	} {
		t.Run(test.request, func(t *testing.T) {
			method, uri := splitRequest([]byte(test.request + " HTTP/1.1"))
			path, query := splitURI(uri, make([]byte, 1<<10))
			got := classify(method, path, query)
			if got.operation.String() != test.operation || string(got.repository) != test.repository {
				t.Errorf("%v of %q, want %s of %q", got.operation, got.repository, test.operation, test.repository)
			}
		})
	}
}

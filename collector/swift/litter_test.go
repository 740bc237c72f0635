package swift

import (
	"net/http"
	"testing"

	"registry_exporter/collector/swift/fakeswift"
)

// The count leaves out the objects that cancelled uploads of the push probe leave behind, and no others.
func TestCountWithoutTheLitterOfPushes(t *testing.T) {
	const page = `[
		{"name":"files/docker/registry/v2/repositories/library/base/_uploads/a/hashstates/sha256/64","bytes":108},
		{"name":"files/docker/registry/v2/repositories/monitoring/canary/_layers/sha256/b/link","bytes":71},
		{"name":"files/docker/registry/v2/repositories/monitoring/canary/_uploads/c/hashstates/sha256/64","bytes":108},
		{"name":"files/segments","bytes":64},
		{"name":"files/segments/abc/1","bytes":64},
		{"name":"files/segments/abc/2","bytes":65}
	]`
	for _, c := range []struct {
		name, push     string
		objects, bytes float64
	}{
		{"an upload that is cancelled", "  push: {repository: monitoring/canary}\n", 4, 108 + 71 + 64 + 65},
		{"an image", "  push: {repository: monitoring/canary, mode: image}\n", 6, 480},
		{"another repository", "  push: {repository: monitoring/other}\n", 5, 480 - 64},
		{"no push", "", 6, 480},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			server.Objects.Instead["LIST"] = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("marker") == "" {
					_, _ = w.Write([]byte(page))
					return
				}
				w.WriteHeader(http.StatusNoContent)
			}
			e := newSources(t, server.Config("auth_url: ADDRESS/auth/v1.0, count: {prefixes: [files/]}")+c.push)
			res := e.runOnce(t, "swift_count")
			wantReason(t, res.Err, "")
			wantValue(t, res, prefixObjects, c.objects)
			wantValue(t, res, prefixBytes, c.bytes)
		})
	}
}

package clients

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/opencontainers/go-digest"
)

// uploads are rows with answers to the requests of an upload, and to requests that only the probe sends.
func uploads() []*behaviour {
	return []*behaviour{
		{name: "patch-204", change: on("PATCH upload", status(204)), source: "crane's registry, Pulp: github.com/pulp/pulp_container/issues/2199"},
		{name: "patch-201", change: on("PATCH upload", status(201)), source: "ECR: github.com/openai/tart/issues/273"},
		{name: "patch-200", change: on("PATCH upload", status(200)), source: "home-made registries: 200 for all that went well", push: ruling{follow: "podman", why: "docker and podman take every 2xx"}},
		{
			name: "patch-with-content-range-416", change: on("PATCH upload", only(func(c *call) bool { return c.r.Header.Get("Content-Range") != "" }, bare(416))),
			source: "registries that want chunks of at least 5 MB, or none: ECR, Artifact Registry; docker and podman send a layer without Content-Range",
		},
		{name: "patch-without-range", change: on("PATCH upload", header("Range", "")), source: "home-made registries; clients do not read it"},
		{name: "patch-range-not-advancing", change: on("PATCH upload", header("Range", "0-0")), source: "ECR: github.com/aws/containers-roadmap/issues/2831"},
		{
			name: "put-with-body-refused", change: on("PUT upload", only(func(c *call) bool { return c.r.ContentLength > 0 }, refuse(400, "BLOB_UPLOAD_INVALID", "Stream uploads after first write are not allowed"))),
			push: ruling{follow: "containerd", why: "BuildKit sends a layer with PUT"}, source: "Gitea's words: github.com/dotnet/sdk-container-builds/issues/471; here for PUT with a body",
		},
		{name: "patch-range-with-unit", change: on("PATCH upload", edit(func(a *answer) { a.header.Set("Range", "bytes="+a.header.Get("Range")) })), source: "Quay and others write the unit"},
		{name: "patch-html", change: on("PATCH upload", respond(200, "text/html", "<html>sign in</html>")), source: "single sign-on that ends in the midst of an upload", push: ruling{follow: "podman", why: "docker and podman send layers with PATCH"}},
		{name: "post-html", change: on("POST upload", respond(200, "text/html", "<html>sign in</html>")), source: "the same at its beginning"},
		{name: "commit-html", change: on("PUT upload", respond(200, "text/html", "<html>sign in</html>")), source: "the same at its end", push: ruling{right: "failed commit", why: "BuildKit finds out when it pulls"}},
		{name: "commit-500-and-stored", change: on("PUT upload", func(c *call) {
			recorded := *c
			recorded.w = httptest.NewRecorder()
			recorded.next()
			bare(504)(c)
		}), source: "a front that gives up while the store still moves the blob: Distribution on S3 with large layers", push: ruling{follow: "containerd", why: "BuildKit and podman give up"}},
		{name: "commit-200", change: on("PUT upload", status(200)), source: "home-made registries", push: ruling{follow: "podman", why: "podman takes 201 alone"}},
		{name: "commit-202", change: on("PUT upload", status(202)), source: "asynchronous stores"},
		{name: "commit-204", change: on("PUT upload", status(204)), source: "the spec of docker-registry named 204 for long", push: ruling{follow: "podman", why: "podman takes 201 alone"}},
		{name: "commit-without-digest", change: on("PUT upload", header("Docker-Content-Digest", "")), source: "crane's registry, proxies that drop it"},
		{
			name: "commit-digest-of-another", change: on("PUT upload", header("Docker-Content-Digest", digest.FromString("another").String())), source: "a store that mixes up uploads",
			push: ruling{follow: "containerd", why: "BuildKit reads the digest of the answer"},
		},
		{name: "commit-digest-no-digest", change: on("PUT upload", header("Docker-Content-Digest", "sha256-x")), source: "home-made registries", push: ruling{follow: "containerd", why: "BuildKit reads the digest of the answer"}},
		{name: "commit-without-location", change: on("PUT upload", header("Location", "")), source: "proxies that drop it; clients do not read it"},
		{name: "commit-stores-nothing", change: on("PUT upload", func(c *call) { // says 201
			c.next()
			c.lose(digest.Digest(c.r.URL.Query().Get("digest")))
		}), source: "docker-registry 2.8 on Redis after a garbage collection: 201, and nothing is written", push: ruling{reason: "write_lost", alert: "RegistryPushFails"}},
		{name: "commit-stores-damage", change: on("PUT upload", func(c *call) {
			c.next()
			c.damage(digest.Digest(c.r.URL.Query().Get("digest")), func(b []byte) []byte {
				if len(b) > 0 {
					b[0] ^= 1
				}
				return b
			})
		}), source: "a store whose disk or memory is broken"},
		{
			name: "post-201-at-once", warm: true, stored: undeletable, change: on("POST upload", func(c *call) { c.w.WriteHeader(http.StatusCreated) }),
			source: "registries that know the blob from another repository (the spec's answer to a mount)",
		},
		{name: "post-200", change: on("POST upload", status(200)), source: "home-made registries", push: ruling{follow: "podman", why: "podman takes 202 alone"}},
		{name: "post-minimum-chunk", change: on("POST upload", header("OCI-Chunk-Min-Length", "5242880")), source: "OCI distribution-spec: OCI-Chunk-Min-Length"},
		{name: "status-quay", change: on("GET upload", edit(func(a *answer) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.header.Set("Range", fmt.Sprintf("bytes=0-%d", len(a.uploads[a.name])))
		})), source: "every Quay: one more than the last byte"},
		{name: "status-200", change: on("GET upload", status(200)), source: "home-made registries; clients do not ask"},
		{name: "status-202", change: on("GET upload", status(202)), source: "the same"},
		{name: "status-400", change: on("GET upload", bare(400)), source: "crane's registry does not offer it"},
		{name: "status-404", change: on("GET upload", bare(404)), source: "GHCR, Artifact Registry: no status of uploads"},
		{name: "status-405", change: on("GET upload", bare(405)), source: "nginx limit_except for uploads"},
		{name: "status-500", change: on("GET upload", refuse(500, "UNKNOWN", "unknown error")), source: "Distribution 2.8 with a driver that cannot stat what is being written; clients do not ask"},
		{name: "status-without-range", change: on("GET upload", header("Range", "")), source: "home-made registries"},
		{name: "cancel-400", change: on("DELETE upload", bare(400)), source: "crane's registry"},
		{name: "cancel-401", account: true, change: func(f *registry, i *image) {
			tokenAuth{}.on(f)
			f.on("DELETE upload", refuse(401, "UNAUTHORIZED", "unauthorized to access repository: monitoring/canary, action: delete"))
		}, source: "Harbor: a robot with pull and push alone", push: ruling{}},
		{name: "cancel-403", change: on("DELETE upload", bare(403)), source: "firewalls that refuse DELETE; clients do not cancel"},
		{name: "cancel-404", change: on("DELETE upload", bare(404)), source: "Artifact Registry, ECR"},
		{name: "cancel-405", change: on("DELETE upload", refuse(405, "UNSUPPORTED", "The operation is unsupported.")), source: "registries without deletion"},
		{name: "cancel-500", change: on("DELETE upload", refuse(500, "UNKNOWN", "unknown error")), source: "Distribution with drivers that cannot delete what is open; clients do not cancel"},
	}
}

// pushes are rows with answers to the end of a push: to its manifest, and to pulling it.
func pushes() []*behaviour {
	tagRule := func(h handler) (func(*registry) *image, func(*registry, *image)) {
		return undeletable, on("PUT manifest", h)
	}
	harborStored, harborRule := tagRule(refuse(412, "PRECONDITION", "Failed to process request due to 'canary' configured as immutable."))
	ecrStored, ecrRule := tagRule(refuse(400, "TAG_INVALID", "The image tag '2.0' already exists in the 'team/app' repository and cannot be overwritten because the repository is immutable."))
	rule := ruling{follow: "containerd", why: "BuildKit finds the same digest under the tag, and puts none"}
	return []*behaviour{
		{name: "manifest-put-415", change: on("PUT manifest", refuse(415, "UNSUPPORTED", "media type not supported")), source: "registries of before OCI (Artifactory 6, Nexus 3.1)", push: ruling{alert: "RegistryPushFails"}},
		{name: "manifest-put-400-digest", change: on("PUT manifest", refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")), source: "a front that changes bodies", push: ruling{alert: "RegistryPushFails"}},
		{name: "manifest-put-500-once", change: on("PUT manifest", first(1, bare(500))), source: "Harbor, two pushes to one tag at once: github.com/goharbor/harbor/issues/9480", push: ruling{follow: "containerd", why: "BuildKit sends it once more"}},
		{name: "manifest-seen-late", change: func(f *registry, _ *image) {
			f.on("* manifest", only(func(c *call) bool {
				return c.r.Method != http.MethodPut && (c.name == pushed || strings.HasPrefix(c.name, "canary-"))
			}, first(1, refuse(404, "MANIFEST_UNKNOWN", "manifest unknown"))))
		}, source: "a replica that is asked before it has the write; here it has it a request later", push: ruling{right: "ok", why: "a moment later it is there, and who pushes does not look"}},
		{name: "manifest-put-200", change: on("PUT manifest", status(200)), source: "home-made registries"},
		{name: "manifest-put-202", change: on("PUT manifest", status(202)), source: "Quay until 2019: github.com/containers/image/issues/381", push: ruling{follow: "podman", why: "docker and podman take every 2xx"}},
		{name: "manifest-put-204", change: on("PUT manifest", status(204)), source: "home-made registries", push: ruling{follow: "podman", why: "docker and podman take every 2xx"}},
		{name: "manifest-put-without-digest", change: on("PUT manifest", header("Docker-Content-Digest", "")), source: "Pulp, proxies: distribution issue 3848"},
		{
			name: "manifest-put-digest-of-another", change: on("PUT manifest", header("Docker-Content-Digest", digest.FromString("another").String())), source: "registries that convert manifests",
			push: ruling{follow: "containerd", why: "BuildKit reads the digest of the answer"},
		},
		{name: "manifest-stored-nowhere", change: on("PUT manifest", func(c *call) { c.w.WriteHeader(http.StatusCreated) }), source: "a front that answers for a write it lost (queues, geo-replication); docker-registry on Redis after a garbage collection: github.com/distribution/distribution/issues/4269", push: ruling{alert: "RegistryPushFails"}},
		{name: "manifest-stored-rewritten", change: on("PUT manifest", func(c *call) {
			c.next()
			c.mu.Lock()
			doc := c.manifests[c.name]
			c.mu.Unlock()
			c.keepManifest(c.name, document{doc.mediaType, append([]byte(" "), doc.body...)})
		}), source: "registries that write JSON anew: another digest under the same tag", push: ruling{right: "failed read_back", why: "what was pushed cannot be pulled by its digest: signatures and pinned deployments break", reason: "digest_mismatch"}},
		{name: "tag-immutable-harbor", warm: true, stored: harborStored, change: harborRule, source: "Harbor, tag immutability", push: rule},
		{name: "tag-immutable-ecr", warm: true, stored: ecrStored, change: ecrRule, source: "ECR: github.com/moby/buildkit/issues/3776", push: rule},
		{
			name: "tag-immutable-for-another", change: on("PUT manifest", refuse(412, "PRECONDITION", "Failed to process request due to 'canary' configured as immutable.")),
			source: "Harbor, tag immutability, and the tag names another image", push: ruling{reason: "policy", alert: "RegistryExporterCannotLook", never: "RegistryPushFails"},
		},
		{name: "delete-400", change: on("DELETE manifest", bare(400)), source: "crane's registry of old"},
		{name: "delete-401", account: true, change: func(f *registry, _ *image) {
			tokenAuth{}.on(f)
			f.on("DELETE manifest", challenge)
		}, source: "Harbor: a robot without the right to delete"},
		{name: "delete-403", change: on("DELETE manifest", bare(403)), source: "accounts without the right to delete"},
		{name: "delete-404", change: on("DELETE manifest", refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")), source: "registries that delete by tag alone"},
		{name: "delete-405", change: on("DELETE manifest", refuse(405, "UNSUPPORTED", "The operation is unsupported.")), source: "Distribution without storage.delete.enabled"},
		{name: "delete-412", change: on("DELETE manifest", refuse(412, "PRECONDITION", "Failed to process request due to 'canary' configured as immutable.")), source: "Harbor, immutable tags cannot be deleted"},
		{name: "delete-500", change: on("DELETE manifest", refuse(500, "UNKNOWN", "unknown error")), source: "Distribution on stores that cannot move; clients do not delete"},
	}
}

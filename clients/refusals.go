package clients

import "net/http"

// on adds one rule.
func on(pattern string, h handler) func(*registry, *image) {
	return func(f *registry, _ *image) { f.on(pattern, h) }
}

// limitedToUs is a limit of requests, which counts each client for itself.
var limitedToUs = ruling{reason: "rate_limited", alert: "RegistryExporterCannotLook", never: "RegistryDown"}

// refusals are rows with refusals in the words of known registries.
func refusals() []*behaviour {
	unhealthy := `{"errors":[{"code":"UNAVAILABLE","message":"service unavailable","detail":"health check failed: please see /debug/health"}]}`
	return []*behaviour{
		{name: "everything-500", change: on("*", refuse(500, "UNKNOWN", "unknown error")), source: "Distribution whose store fails"},
		{name: "everything-502", change: on("*", bare(502)), source: "nginx whose registry is stopped"},
		{name: "everything-503-health", change: on("*", respond(503, "application/json", unhealthy)), source: "Distribution with a health check that fails", pull: ruling{reason: "health_check_failed"}},
		{name: "everything-504", change: on("*", bare(504)), source: "nginx whose registry hangs"},
		{name: "everything-403", change: on("*", bare(403)), source: "a firewall before the registry, or allow and deny of nginx"},
		{name: "everything-hangs", change: on("*", hang), source: "Swift's proxy hangs, docker-registry 2.8: 240 s for a manifest", slow: "skopeo waits for minutes", pull: ruling{reason: "timeout"}},
		{
			name: "everything-429", change: on("*", refuse(429, "TOOMANYREQUESTS", "Too Many Requests")), slow: "skopeo waits 2 s and more, five times",
			source: "nginx limit_req, GitLab, Docker Hub", pull: limitedToUs, push: limitedToUs,
		},
		{
			name: "base-429", change: on("GET base", bare(429)), slow: "skopeo waits 2 s and more, five times",
			source: "a front that limits each client for /v2/ alone", pull: ruling{follow: "containerd", why: "nodes do not ask /v2/"}, push: ruling{follow: "containerd", why: "BuildKit does not ask /v2/"},
		},
		{
			name: "manifest-429-limit", change: on("GET manifest", refuse(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")), slow: "skopeo waits 2 s and more, five times",
			source: "Docker Hub: docs.docker.com/docker-hub/usage", pull: limitedToUs,
		},
		{
			name: "manifest-503-once", change: on("* manifest", first(1, bare(503))), source: "a rolling restart behind a load balancer",
			pull: ruling{follow: "containerd", why: "nodes ask once more"}, push: ruling{follow: "containerd", why: "BuildKit asks once more"},
		},
		{
			name: "base-empty-200", change: on("GET base", func(c *call) { c.w.Header().Del("Docker-Distribution-Api-Version"); c.w.WriteHeader(200) }),
			source: "a front that answers /v2/ itself (nginx return 200), without body or header",
		},
		{
			name: "base-404", change: on("GET base", bare(404)), source: "static files behind a CDN as a registry, which have no /v2/",
			pull: ruling{follow: "containerd", why: "nodes do not ask /v2/"}, push: ruling{follow: "containerd", why: "BuildKit does not ask /v2/"},
		},
		{name: "base-html", change: on("GET base", respond(200, "text/html", "<html>welcome</html>")), source: "a web server whose catch-all page answers /v2/ too"},
		{name: "blobs-403", change: on("GET blob", bare(403)), source: "a front or firewall that refuses blobs only", pull: ruling{reason: "forbidden", alert: "RegistryPullFails", never: "RegistryExporterCannotLook"}},
		{name: "blobs-500", change: on("GET blob", refuse(500, "UNKNOWN", "unknown error")), source: "docker-registry 2.8 on a Swift that is gone, nothing cached", pull: ruling{alert: "RegistryPullFails"}},
		{name: "manifest-500", change: on("* manifest", refuse(500, "UNKNOWN", "unknown error")), source: "the same for manifests", pull: ruling{alert: "RegistryPullFails"}},
		{
			name: "manifest-401-database", account: true, change: on("* manifest", refuse(401, "UNAUTHORIZED", "failed to connect to database: dial tcp 10.0.0.5:5432: connect: connection refused")),
			source: "Harbor 2.15 without its PostgreSQL: 401 with the words of a dial error", pull: ruling{alert: "RegistryPullFails"},
		},
		{name: "tag-404", change: func(f *registry, i *image) {
			f.on("* manifest", forTag(only(func(c *call) bool { return c.name == tag }, refuse(404, "MANIFEST_UNKNOWN", "manifest unknown"))))
		}, source: "a tag that was deleted", pull: ruling{reason: "not_found"}},
		{
			name: "cache-upstream-gone", change: on("GET blob", refuse(500, "UNKNOWN", "unknown error", `"Get \"https://upstream/v2/\": dial tcp: connection refused"`)),
			source: "a pull-through cache of Distribution: it holds the manifest, and its upstream is gone",
		},
	}
}

// refusedPushes are rows with refusals of writes.
func refusedPushes() []*behaviour {
	swiftQuota := `{"DriverName":"swift","Enclosed":{"StatusCode":413,"Text":"Upload exceeds quota."}}`
	return []*behaviour{
		{
			name: "push-read-only", change: func(f *registry, _ *image) {
				f.on("POST upload", refuse(405, "UNSUPPORTED", "The operation is unsupported."))
			},
			source: "Distribution, storage.maintenance.readonly", push: ruling{reason: "read_only", alert: "RegistryReadOnly"},
		},
		{name: "push-read-only-harbor", change: func(f *registry, _ *image) {
			f.on("POST upload", refuse(403, "DENIED", "The system is in read only mode. Any modification is prohibited."))
		}, source: "Harbor, read-only mode", push: ruling{reason: "read_only", alert: "RegistryReadOnly"}},
		{name: "push-post-404", change: on("POST upload", refuse(404, "NAME_UNKNOWN", "repository name not known to registry")), source: "zot whose folder is not writable"},
		{
			name: "push-post-404-since-today", warm: true, change: on("POST upload", refuse(404, "NAME_UNKNOWN", "repository name not known to registry")),
			source: "the same, where pushes went through before",
			push:   ruling{right: "failed start", why: "clients that have pushed the same before send no blob", reason: "not_found", alert: "RegistryPushFails", never: "RegistryExporterCannotLook"},
		},
		{name: "push-post-500", change: on("POST upload", refuse(500, "UNKNOWN", "unknown error")), source: "Distribution whose store is gone", push: ruling{reason: "server_error", alert: "RegistryPushFails"}},
		{name: "push-quota-swift", change: on("P* upload", refuse(500, "UNKNOWN", "unknown error", swiftQuota)), source: "docker-registry 2.8 on Swift over its quota", push: ruling{reason: "no_space", alert: "RegistryPushFails"}},
		{
			name: "push-quota-harbor", change: on("PUT manifest", refuse(403, "DENIED", "adding 1.0 MiB of storage resource, which when updated to current usage of 9.9 MiB will exceed the configured upper limit of 10.0 MiB.")),
			source: "Harbor, quota of a project: goharbor.io/docs, Configure Project Quotas", push: ruling{reason: "no_space", alert: "RegistryPushFails"},
		},
		{name: "push-disk-full", change: on("P* upload", refuse(500, "UNKNOWN", "unknown error", `{"DriverName":"filesystem","Enclosed":{"Op":"write","Path":"/data","Err":28}}`)), source: "Distribution on a full disk", push: ruling{reason: "no_space"}},
		{name: "push-disk-full-minio", change: on("P* upload", refuse(500, "UNKNOWN", "unknown error", `"s3aws: XMinioStorageFull: Storage backend has reached its minimum free drive threshold."`)), source: "Distribution on a full MinIO", push: ruling{reason: "no_space", alert: "RegistryPushFails"}},
		{name: "push-disk-quota", change: on("P* upload", refuse(500, "UNKNOWN", "unknown error", `{"DriverName":"filesystem","Enclosed":{"Op":"write","Path":"/data","Err":122}}`)), source: "Distribution on a file system with quotas: EDQUOT", push: ruling{reason: "no_space", alert: "RegistryPushFails"}},
		{
			name: "push-429-quota-metric", change: on("POST upload", refuse(429, "TOOMANYREQUESTS", "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service 'artifactregistry.googleapis.com'")),
			slow: "skopeo waits 2 s and more, five times", source: "Google Artifact Registry: too many requests, in words of a quota", push: ruling{reason: "rate_limited", alert: "RegistryExporterCannotLook", never: "RegistryPushFails"},
		},
		{name: "push-507", change: on("P* upload", bare(507)), source: "Nexus and WebDAV stores: 507 Insufficient Storage", push: ruling{reason: "no_space"}},
		{name: "push-disk-full-zot", change: on("PUT upload", refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")), source: "zot on a full disk: 202 to everything, then this for bytes that are right", push: ruling{reason: "write_lost", alert: "RegistryPushFails"}},
		{
			name: "push-patch-405", change: on("PATCH upload", bare(405)), push: ruling{follow: "podman", why: "docker and podman send layers with PATCH", reason: "client_error", alert: "RegistryPushFails"},
			source: "nginx limit_except, firewalls with a list of methods",
		},
		{name: "push-patch-403", change: on("PATCH upload", bare(403)), push: ruling{follow: "podman", why: "docker and podman send layers with PATCH", alert: "RegistryPushFails"}, source: "ModSecurity's core rules: PATCH is no allowed method"},
		{name: "push-put-403", change: on("PUT *", bare(403)), source: "the same for PUT", push: ruling{alert: "RegistryPushFails"}},
		{name: "push-put-manifest-403", change: on("PUT manifest", refuse(403, "DENIED", "requested access to the resource is denied")), source: "an account that may send blobs and no manifests (Artifactory, deploy without overwrite)"},
		{name: "push-put-manifest-500", change: on("PUT manifest", refuse(500, "UNKNOWN", "unknown error")), source: "Harbor without its database: core stores the tag there", push: ruling{alert: "RegistryPushFails"}},
		{name: "push-body-1m", layer: 3 << 20, change: on("* upload", limited(1<<20)), source: "nginx client_max_body_size, 1m by default: nginx.org/en/docs/http/ngx_http_core_module.html", push: ruling{reason: "body_too_large", alert: "RegistryPushFails"}},
		{
			name: "push-411", change: on("PATCH upload", only(func(c *call) bool { return c.r.ContentLength < 0 }, bare(http.StatusLengthRequired))),
			source: "fronts that want Content-Length: WAFs, nginx before 1.3.9, mod_security",
		},
		{name: "push-manifest-blob-unknown", change: on("PUT manifest", refuse(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")), source: "two registries behind one front without a common store", push: ruling{reason: "missing_blob", alert: "RegistryPushFails"}},
		{name: "push-upload-unknown", change: on("PUT upload", refuse(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")), source: "two registries without a common http.secret or store: distribution issue 2225", push: ruling{reason: "upload_lost", alert: "RegistryPushFails"}},
	}
}

package clients

import (
	"fmt"
	"net/http"
	"strings"
)

// servers are answers that one product gives, in its words.
func servers() []*behaviour {
	pages := ruling{alert: "RegistryPullFails"}
	askedAgain := ruling{follow: "containerd", why: "nodes ask once more"}
	askedOnce := ruling{follow: "containerd", why: "nodes ask once more after other errors, and not after this one"}
	return []*behaviour{
		{
			name: "harbor-vulnerable-image", change: on("GET manifest", refuse(412, "PROJECTPOLICYVIOLATION", "current image with 3 vulnerabilities cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of \"High\" or higher from running.'")),
			source: "Harbor, deployment security of a project", pull: pages,
		},
		{
			name: "harbor-tag-retention-race", change: on("HEAD manifest", forDigest(refuse(404, "NOT_FOUND", "artifact team/app@sha256:0 not found"))),
			source: "Harbor's code NOT_FOUND, to HEAD by digest alone",
		},
		{
			name: "acr-image-not-readable", change: on("* manifest", refuse(405, "UNSUPPORTED", "The operation is disallowed on this registry, repository or image.")),
			source: "Azure Container Registry, az acr repository update --read-enabled false: learn.microsoft.com/azure/container-registry/container-registry-image-lock", pull: pages,
		},
		{
			name: "acr-firewall", account: true, change: on("*", refuse(403, "DENIED", "client with IP '192.0.2.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.")),
			source: "Azure Container Registry: aka.ms/acr/firewall",
		},
		{
			name: "ecr-login-ended", account: true, change: func(f *registry, i *image) {
				basicAuth(f, i)
				f.on("*", refuse(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."))
			}, source: "ECR: a password lives 12 hours, and then every request is 403", pull: ruling{reason: "forbidden", alert: "RegistryExporterCannotLook"}, push: ruling{reason: "forbidden", alert: "RegistryExporterCannotLook"},
		},
		{
			name: "gitlab-jwt-403", account: true, change: withTokens(tokenAuth{token: refuse(403, "DENIED", "access forbidden")}),
			source: "GitLab's /jwt/auth for an account without access", pull: ruling{reason: "forbidden", alert: "RegistryExporterCannotLook"}, push: ruling{reason: "forbidden", alert: "RegistryExporterCannotLook"},
		},
		{
			name: "gitlab-maintenance", account: true, change: withTokens(tokenAuth{token: bare(503)}), source: "GitLab in maintenance: /jwt/auth is 503", pull: ruling{alert: "RegistryLoginFails"},
		},
		{
			name: "quay-read-only", sides: "push", change: on("POST upload", respond(503, "application/json", `{"message":"System is currently read-only. Pulls will succeed but all write operations are currently suspended.","is_readonly":true}`)),
			source: "Quay, REGISTRY_STATE: readonly", push: ruling{reason: "read_only", alert: "RegistryReadOnly"},
		},
		{
			name: "quay-quota", sides: "push", change: on("POST upload", refuse(403, "DENIED", "Quota has been exceeded on namespace")),
			source: "Quay, quota of an organization", push: ruling{reason: "no_space", alert: "RegistryPushFails"},
		},
		{
			name: "harbor-quota-of-before-1.10", sides: "push", change: on("PUT manifest", refuse(403, "DENIED", "Not enough quota available to process the request, add 1.3MiB of storage resource overflow the hard limit")),
			source: "github.com/goharbor/harbor/issues/8802", push: ruling{reason: "no_space", alert: "RegistryPushFails"},
		},
		{
			name: "azure-account-full", sides: "push", change: on("P* upload", refuse(500, "UNKNOWN", "unknown error", `{"DriverName":"azure","Enclosed":{"StatusCode":403,"ErrorCode":"AccountSizeOverQuota"}}`)),
			source: "Distribution on a full account of Azure: github.com/goharbor/harbor/issues/18897", push: ruling{reason: "no_space", alert: "RegistryPushFails"},
		},
		{
			name: "gitea-quota-of-containers", sides: "push", change: on("P* upload", refuse(403, "DENIED", "maximum allowed package type size exceeded")),
			source: "Gitea, LIMIT_SIZE_CONTAINER", push: ruling{reason: "no_space", alert: "RegistryPushFails"},
		},
		{
			name: "gitea-quota-of-packages", sides: "push", change: on("PUT manifest", refuse(403, "DENIED", "maximum allowed package count exceeded")),
			source: "Gitea, LIMIT_TOTAL_OWNER_COUNT", push: ruling{reason: "no_space", alert: "RegistryPushFails"},
		},
		{
			name: "artifactory-quota", sides: "push", change: on("P* upload", respond(413, "application/json", `{"errors":[{"status":413,"message":"Datastore disk usage is too high. Contact your Artifactory administrator to add additional storage space or change the disk quota limits."}]}`)),
			source: "Artifactory, disk quota: 413 for a full store", push: ruling{reason: "no_space", alert: "RegistryPushFails"},
		},
		{
			name: "artifactory-no-overwrite", sides: "push", warm: true, stored: undeletable, change: on("PUT manifest", refuse(403, "DENIED", "Not enough permissions to overwrite artifact 'docker-local:team/app/2.0/manifest.json' (user 'monitor' needs DELETE permission).")),
			source: "Artifactory: an account that may deploy and not overwrite", push: ruling{follow: "containerd", why: "BuildKit finds the same digest under the tag, and puts none"},
		},
		{
			name: "nexus-read-only", sides: "push", change: on("P* upload", respond(503, "text/html", "<html>Nexus Repository is in read-only mode</html>")),
			source: "Nexus, frozen for a backup", push: ruling{reason: "read_only", alert: "RegistryReadOnly"},
		},
		{
			name: "nexus-no-redeploy", sides: "push", warm: true, stored: undeletable, change: on("PUT manifest", refuse(400, "UNKNOWN", "Repository does not allow updating assets: docker-hosted")),
			source: "Nexus, deployment policy Disable redeploy", push: ruling{follow: "containerd", why: "BuildKit finds the same digest under the tag, and puts none"},
		},
		{
			name: "zot-manifest-invalid", sides: "push", change: on("PUT manifest", refuse(400, "MANIFEST_INVALID", "manifest invalid")),
			source: "zot, a schema that lint refuses", push: ruling{alert: "RegistryPushFails"},
		},
		{
			name: "pulp-throttles-manifests", sides: "push", slow: "skopeo waits 2 s and more, five times", change: on("PUT manifest", func(c *call) {
				c.w.Header().Set("Retry-After", "5")
				refuse(429, "TOOMANYREQUESTS", "too many requests")(c)
			}), source: "Pulp answers 429 while the task that stores a manifest runs", push: ruling{reason: "rate_limited", alert: "RegistryExporterCannotLook", never: "RegistryPushFails"},
		},
		{
			name: "kraken-agent", sides: "push", change: on("POST upload", refuse(500, "UNKNOWN", "unknown error", `"unsupported operation"`)),
			source: "Uber's kraken: the Upload of an agent returns this error, only the proxy takes pushes", push: ruling{alert: "RegistryPushFails"},
		},
		{
			name: "dragonfly-source-fails", change: on("GET blob", respond(502, "text/plain", "dfdaemon: source response 403 is not valid")),
			source: "Dragonfly's peer proxy whose source refuses it", pull: pages,
		},
		{
			name: "gcr-no-repository", change: on("* *", only(func(c *call) bool { return !strings.HasSuffix(c.kind, "base") }, refuse(404, "NAME_UNKNOWN", `Repository "team" not found`))),
			source: "Artifact Registry: a repository that was never made", push: ruling{reason: "not_found", alert: "RegistryExporterCannotLook"},
		},
		{name: "warning-header", change: on("*", func(c *call) {
			c.w.Header().Set("Warning", `299 - "This registry goes away on 2030-01-01"`)
			c.next()
		}), source: "OCI distribution-spec 1.1: Warning headers"},
		{name: "blob-406-unless-any", change: on("GET blob", only(func(c *call) bool {
			accept := strings.Join(c.r.Header.Values("Accept"), ", ")
			return accept != "" && !strings.Contains(accept, "*/*") && !strings.Contains(accept, "octet-stream")
		}, bare(http.StatusNotAcceptable))), source: "servers that hold Accept against application/octet-stream (Spring, Jetty)"},
		{name: "manifest-406-unless-named", change: on("* manifest", only(func(c *call) bool {
			return !strings.Contains(strings.Join(c.r.Header.Values("Accept"), ", "), typeManifest)
		}, bare(http.StatusNotAcceptable))), source: "registries that serve a type only to who names it (Pulp, Gitea)"},
		{name: "manifest-408-once", change: on("* manifest", first(1, bare(http.StatusRequestTimeout))), source: "haproxy, timeout http-request", pull: askedAgain, push: askedAgain},
		{name: "blob-503-once", change: on("GET blob", first(1, bare(http.StatusServiceUnavailable))), source: "a rolling restart behind a load balancer", pull: askedAgain, push: askedAgain},
		{name: "blob-502-once", change: on("GET blob", first(1, bare(http.StatusBadGateway))), source: "nginx, whose keepalive connection to the registry was just closed", pull: askedOnce, push: askedOnce},
		{name: "blob-reset-once", change: on("GET blob", first(1, func(*call) { panic(http.ErrAbortHandler) })), source: "a load balancer that drops an idle connection", pull: askedOnce, push: askedOnce},
		{name: "http-1.0", change: on("GET *", func(c *call) { c.closing() }), source: "old static file servers: HTTP/1.0, the end of the connection ends the body"},
		{name: "body-reset-over-1m", sides: "push", layer: 3 << 20, change: on("* upload", func(c *call) {
			if c.r.ContentLength > 1<<20 || c.r.ContentLength < 0 {
				panic(http.ErrAbortHandler)
			}
			c.next()
		}), source: "a front that hangs up on large bodies without an answer (Envoy's buffer filter, IIS)", push: ruling{alert: "RegistryPushFails"}},
		{name: "zot-in-the-words-of-a-go-error", change: on("GET blob", respond(500, "application/json", `{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"error":"open /var/lib/registry: permission denied"}}]}`)), source: "zot whose folder changed its owner", pull: pages},
	}
}

// closing answers as HTTP/1.0 does: without a length, and closes the connection.
func (c *call) closing() {
	edited := *c
	edit(func(a *answer) {
		conn, w, err := http.NewResponseController(a.w).Hijack()
		if err != nil {
			panic(fmt.Sprintf("hijacking: %s", err))
		}
		defer conn.Close()
		a.header.Del("Content-Length")
		fmt.Fprintf(w, "HTTP/1.0 %d %s\r\n", a.status, http.StatusText(a.status))
		_ = a.header.Write(w)
		fmt.Fprint(w, "\r\n")
		_, _ = w.Write(a.body)
		_ = w.Flush()
		panic(http.ErrAbortHandler)
	})(&edited)
}

package clients

import (
	"net/http"

	"github.com/opencontainers/go-digest"
)

// heads are rows with refused HEAD requests.
func heads() []*behaviour {
	return []*behaviour{
		{
			name: "head-manifest-403", change: on("HEAD manifest", bare(403)), pull: ruling{follow: "containerd", why: "nodes resolve a tag with HEAD", reason: "client_error", alert: "RegistryPullFails"},
			push:   ruling{follow: "containerd", why: "BuildKit asks for the tag with HEAD before it puts the manifest", reason: "client_error", alert: "RegistryPushFails"},
			source: "registry.centos.org: github.com/containerd/containerd/pull/6684; nginx if ($request_method = HEAD)",
		},
		{
			name: "head-manifest-404", change: on("HEAD manifest", bare(404)), pull: ruling{follow: "containerd", why: "nodes resolve a tag with HEAD"},
			push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"}, source: "a front that routes GET only",
		},
		{
			name: "head-manifest-405", change: on("HEAD manifest", bare(405)), source: "GitHub Packages: github.com/containerd/containerd/issues/3291; registries before HEAD was in the API",
			push: ruling{follow: "containerd", why: "BuildKit asks again with GET"},
		},
		{
			name: "head-manifest-400", change: on("HEAD manifest", bare(400)), pull: ruling{follow: "containerd", why: "nodes resolve a tag with HEAD"}, push: ruling{follow: "containerd", why: "BuildKit asks with HEAD"},
			source: "API gateways that know no HEAD",
		},
		{name: "head-manifest-401", account: true, change: func(f *registry, i *image) {
			tokenAuth{}.on(f)
			f.on("HEAD manifest", challenge)
		}, pull: ruling{follow: "containerd", why: "nodes resolve a tag with HEAD"}, push: ruling{follow: "containerd", why: "BuildKit asks with HEAD"}, source: "token servers that map methods to rights and leave HEAD out: distribution issue 1485"},
		{
			name: "manifest-digest-of-sha512", change: func(f *registry, i *image) {
				d := digest.SHA512.FromBytes(i.manifest)
				f.on("* manifest", edit(func(a *answer) {
					if a.status == http.StatusOK && a.name == tag {
						a.header.Set("Docker-Content-Digest", d.String())
					}
				}))
				f.keepManifest(d.String(), document{i.mediaType, i.manifest})
				f.on("* manifest", of(d, header("Docker-Content-Digest", d.String())))
			}, pull: ruling{follow: "containerd", why: "nodes hold content against sha256 alone"}, source: "OCI distribution-spec: a registry may use any registered algorithm",
		},
		{
			name: "head-manifest-502", change: on("HEAD manifest", bare(502)), pull: ruling{follow: "containerd", why: "nodes resolve a tag with HEAD"},
			push: ruling{follow: "containerd", why: "BuildKit asks with HEAD"}, source: "a backend that answers HEAD with a body, which the proxy takes for a broken answer",
		},
		{
			name: "head-manifest-501", change: on("HEAD manifest", bare(501)), pull: ruling{follow: "containerd", why: "nodes resolve a tag with HEAD"},
			push: ruling{follow: "containerd", why: "BuildKit asks with HEAD"}, source: "static servers that know GET alone (Python's http.server of old)",
		},
		{name: "head-manifest-of-two-types", change: on("HEAD manifest", edit(func(a *answer) { a.header["Content-Type"] = []string{typeManifest, "text/plain"} })), source: "a front that adds its default type"},
		{name: "head-blob-without-length", change: on("HEAD blob", edit(func(a *answer) { a.header.Del("Content-Length"); a.header.Set("Transfer-Encoding", "chunked") })), source: "proxies that drop the length of answers without a body"},
		{name: "head-blob-404-always", change: on("HEAD blob", bare(404)), source: "a front that routes GET only: clients push what is there, too"},
		{name: "head-manifest-without-digest", change: on("HEAD manifest", header("Docker-Content-Digest", "")), source: "static files, proxies that drop the header: distribution issue 3848"},
		{name: "manifest-without-digest", change: on("* manifest", header("Docker-Content-Digest", "")), source: "the same for GET: the OCI distribution-spec does not demand it"},
		{name: "head-manifest-without-length", change: on("HEAD manifest", edit(func(a *answer) { a.header.Del("Content-Length"); a.header.Set("Transfer-Encoding", "chunked") })), source: "proxies that compress, and so drop the length"},
		{
			name: "head-manifest-without-type", change: on("HEAD manifest", header("Content-Type", "application/json")), pull: ruling{follow: "containerd", why: "nodes take the type of the answer to HEAD"},
			push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"}, source: "github.com/containerd/containerd/issues/7390",
		},
		{
			name: "head-manifest-of-another-digest", change: on("HEAD manifest", forTag(header("Docker-Content-Digest", "sha256:0000000000000000000000000000000000000000000000000000000000000000"))),
			pull: ruling{follow: "containerd", why: "nodes fetch the digest that HEAD told"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"},
			source: "a stale cache of HEAD; a Distribution that converts schemas: distribution issue 3718, containerd issue 4397",
		},
		{
			name: "head-manifest-length-of-compressed", change: on("HEAD manifest", header("Content-Length", "99")), pull: ruling{follow: "containerd", why: "nodes take the size from HEAD"},
			push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"}, source: "a front that compresses answers of both methods",
		},
		{
			name: "digest-404", change: on("* manifest", forDigest(refuse(404, "MANIFEST_UNKNOWN", "manifest unknown"))), pull: ruling{follow: "containerd", why: "nodes fetch the manifest by its digest", reason: "missing_blob", alert: "RegistryPullFails"},
			push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"}, source: "github.com/containerd/containerd/issues/2840; old Artifactory and Nexus groups",
		},
		{name: "head-blob-405", change: on("HEAD blob", bare(405)), source: "fronts that allow GET, POST, PUT and PATCH only"},
		{name: "head-blob-403", change: on("HEAD blob", bare(403)), source: "nginx if ($request_method = HEAD); buckets without the right to list answer 403 for what is not there"},
		{name: "head-blob-500", change: on("HEAD blob", refuse(500, "UNKNOWN", "unknown error")), source: "Distribution whose store fails at stat"},
		{
			name: "head-blob-says-200-for-all", change: on("HEAD blob", func(c *call) { c.w.Header().Set("Content-Length", "1"); c.w.WriteHeader(http.StatusOK) }),
			source: "docker-registry 2.8 on Redis after a garbage collection: the cache knows what is gone", push: ruling{reason: "write_lost", alert: "RegistryPushFails"},
		},
	}
}

package clients

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// healthy are rows in which clients find nothing wrong.
func healthy() []*behaviour {
	return []*behaviour{
		{name: "distribution", source: "Distribution 2.8 and 3: absolute Location, a state in its query that changes with each part"},
		{name: "distribution-tls", source: "the same behind TLS, with a CA that only the CA file has", https: true},
		{
			name: "docker-media-types", source: "images that docker pushes: manifest v2 schema 2, not OCI",
			stored: func(f *registry) *image {
				i := newImage("docker", 900)
				i.mediaType = typeDockerManifest
				return f.add(tag, i.written(nil))
			},
		},
	}
}

// onLocation changes the Location of answers to requests of a kind.
func onLocation(pattern string, change func(c *call, to string) string) func(*registry, *image) {
	return func(f *registry, _ *image) { f.on(pattern, location(change)) }
}

// locations are rows with a Location at which an upload goes on.
func locations() []*behaviour {
	plainHTTP := func(_ *call, to string) string { return strings.Replace(to, "https://", "http://", 1) }
	return []*behaviour{
		{
			name: "location-http-behind-tls", https: true, change: onLocation("*", plainHTTP),
			push:   ruling{follow: "containerd", why: "BuildKit and docker go where Location says", reason: "bad_answer", alert: "RegistryPushFails"},
			source: "nginx before Distribution without X-Forwarded-Proto: github.com/distribution/distribution/issues/479 and 970",
		},
		{
			name: "location-http-after-patch", https: true, change: onLocation("PATCH upload", plainHTTP),
			push:   ruling{follow: "podman", why: "docker sends a layer with PATCH too, and goes where the answer says; containerd sends no PATCH"},
			source: "a front that rewrites the Location of POST only (nginx proxy_redirect in one location block)",
		},
		{name: "location-without-port", change: onLocation("*", func(_ *call, to string) string {
			u := must(url.Parse(to))
			u.Host = u.Hostname() + ":1"
			return u.String()
		}), source: "nginx with Host $host, which drops the port: clients go to one where nothing listens (distribution issue 970)"},
		{name: "location-internal-name", change: onLocation("POST upload", func(_ *call, to string) string {
			u := must(url.Parse(to))
			u.Host = "127.0.0.3:1"
			return u.String()
		}), source: "http.host of Distribution set to a name that only the cluster knows: distribution.github.io/distribution/about/configuration"},
		{name: "location-path-only", change: onLocation("*", func(_ *call, to string) string {
			return must(url.Parse(to)).RequestURI()
		}), source: "http.relativeurls of Distribution; GHCR: github.com/apple/swift-container-plugin/pull/44"},
		{
			name: "location-relative-to-request", change: onLocation("* upload", func(_ *call, to string) string {
				u := must(url.Parse(to))
				return u.Path[strings.LastIndex(u.Path, "/")+1:] + "?" + u.RawQuery
			}), push: ruling{follow: "containerd", why: "nodes and BuildKit take what has no leading slash for a host"},
			source: "allowed by RFC 9110 10.2.2 and the OCI distribution-spec, which says that Location may be relative",
		},
		{
			name: "location-without-scheme", change: onLocation("* upload", func(_ *call, to string) string {
				return strings.TrimPrefix(to, "http:")
			}), push: ruling{follow: "containerd", why: "BuildKit pushes with containerd's code, which takes two slashes for a path"},
			source: "a front that writes //host/path to keep the scheme (RFC 3986 4.2)",
		},
		{
			name: "location-missing", change: func(f *registry, _ *image) { f.on("POST upload", header("Location", "")) },
			source: "a proxy that drops Location (nginx proxy_hide_header, some API gateways)",
		},
		{
			name: "location-missing-after-patch", change: func(f *registry, _ *image) { f.on("PATCH upload", header("Location", "")) },
			push:   ruling{follow: "podman", why: "docker and podman go on where the answer to PATCH says; containerd sends no PATCH"},
			source: "the same, for answers of 202 to PATCH; the OCI distribution-spec says that it MUST be there",
		},
		{
			name: "location-no-url", change: onLocation("POST upload", func(*call, string) string { return "http://127.0.0.1:port/x" }),
			source: "a template of a front that was not filled in",
		},
		{
			name: "location-on-another-host", change: uploadsElsewhere,
			source: "OCI distribution-spec, POST then PUT: the location need not be provided by the registry itself; offloading to another server",
		},
		{
			name: "location-with-more-in-query", change: onLocation("* upload", func(_ *call, to string) string { return to + "&k=a%2Fb%3D&z=" }),
			source: "Quay and Harbor behind gateways that sign the query",
		},
		{
			name: "location-ends-in-question-mark", change: statelessUploads("?"),
			source: "Nexus and others without a state in the query: an empty one is legal (RFC 3986 3.4)",
		},
		{
			name: "location-without-query", change: statelessUploads(""),
			source: "zot, Gitea, crane's registry: the id in the path is all",
		},
		{
			name: "location-at-another-path", change: uploadsAtPath,
			source: "Artifact Registry: /artifacts-uploads/namespaces/…: github.com/oras-project/rust-oci-client/pull/175",
		},
		{
			name: "location-upper-case-scheme", change: onLocation("*", func(_ *call, to string) string { return strings.Replace(to, "http://", "HTTP://", 1) }),
			source: "RFC 3986 3.1: schemes are case-insensitive",
		},
		{name: "location-with-fragment", change: onLocation("* upload", func(_ *call, to string) string { return to + "#upload" }), source: "frameworks that link to a part of a page"},
		{
			name: "location-of-post-has-no-id", change: statelessAtPost,
			source: "registries that tell the upload by a header or a cookie alone: one upload at a time",
		},
		{name: "location-with-dots", change: onLocation("* upload", func(_ *call, to string) string { return strings.Replace(to, "/blobs/", "/x/../blobs/", 1) }), source: "a front that joins paths"},
		{
			name: "location-doubled-slash", change: onLocation("* upload", func(_ *call, to string) string { return strings.Replace(to, "/v2/", "//v2/", 1) }),
			source: "a base URL that ends in a slash (Artifactory, http.host of Distribution)",
		},
		{name: "post-202-without-range-and-uuid", change: on("POST upload", edit(func(a *answer) { a.header.Del("Range"); a.header.Del("Docker-Upload-UUID") })), source: "OCI distribution-spec: Location is all that it has to have"},
		{name: "post-mount-unknown", change: on("POST upload", only(func(c *call) bool { return c.r.URL.Query().Get("mount") != "" }, refuse(400, "UNSUPPORTED", "mount"))), source: "registries without mounts; the probe mounts nothing"},
		{
			name: "post-redirected-307-relative", change: func(f *registry, _ *image) {
				uploadsElsewhere(f, nil)
				f.mu.Lock()
				defer f.mu.Unlock()
				f.rules = append([]rule{{"POST upload", func(c *call) { redirectTo(307, c.store.URL+c.r.URL.RequestURI())(c) }}}, f.rules...)
				f.rules = append([]rule{{"* store", location(func(c *call, to string) string { return strings.TrimPrefix(to, c.store.URL) })}}, f.rules...)
			},
			push:   ruling{follow: "containerd", why: "BuildKit and nodes take a path for one of the host that they asked first"},
			source: "github.com/containerd/containerd/issues/11949",
		},
		{name: "post-redirected-307", change: func(f *registry, _ *image) {
			f.openStore(nil)
			f.on("POST upload", func(c *call) {
				c.w.Header().Set("Location", c.store.URL+c.r.URL.RequestURI())
				c.w.WriteHeader(http.StatusTemporaryRedirect)
			})
			f.on("POST store", func(c *call) { c.upload(http.MethodPost) })
		}, source: "a regional front that redirects writes to the primary, with 307 as RFC 9110 has it for other methods than GET"},
	}
}

// statelessUploads tells uploads by their path alone. end takes the place of the query of each Location.
func statelessUploads(end string) func(*registry, *image) {
	return func(f *registry, _ *image) {
		f.on("* upload", func(c *call) {
			c.mu.Lock()
			n := len(c.uploads[c.name])
			c.mu.Unlock()
			q := c.r.URL.Query()
			q.Set("_state", strconv.Itoa(n))
			c.r.URL.RawQuery = q.Encode()
			location(func(_ *call, to string) string {
				if c.kind == "PUT upload" {
					return to
				}
				before, _, _ := strings.Cut(to, "?")
				return before + end
			})(c)
		})
	}
}

// statelessAtPost names the place of the POST itself: PATCH and PUT go there.
func statelessAtPost(f *registry, _ *image) {
	f.on("* upload", func(c *call) {
		if c.r.Method == http.MethodPost {
			c.mu.Lock()
			c.uploads[""] = []byte{}
			c.mu.Unlock()
		}
		q := c.r.URL.Query()
		c.mu.Lock()
		q.Set("_state", strconv.Itoa(len(c.uploads[""])))
		c.mu.Unlock()
		c.r.URL.RawQuery = q.Encode()
		location(func(_ *call, to string) string {
			if c.kind == "PUT upload" {
				return to
			}
			return c.front.URL + c.r.URL.Path
		})(c)
	})
}

// uploadsAtPath takes uploads at a path outside /v2/.
func uploadsAtPath(f *registry, _ *image) {
	const before, after = "/v2/team/app/blobs/uploads/", "/artifacts-uploads/namespaces/team/"
	f.on("POST upload", location(func(_ *call, to string) string { return strings.Replace(to, before, after, 1) }))
	f.on("* base", only(func(c *call) bool { return strings.HasPrefix(c.r.URL.Path, after) }, func(c *call) {
		at := *c
		at.name = strings.TrimPrefix(c.r.URL.Path, after)
		at.rest = []rule{{"* base", func(c *call) { c.upload(c.r.Method) }}}
		location(func(_ *call, to string) string { return strings.Replace(to, before, after, 1) })(&at)
	}))
}

// uploadsElsewhere takes uploads at another host.
func uploadsElsewhere(f *registry, _ *image) {
	f.openStore(nil)
	f.on("* upload", func(c *call) {
		if c.r.Method != http.MethodPost {
			refuse(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "uploads go on elsewhere")(c)
			return
		}
		c.next()
	})
	moved := location(func(c *call, to string) string { return strings.Replace(to, c.front.URL, c.store.URL, 1) })
	f.on("POST upload", moved)
	f.on("* store", func(c *call) {
		edited := *c
		edited.rest = []rule{{"* store", func(c *call) { c.upload(c.r.Method) }}}
		moved(&edited)
	})
}

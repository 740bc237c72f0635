package clients

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// onStore redirects requests for blobs to the other host, where answer answers them.
func onStore(signer *authority, status int, answer handler) func(*registry, *image) {
	return func(f *registry, _ *image) {
		f.openStore(signer)
		f.on("GET blob", toStore(status))
		if answer != nil {
			f.on("* store", answer)
		}
	}
}

// redirects are rows with blobs on another host than the front.
func redirects() []*behaviour {
	outage := ruling{reason: "store_refused", alert: "RegistryPullFails", never: "RegistryExporterCannotLook"}
	return slicesOf(
		&behaviour{name: "blobs-redirected-307", change: onStore(nil, 307, nil), source: "Distribution and Harbor on S3, GCS, Azure or Swift with TempURLs"},
		&behaviour{name: "blobs-redirected-302", change: onStore(nil, 302, nil), source: "Quay, Artifactory and GitLab"},
		&behaviour{name: "blobs-redirected-301", change: onStore(nil, 301, nil), source: "fronts that moved the store for good"},
		&behaviour{name: "blobs-redirected-303", change: onStore(nil, 303, nil), source: "RFC 9110 15.4.4; seen at mirrors built on CDNs"},
		&behaviour{name: "blobs-redirected-308", change: onStore(nil, 308, nil), source: "Cloudflare workers as registries"},
		&behaviour{name: "blobs-redirected-to-a-path", change: func(f *registry, _ *image) {
			f.on("GET blob", only(func(c *call) bool { return c.r.URL.Query().Get("kept") == "" }, func(c *call) {
				c.w.Header().Set("Location", c.r.URL.Path+"?kept=here")
				c.w.WriteHeader(http.StatusFound)
			}))
		}, source: "a front that adds a signature to its own path (nginx secure_link)"},
		&behaviour{
			name: "store-refuses-signature", change: onStore(nil, 307, respond(403, "application/xml", "<Error><Code>SignatureDoesNotMatch</Code></Error>")), pull: outage,
			source: "S3 and Ceph with a wrong key, clock or policy: github.com/distribution/distribution, label storage/s3",
		},
		&behaviour{
			name: "store-refuses-key", change: onStore(nil, 307, respond(401, "text/plain", "401 Unauthorized: Temp URL invalid")), pull: outage,
			source: "docker-registry 2.8 on Swift whose TempURL key was changed: seen on real programs",
		},
		&behaviour{name: "store-refuses-basic-as-challenge", change: onStore(nil, 307, func(c *call) {
			c.w.Header().Set("WWW-Authenticate", `Swift realm="AUTH_docker"`)
			bare(401)(c)
		}), account: true, pull: outage, source: "Swift answers 401 with a challenge of its own: docs.openstack.org/swift/latest/api/temporary_url_middleware.html"},
		&behaviour{name: "store-wants-no-authorization", account: true, change: func(f *registry, i *image) {
			basicAuth(f, i)
			onStore(nil, 307, only(func(c *call) bool { return c.r.Header.Get("Authorization") != "" },
				respond(400, "application/xml", "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>")))(f, i)
		}, source: "S3: a signed URL and an Authorization header exclude each other"},
		&behaviour{
			name: "store-of-public-ca", https: true, change: onStore(authorities.public, 307, nil),
			source: "a front with a CA of its own, blobs at S3 or GCS with a public one",
		},
		&behaviour{name: "store-of-front-ca", https: true, change: onStore(authorities.front, 307, nil), source: "MinIO beside the registry, both with the CA of the company"},
		&behaviour{
			name: "store-of-unknown-ca", https: true, change: onStore(newAuthority("nobody knows"), 307, nil),
			source: "MinIO with a certificate of its own and redirects on", pull: ruling{reason: "tls_unknown_authority", alert: "RegistryPullFails"},
		},
		&behaviour{name: "store-without-tls", https: true, change: onStore(nil, 307, nil), source: "redirects from https to a store on plain HTTP in the same network"},
		&behaviour{name: "store-not-reachable", change: func(f *registry, _ *image) {
			f.on("GET blob", redirectTo(307, "http://127.0.0.3:1/bucket"))
		}, pull: ruling{reason: "refused", alert: "RegistryPullFails"}, source: "MinIO or Ceph that only the registry reaches, redirects not disabled: goharbor.io/docs, storage_service.redirect"},
		&behaviour{
			name: "store-redirects-for-ever", change: onStore(nil, 307, func(c *call) { redirectTo(307, c.store.URL+c.r.URL.Path+"x")(c) }),
			source: "two stores that each name the other", pull: ruling{reason: "redirected"},
		},
		&behaviour{name: "store-redirects-once-more", change: onStore(nil, 307, only(func(c *call) bool { return !strings.HasPrefix(c.r.URL.Path, "/region/") },
			func(c *call) { redirectTo(307, c.store.URL+"/region"+c.r.URL.Path)(c) })), source: "S3: 307 TemporaryRedirect to the region of a bucket"},
		&behaviour{name: "store-refuses-range", change: onStore(nil, 307, only(func(c *call) bool { return c.r.Header.Get("Range") != "" }, respond(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"))), source: "a policy or signature of a store that allows whole objects alone"},
		&behaviour{name: "store-without-ranges", change: onStore(nil, 307, withoutRanges()), source: "a CDN before the store that fetches whole objects"},
		&behaviour{name: "store-416-to-range", change: onStore(nil, 307, only(func(c *call) bool { return c.r.Header.Get("Range") != "" }, bare(416))), source: "a CDN that does not know the length yet"},
		&behaviour{name: "store-url-once", change: func(f *registry, _ *image) {
			f.openStore(nil)
			f.on("GET blob", func(c *call) {
				c.mu.Lock()
				c.started++
				n := c.started
				c.mu.Unlock()
				redirectTo(307, fmt.Sprintf("%s/once/%d/%s", c.store.URL, n, c.name))(c)
			})
			var mu sync.Mutex
			seen := map[string]bool{}
			f.on("* store", only(func(c *call) bool {
				mu.Lock()
				defer mu.Unlock()
				was := seen[c.r.URL.Path]
				seen[c.r.URL.Path] = true
				return was
			}, bare(403)))
		}, source: "signed URLs that are good for one request"},
		&behaviour{name: "store-path-escaped", change: func(f *registry, _ *image) {
			f.openStore(nil)
			f.on("GET blob", func(c *call) { redirectTo(307, c.store.URL+"/a%2Fb%20c/"+c.name+"?sig=a%2Bb/c=")(c) })
			f.on("* store", only(func(c *call) bool {
				return c.r.URL.EscapedPath() != "/a%2Fb%20c/"+c.name || c.r.URL.RawQuery != "sig=a%2Bb/c="
			}, bare(403)))
		}, source: "S3 and GCS sign the path and the query as they are escaped"},
		&behaviour{name: "store-with-trailers", change: onStore(nil, 307, edit(func(a *answer) {
			a.header.Set("Content-Disposition", "attachment; filename=data")
			a.header.Set("X-Cache", "MISS")
		})), source: "CloudFront and GCS add headers of their own"},
		&behaviour{name: "store-304", change: onStore(nil, 307, bare(http.StatusNotModified)), source: "a CDN that takes the request for one with a condition"},
		&behaviour{name: "blobs-redirected-to-a-path-with-login", account: true, change: func(f *registry, i *image) {
			basicAuth(f, i)
			f.on("GET blob", only(func(c *call) bool { return c.r.URL.Query().Get("kept") == "" }, func(c *call) {
				c.w.Header().Set("Location", c.r.URL.Path+"?kept=here")
				c.w.WriteHeader(http.StatusFound)
			}))
		}, source: "Artifactory and Nexus redirect within themselves, and want the login there, too"},
		&behaviour{name: "blobs-redirected-without-scheme", change: func(f *registry, _ *image) {
			f.openStore(nil)
			f.on("GET blob", func(c *call) { redirectTo(307, strings.TrimPrefix(c.store.URL, "http:")+"/"+c.name)(c) })
		}, source: "RFC 3986 4.2: //host/path keeps the scheme"},
		&behaviour{name: "manifests-redirected-to-a-path", change: func(f *registry, _ *image) {
			f.on("* manifest", only(func(c *call) bool { return c.r.Method != http.MethodPut && c.r.URL.Query().Get("to") == "" }, func(c *call) {
				redirectTo(302, c.r.URL.Path+"?to=here")(c)
			}))
		}, source: "Artifactory: virtual repositories that name the real one"},
		&behaviour{name: "redirect-without-location", change: func(f *registry, _ *image) { f.on("GET blob", bare(307)) }, source: "a proxy that drops Location"},
		&behaviour{name: "manifests-redirected", change: func(f *registry, _ *image) {
			f.openStore(nil)
			for _, method := range []string{"HEAD", "GET"} {
				f.on(method+" manifest", func(c *call) { redirectTo(307, c.store.URL+c.r.URL.Path)(c) })
				f.on(method+" store", func(c *call) { c.manifest() })
			}
		}, source: "registry.k8s.io redirects manifests to a region: github.com/kubernetes/registry.k8s.io"},
		&behaviour{
			name: "base-redirected-to-login", change: func(f *registry, _ *image) {
				f.on("GET base", only(func(c *call) bool { return c.r.URL.Path != "/login" }, redirectTo(302, "/login")))
				f.on("GET base", respond(200, "text/html", "<html>sign in</html>"))
			}, source: "oauth2-proxy or Keycloak before /v2/ but not before what is below it",
		},
		&behaviour{
			name: "head-of-blob-redirected-for-get-only", warm: true, change: func(f *registry, _ *image) {
				f.openStore(nil)
				f.on("* blob", toStore(307))
				f.on("HEAD store", respond(403, "application/xml", ""))
			}, source: "S3: a URL signed for GET refuses HEAD with 403",
			stored: undeletable,
		},
	)
}

func slicesOf(all ...*behaviour) []*behaviour { return all }

func redirectTo(status int, to string) handler {
	return func(c *call) {
		c.w.Header().Set("Location", to)
		c.w.WriteHeader(status)
	}
}

// undeletable stores an image in a registry that refuses to delete.
func undeletable(f *registry) *image {
	f.on("DELETE manifest", refuse(http.StatusMethodNotAllowed, "UNSUPPORTED", "The operation is unsupported."))
	return f.add(tag, newImage("stored", 1500, 700))
}

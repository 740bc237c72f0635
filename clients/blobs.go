package clients

import (
	"net/http"
	"strings"
)

// spoiledLayer changes the first layer in the store, spoiledConfig the config.
func spoiledLayer(change func([]byte) []byte) func(*registry, *image) {
	return func(f *registry, i *image) { f.damage(i.layer(), change) }
}

func spoiledConfig(change func([]byte) []byte) func(*registry, *image) {
	return func(f *registry, i *image) { f.damage(i.configDigest(), change) }
}

// onLayer adds a rule for GET of the first layer, onConfig for GET of the config.
func onLayer(h handler) func(*registry, *image) {
	return func(f *registry, i *image) { f.on("GET blob", of(i.layer(), h)) }
}

func onConfig(h handler) func(*registry, *image) {
	return func(f *registry, i *image) { f.on("GET blob", of(i.configDigest(), h)) }
}

// blobs are rows with blobs that are lost, damaged or not sent to their end.
func blobs() []*behaviour {
	chunked := edit(func(a *answer) { a.header.Del("Content-Length"); a.header.Set("Transfer-Encoding", "chunked") })
	return []*behaviour{
		{name: "layer-lost", change: func(f *registry, i *image) { f.lose(i.layer()) }, source: "Swift container-sync that replicates deletions, garbage collections during pushes", pull: ruling{reason: "missing_blob"}},
		{name: "config-lost", change: func(f *registry, i *image) { f.lose(i.configDigest()) }, source: "the same", pull: ruling{reason: "missing_blob"}},
		{name: "layer-short", change: spoiledLayer(shorter), source: "an object that was cut in the store", pull: ruling{reason: "short_read"}},
		{name: "layer-long", change: spoiledLayer(longer), source: "an object that was appended to"},
		{name: "layer-flipped", change: spoiledLayer(flipped), source: "bits that flip", pull: ruling{reason: "digest_mismatch"}},
		{name: "layer-last-byte-flipped", change: spoiledLayer(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), source: "bits that flip", pull: ruling{reason: "digest_mismatch"}},
		{name: "layer-zeroed", change: spoiledLayer(func(b []byte) []byte { return make([]byte, len(b)) }), source: "XFS after a power cut: length without bytes", pull: ruling{reason: "digest_mismatch"}},
		{name: "config-flipped", change: spoiledConfig(flipped), source: "bits that flip", pull: ruling{reason: "digest_mismatch"}},
		{name: "config-short", change: spoiledConfig(shorter), source: "an object that was cut in the store", pull: ruling{reason: "short_read"}},
		{name: "blobs-empty-with-length", change: on("GET blob", cut(nothing)), source: "docker-registry 2.8 whose Swift is gone, descriptors cached: 200, full length, 0 bytes", pull: ruling{alert: "RegistryPullFails"}},
		{
			name: "layer-cut-at-half", change: onLayer(only(func(c *call) bool { return c.r.Header.Get("Range") == "" }, cut(half))),
			pull:   ruling{follow: "containerd", why: "nodes ask for the rest with Range"},
			source: "nginx proxy_max_temp_file_size and proxy_read_timeout: long answers end in the midst, each time; containerd asks for the rest",
		},
		{name: "layer-cut-once", change: onLayer(first(1, cut(half))), source: "a connection that a load balancer closes", pull: ruling{follow: "containerd", why: "nodes ask for the rest with Range"}},
		{name: "layer-chunked", change: onLayer(chunked), source: "proxies that answer without a length (Artifactory, HTTP/1.1 chunked)"},
		{name: "layer-html", change: onLayer(respond(200, "text/html", "<html>blocked by policy</html>")), source: "proxies that scan content and answer with a page"},
		{name: "layer-500", change: onLayer(refuse(500, "UNKNOWN", "unknown error")), source: "one object whose servers are down", pull: ruling{reason: "server_error"}},
		{name: "layer-403-quarantined", change: onLayer(refuse(403, "DENIED", "artifact is quarantined")), source: "Artifactory Xray and Harbor: current image with vulnerabilities cannot be pulled", pull: ruling{alert: "RegistryPullFails"}},
		{name: "layer-204", change: onLayer(func(c *call) { c.w.WriteHeader(http.StatusNoContent) }), source: "gateways that map an empty object to 204"},
		{name: "layer-hangs", change: onLayer(hang), source: "one object whose server hangs", slow: "skopeo waits for minutes", pull: ruling{reason: "timeout"}},
		{name: "config-403", change: onConfig(bare(403)), source: "a rule of a firewall that takes the config for an attack", pull: ruling{alert: "RegistryPullFails"}},
		{name: "config-chunked", change: onConfig(chunked), source: "proxies that answer without a length"},
		{name: "blob-type-html", change: on("GET blob", header("Content-Type", "text/html")), source: "nginx default_type; clients do not look at it"},
		{name: "blob-of-another-digest", change: on("* blob", header("Docker-Content-Digest", "sha256:0000000000000000000000000000000000000000000000000000000000000000")), source: "caches that mix up headers; clients hold the bytes against the digest that they asked for"},
		{name: "blob-with-age", change: on("GET blob", edit(func(a *answer) { a.header.Set("Age", "86400"); a.header.Set("ETag", `"x"`) })), source: "Varnish and CDNs"},
		{name: "blob-without-type", change: on("* blob", edit(func(a *answer) { a.header["Content-Type"] = nil })), source: "object stores"},
		{name: "layer-longer-than-said", change: onLayer(edit(func(a *answer) { a.replace(append(a.body, "<!-- cached -->"...)) })), source: "a proxy that adds a line to what it hands out"},
		{name: "layer-as-multipart", change: on("GET blob", only(func(c *call) bool { return c.r.Header.Get("Range") != "" }, func(c *call) {
			c.r.Header.Set("Range", "bytes=0-0,"+strings.TrimPrefix(c.r.Header.Get("Range"), "bytes="))
			c.next()
		})), source: "a front that adds a range of its own: 206 with multipart/byteranges"},
		{name: "blob-without-digest", change: on("* blob", header("Docker-Content-Digest", "")), source: "S3, static files"},
	}
}

// ranges are rows of servers that answer Range in ways of their own. Clients ask for a blob as a whole.
func ranges() []*behaviour {
	ranged := func(h handler) func(*registry, *image) {
		return on("GET blob", only(func(c *call) bool { return c.r.Header.Get("Range") != "" }, h))
	}
	big := func(f *registry) *image { return f.add(tag, newImage("large", 300_000)) }
	return []*behaviour{
		{name: "range-ignored", change: on("GET blob", withoutRanges()), source: "every Gitea; caches of Distribution 3.1 for what they do not have yet"},
		{name: "range-ignored-large", stored: big, maxBytes: "64KiB", change: on("GET blob", withoutRanges()), source: "the same, a layer larger than max_bytes"},
		{name: "range-ignored-large-short", stored: big, maxBytes: "64KiB", change: func(f *registry, i *image) {
			f.on("GET blob", of(i.layer(), func(c *call) {
				c.r.Header.Del("Range")
				cut(func(n int) int { return n - 10_000 })(c)
			}))
			f.on("GET blob", withoutRanges())
		}, source: "the same, cut short: skopeo says unexpected EOF", pull: ruling{reason: "short_read"}},
		{name: "range-ignored-large-flipped", stored: big, maxBytes: "64KiB", change: func(f *registry, i *image) {
			f.damage(i.layer(), func(b []byte) []byte { b[len(b)-9] ^= 1; return b })
			f.on("GET blob", withoutRanges())
		}, source: "the same, with a bit that flipped behind what was read"},
		{name: "range-416", change: ranged(bare(416)), source: "fronts that refuse Range (nginx max_ranges 0 answers 200; WAFs 416)"},
		{name: "range-416-star", change: ranged(func(c *call) { c.w.Header().Set("Content-Range", "bytes */0"); bare(416)(c) }), source: "a cache that does not know the length yet"},
		{name: "range-403", change: ranged(bare(403)), source: "firewalls with rules against Range (CVE-2011-3192)"},
		{name: "range-501", change: ranged(bare(501)), source: "object stores without ranges"},
		{name: "range-206-without-content-range", change: ranged(edit(func(a *answer) { a.header.Del("Content-Range") })), source: "home-made servers"},
		{name: "range-206-of-all", change: ranged(func(c *call) {
			c.r.Header.Del("Range")
			edit(func(a *answer) { a.status = 206 })(c)
		}), source: "servers that answer 206 to every Range with all of it"},
		{name: "range-206-star-length", change: ranged(edit(func(a *answer) {
			if cr := a.header.Get("Content-Range"); cr != "" {
				a.header.Set("Content-Range", cr[:len(cr)-len(lastPart(cr))]+"*")
			}
		})), source: "RFC 9110 14.4: the whole length may be unknown"},
		{name: "get-206-of-all", change: on("GET blob", edit(func(a *answer) {
			if a.status == 200 {
				a.status = 206
				a.header.Set("Content-Range", "bytes 0-"+lessOne(len(a.body)))
			}
		})), source: "CDNs that slice: 206 to a plain GET", pull: ruling{follow: "containerd", why: "nodes take every 2xx"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"}},
	}
}

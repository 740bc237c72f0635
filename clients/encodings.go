package clients

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"net/http"
)

func gzipped(b []byte) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(b)
	_ = w.Close()
	return packed.Bytes()
}

func deflated(b []byte) []byte {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write(b)
	_ = w.Close()
	return packed.Bytes()
}

// encoded answers GET with a Content-Encoding, even to clients that do not ask for it.
func encoded(name string, pack func([]byte) []byte) handler {
	return edit(func(a *answer) {
		if a.r.Method == http.MethodGet && a.status == http.StatusOK {
			a.header.Set("Content-Encoding", name)
			a.replace(pack(a.body))
		}
	})
}

// asked encodes for clients whose Accept-Encoding asks for it.
func asked(h handler) handler {
	return only(func(c *call) bool {
		return c.r.Header.Get("Accept-Encoding") != "" && c.r.Header.Get("Accept-Encoding") != "identity"
	}, h)
}

func same(b []byte) []byte { return b }

// encodings are rows with bodies that a proxy compresses.
func encodings() []*behaviour {
	readsBack := ruling{follow: "containerd", why: "the same when what was pushed is pulled"}
	return []*behaviour{
		{name: "manifest-gzip", change: on("* manifest", encoded("gzip", gzipped)), source: "a cache that ignores Vary; nginx gzip_static"},
		{name: "manifest-gzip-when-asked", change: on("* manifest", asked(encoded("gzip", gzipped))), source: "nginx gzip on for JSON types"},
		{name: "config-gzip", change: onConfig(encoded("gzip", gzipped)), source: "registry.access.redhat.com: github.com/quay/quay/pull/1310"},
		{name: "config-gzip-when-asked", change: onConfig(asked(encoded("gzip", gzipped))), source: "the same, for those who ask"},
		{name: "layer-gzip", change: onLayer(encoded("gzip", gzipped)), source: "CDNs that compress all"},
		{name: "layer-gzip-when-asked", change: onLayer(asked(encoded("gzip", gzipped))), source: "the same, for those who ask"},
		{
			name: "layer-labelled-gzip", change: onLayer(encoded("gzip", same)), source: "Apache AddEncoding: the layer as it is, with Content-Encoding: gzip since it is gzip; clients undo it, and the digest is wrong",
		},
		{name: "layer-labelled-x-gzip", change: onLayer(encoded("x-gzip", same)), source: "Pulp behind httpd: github.com/moby/moby/issues/17595", pull: ruling{follow: "containerd", why: "nodes refuse an encoding that they do not know"}},
		{name: "layer-labelled-zstd", change: onLayer(encoded("zstd", same)), source: "stores that label a zstd layer as encoded", pull: ruling{follow: "containerd", why: "nodes undo zstd, and these bytes are none"}},
		{name: "manifest-gzip-without-length", change: on("* manifest", edit(func(a *answer) {
			if a.r.Method == http.MethodGet && a.status == http.StatusOK {
				a.header.Set("Content-Encoding", "gzip")
				a.body = gzipped(a.body)
				a.header.Del("Content-Length")
				a.header.Set("Transfer-Encoding", "chunked")
			}
		})), source: "nginx gzip on: chunked"},
		{name: "manifest-gzip-upper-case", change: on("* manifest", encoded("GZIP", gzipped)), source: "RFC 9110 8.4.1: names of encodings are case-insensitive"},
		{name: "manifest-gzip-twice", change: on("* manifest", encoded("gzip, gzip", func(b []byte) []byte { return gzipped(gzipped(b)) })), source: "two proxies that each compress", pull: ruling{follow: "podman", why: "docker and podman undo one encoding"}, push: ruling{follow: "podman", why: "the same when what was pushed is pulled"}},
		{name: "layer-labelled-identity", change: onLayer(encoded("identity", same)), source: "object stores that keep the header they were given"},
		{name: "manifest-labelled-identity", change: on("* manifest", encoded("identity", same)), source: "the same"},
		{name: "manifest-deflate", change: on("* manifest", encoded("deflate", deflated)), source: "Akamai and old proxies: deflate as zlib"},
		{name: "manifest-br", change: on("* manifest", encoded("br", same)), source: "Cloudflare, with br though nobody asked", pull: ruling{follow: "containerd", why: "nodes refuse an encoding that they do not know"}, push: readsBack},
		{name: "manifest-labelled-gzip-plain", change: on("* manifest", encoded("gzip", same)), source: "a mirror that unpacks and keeps the header: github.com/docker-archive/docker-registry/issues/369"},
	}
}

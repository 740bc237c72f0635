package clients

import (
	"bytes"
	"strings"

	"github.com/opencontainers/go-digest"
)

// storedAs stores an image whose manifest change alters.
func storedAs(change func(m object)) func(*registry) *image {
	return func(f *registry) *image { return f.add(tag, newImage("stored", 1500, 700).written(change)) }
}

// body changes the body of an answer to GET.
func body(change func([]byte) []byte) handler {
	return edit(func(a *answer) {
		if a.r.Method == "GET" && a.status == 200 {
			a.replace(change(a.body))
		}
	})
}

// manifests are rows with answers to a request for a manifest.
func manifests() []*behaviour {
	served := func(contentType string) func(*registry, *image) {
		return on("* manifest", header("Content-Type", contentType))
	}
	return []*behaviour{
		{
			name: "manifest-damaged", change: on("* manifest", body(func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"schemaVersion"`), []byte(`"schemaversion"`), 1)
			})),
			pull: ruling{follow: "containerd", why: "nodes hold a manifest against its digest"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"}, source: "bits that flip in the store of manifests",
		},
		{
			name: "manifest-rewritten", change: on("* manifest", body(func(b []byte) []byte { return append(b, '\n') })),
			pull: ruling{follow: "containerd", why: "nodes hold a manifest against its digest", reason: "digest_mismatch"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"}, source: "gateways that format JSON anew",
		},
		{name: "manifest-empty", change: on("GET manifest", body(func([]byte) []byte { return nil })), source: "a file of 0 bytes after a crash of the machine"},
		{name: "manifest-html", change: on("[GH]E* manifest", respond(200, "text/html", "<html>sign in</html>")), source: "a captive portal, or a login page with status 200"},
		{name: "manifest-cut", change: on("GET manifest", cut(half)), source: "a proxy whose disk for temporary files is full"},
		{name: "manifest-no-json", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			i.manifest = []byte(strings.Repeat("x", 300))
			return f.add(tag, i)
		}, source: "a manifest that another program overwrote, digest and all"},
		{name: "manifest-bom", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			i.manifest = append([]byte("\ufeff"), i.written(nil).manifest...)
			return f.add(tag, i)
		}, source: "manifests written by PowerShell, with a byte order mark"},
		{
			name: "manifest-type-json", change: served("application/json"), source: "static files as a registry: buckets, GitHub Pages",
			pull: ruling{follow: "containerd", why: "nodes take the type from Content-Type"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"},
		},
		{
			name: "manifest-type-text", change: served("text/plain; charset=utf-8"), source: "registry.access.redhat.com until 2019, which containerd still takes for schema 1",
			pull: ruling{follow: "containerd", why: "nodes take the type from Content-Type"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"},
		},
		{
			name: "manifest-type-with-charset", change: served(typeManifest + "; charset=utf-8"), source: "frameworks that add a charset to every answer",
		},
		{
			name: "manifest-type-missing", change: on("* manifest", edit(func(a *answer) { a.header["Content-Type"] = nil })), source: "a front that hides Content-Type",
			pull: ruling{follow: "containerd", why: "nodes take the type from Content-Type"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"},
		},
		{
			name: "manifest-type-of-docker", change: served(typeDockerManifest), source: "registries that answer with another type than the document names (Pulp, old Nexus)",
			pull: ruling{follow: "containerd", why: "nodes read both types alike"}, push: ruling{follow: "containerd", why: "the same when what was pushed is pulled"},
		},
	}
}

// documents are rows with odd documents under the tag, whose digests are right.
func documents() []*behaviour {
	set := func(key string, value any) func(*registry) *image { return storedAs(func(m object) { m[key] = value }) }
	layer := func(change object) func(*registry) *image {
		return storedAs(func(m object) { layers := m["layers"].([]any); layers[0] = with(layers[0].(object), change) })
	}
	return []*behaviour{
		{name: "manifest-without-media-type", stored: storedAs(func(m object) { delete(m, "mediaType") }), source: "OCI 1.0: mediaType is optional in it (Kaniko, Buildah)"},
		{name: "manifest-schema-1", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			i.mediaType = typeSchema1
			i.manifest = mustJSON(object{"schemaVersion": 1, "name": repository, "tag": tag, "fsLayers": []any{}, "history": []any{}, "signatures": []any{}})
			return f.add(tag, i)
		}, source: "images of before 2016; containerd 2 and docker 28 refuse them"},
		{
			name: "manifest-4-5-mib", stored: set("annotations", object{"x": strings.Repeat("x", 4_500_000)}), source: "the OCI distribution-spec lets registries and clients refuse over 4 MiB",
			pull: ruling{follow: "containerd", why: "nodes refuse over 4,393,216 bytes"},
		},
		{name: "manifest-and-index-in-one", stored: set("manifests", []any{}), source: "CVE-2021-41190: ambiguous documents", pull: ruling{follow: "containerd", why: "nodes refuse documents that are both"}},
		{name: "manifest-without-layers", stored: set("layers", []any{}), source: "FROM scratch with labels only, Helm and OCI artifacts of no content"},
		{name: "manifest-layers-null", stored: set("layers", nil), source: "Go programs that write an empty list as null (early ORAS, cosign)"},
		{name: "manifest-with-subject", stored: set("subject", descriptor(typeManifest, []byte("{}"))), source: "OCI 1.1 referrers: signatures, SBOMs"},
		{name: "artifact-unknown-config", stored: storedAs(func(m object) {
			m["config"] = with(m["config"].(object), object{"mediaType": "application/vnd.cncf.helm.config.v1+json"})
		}), source: "Helm charts"},
		{name: "artifact-empty-config", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			i.config = []byte("{}")
			return f.add(tag, i.written(func(m object) { m["config"] = descriptor("application/vnd.oci.empty.v1+json", i.config) }))
		}, source: "OCI 1.1 artifacts: image-spec, guidance for an empty descriptor"},
		{name: "layer-twice", stored: storedAs(func(m object) { m["layers"] = append(m["layers"].([]any), m["layers"].([]any)[0]) }), source: "Dockerfiles with several empty steps"},
		{name: "layer-data-inline", stored: storedAs(func(m object) {
			d := []byte("inline")
			m["layers"] = append(m["layers"].([]any), with(descriptor(typeLayer, d), object{"data": d}))
		}), change: func(f *registry, _ *image) { f.keep([]byte("inline")) }, source: "image-spec 1.1: data in a descriptor"},
		{name: "layer-of-0-bytes", stored: emptyLayer(true), source: "tools that push an empty file as a layer", pull: ruling{follow: "containerd", why: "nodes refuse content of size 0", reason: "bad_answer"}},
		{name: "layer-of-0-bytes-lost", stored: emptyLayer(false), source: "the same, where the registry never stored it (Nexus, S3 without empty objects)", pull: ruling{reason: "missing_blob"}},
		{name: "layer-size-too-large", stored: layer(object{"size": 99999}), source: "manifests that people edited; crane mutate of old", pull: ruling{follow: "containerd", why: "nodes hold a layer against its size"}},
		{name: "layer-size-too-small", stored: layer(object{"size": 10}), source: "the same", pull: ruling{follow: "containerd", why: "nodes hold a layer against its size"}},
		{name: "layer-size-missing", stored: storedAs(func(m object) { delete(m["layers"].([]any)[0].(object), "size") }), source: "manifests of home-made tools", pull: ruling{right: "failed manifest", why: "nodes find out at the layer that the manifest is wrong"}},
		{name: "layer-sha512", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			d := digest.SHA512.FromBytes(i.layers[0])
			f.on("* blob", only(func(c *call) bool { return c.name == d.String() }, func(c *call) {
				c.name = digest.FromBytes(i.layers[0]).String()
				edit(func(a *answer) { a.header.Set("Docker-Content-Digest", d.String()) })(c)
			}))
			return f.add(tag, i.written(func(m object) {
				m["layers"] = []any{with(descriptor(typeLayer, i.layers[0]), object{"digest": d.String()})}
			}))
		}, source: "image-spec: sha512 is a registered algorithm", pull: ruling{follow: "containerd", why: "nodes hold blobs against sha256 alone, and so does podman"}},
		{name: "layer-digest-invalid", stored: layer(object{"digest": "sha256:short"}), source: "manifests of home-made tools", pull: ruling{right: "failed manifest", why: "clients find out later that the manifest is wrong"}},
		{name: "config-of-0-bytes", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			i.config = []byte{}
			return f.add(tag, i.written(nil))
		}, source: "artifacts of tools that write an empty file as config", pull: ruling{follow: "containerd", why: "nodes refuse content of size 0", reason: "bad_answer"}},
		{name: "config-missing", stored: storedAs(func(m object) { delete(m, "config") }), source: "manifests of home-made tools", pull: ruling{right: "failed manifest", why: "nodes find out later that the manifest is wrong"}},
		{name: "schema-version-missing", stored: storedAs(func(m object) { delete(m, "schemaVersion") }), source: "the same; clients do not read it"},
		{name: "manifest-indented", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			i.manifest = append(bytes.ReplaceAll(i.manifest, []byte(`,"`), []byte(",\n   \"")), '\n')
			return f.add(tag, i)
		}, source: "docker pushes manifests with three spaces; here with a newline at the end, digest and all"},
		{name: "layer-of-unknown-type", stored: layer(object{"mediaType": "application/vnd.in-toto+json"}), source: "cosign and in-toto"},
		{name: "layer-without-type", stored: storedAs(func(m object) { delete(m["layers"].([]any)[0].(object), "mediaType") }), source: "manifests of home-made tools"},
		{name: "layer-size-huge", stored: layer(object{"size": int64(1) << 50}), source: "a manifest that somebody forged", pull: ruling{right: "failed manifest", why: "nodes find out at the layer that the size is wrong"}},
		{name: "layer-foreign-without-url", stored: layer(object{"mediaType": typeForeign}), source: "registries that keep foreign layers, and tools that drop their addresses"},
		{name: "layers-200", stored: func(f *registry) *image {
			sizes := make([]int, 200)
			for n := range sizes {
				sizes[n] = 50
			}
			return f.add(tag, newImage("many", sizes...))
		}, source: "more than the 127 layers that docker runs: registries and clients take them"},
		{name: "layer-foreign", stored: foreign, source: "Windows base layers: bytes are at the vendor's, the registry has none"},
		{name: "layer-zstd", stored: layer(object{"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"}), source: "BuildKit and Podman with zstd layers"},
	}
}

func emptyLayer(kept bool) func(*registry) *image {
	return func(f *registry) *image {
		i := newImage("stored", 700)
		i.layers = append(i.layers, []byte{})
		f.add(tag, i.written(nil))
		if !kept {
			f.lose(digest.FromBytes(nil))
		}
		return i
	}
}

// foreign stores an image with a layer that only another host has.
func foreign(f *registry) *image {
	i := newImage("stored", 1500, 700)
	f.on("GET store", func(c *call) { c.name = i.layer().String(); c.kind = "GET blob"; c.blob() })
	f.on("GET blob", of(i.layer(), refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")))
	f.openStore(nil)
	return f.add(tag, i.written(func(m object) {
		layers := m["layers"].([]any)
		layers[0] = with(layers[0].(object), object{"mediaType": typeForeign, "urls": []string{f.store.URL + "/" + i.layer().String()}})
	}))
}

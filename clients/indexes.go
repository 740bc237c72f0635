package clients

import (
	"bytes"

	"github.com/opencontainers/go-digest"
)

// indexOf stores an index of images for platforms. change may damage some of them.
func indexOf(change func(f *registry, all []*image), platforms ...string) func(*registry) *image {
	return func(f *registry) *image {
		all := f.addIndex(typeIndex, platforms...)
		if change != nil {
			change(f, all)
		}
		return all[0]
	}
}

// nestedIndexes stores an image in n indexes, each in another.
func nestedIndexes(n int) func(f *registry) *image {
	return func(f *registry) *image {
		i := newImage("stored", 700)
		f.add(i.digest().String(), i)
		entry := with(descriptor(typeManifest, i.manifest), platform("linux/amd64"))
		for range n - 1 {
			inner := mustJSON(object{"schemaVersion": 2, "mediaType": typeIndex, "manifests": []any{entry}})
			f.keepManifest(digest.FromBytes(inner).String(), document{typeIndex, inner})
			entry = descriptor(typeIndex, inner)
		}
		f.addIndexOf(typeIndex, entry)
		return i
	}
}

// indexes are rows with an index under the tag. Nodes take the image for their platform.
func indexes() []*behaviour {
	byContainerd := ruling{follow: "containerd", why: "nodes choose with containerd's package platforms"}
	otherIsLost := ruling{right: "failed platforms", reason: "missing_blob", why: "nodes of this platform can pull; those of the other, which the index names, cannot"}
	neverThere := ruling{right: "ok", alert: "RegistryPlatformsMissing", never: "RegistryContentBad", why: "nodes of this platform can pull; nobody knows whether those of the other ever could: a ticket, no page"}
	entry := func(change func(o object)) func(*registry) *image {
		return func(f *registry) *image {
			i := newImage("stored", 700)
			f.add(i.digest().String(), i)
			o := with(descriptor(typeManifest, i.manifest), platform("linux/amd64"))
			change(o)
			f.addIndexOf(typeIndex, o)
			return i
		}
	}
	return []*behaviour{
		{name: "index", stored: indexOf(nil, "linux/arm64", "linux/amd64"), source: "docker buildx"},
		{name: "index-of-docker", stored: func(f *registry) *image { return f.addIndex(typeDockerList, "linux/arm64", "linux/amd64")[1] }, source: "docker manifest, images of Docker Hub"},
		{name: "index-one-without-platform", stored: indexOf(nil, ""), source: "crane append, Bazel rules_oci, Nix: an entry with no platform"},
		{name: "index-without-platform-after-another", stored: indexOf(nil, "linux/arm64", ""), source: "the same behind one for another platform"},
		{
			name: "index-variant-first", stored: indexOf(func(f *registry, all []*image) { f.lose(all[0].layer()) }, "linux/amd64/v2", "linux/amd64"), pull: otherIsLost,
			source: "images for x86-64-v2 beside plain ones; the probe must read the one that nodes run",
		},
		{name: "index-variant-only", stored: indexOf(nil, "linux/amd64/v2"), pull: byContainerd, source: "images for x86-64-v2 alone (RHEL 9, openSUSE)"},
		{name: "index-arm-without-variant", stored: indexOf(nil, "linux/arm"), platform: "linux/arm/v7", pull: byContainerd, source: "old images for arm, on a node that is v7"},
		{name: "index-arm-v6-then-v7", stored: indexOf(func(f *registry, all []*image) { f.lose(all[0].layer()) }, "linux/arm/v6", "linux/arm/v7"), platform: "linux/arm/v7", source: "library/alpine: both, v6 first", pull: otherIsLost},
		{name: "index-arm-v6-only", stored: indexOf(nil, "linux/arm/v6"), platform: "linux/arm/v7", pull: byContainerd, source: "images for the first Raspberry Pi, on a node that is v7"},
		{name: "index-arm64-v8", stored: indexOf(nil, "linux/arm64/v8"), platform: "linux/arm64", source: "library/* on Docker Hub: arm64 with variant v8"},
		{name: "index-arm64-wanted-v8", stored: indexOf(nil, "linux/arm64"), platform: "linux/arm64/v8", pull: byContainerd, source: "the other way round: buildx writes no variant"},
		{name: "index-arm-on-arm64", stored: indexOf(nil, "linux/arm/v7"), platform: "linux/arm64", pull: byContainerd, source: "32 bit images on nodes of 64 bit"},
		{name: "index-386-on-amd64", stored: indexOf(nil, "linux/386"), pull: byContainerd, source: "i386/* on Docker Hub"},
		{name: "index-without-ours", stored: indexOf(nil, "linux/arm64", "linux/s390x"), source: "an image that was never built for the node", pull: ruling{reason: "not_found"}},
		{
			name: "index-empty", stored: func(f *registry) *image { f.addIndexOf(typeIndex); return newImage("stored", 1) }, source: "buildx imagetools of nothing; a failed build of all platforms",
		},
		{name: "index-with-attestation-first", stored: indexOf(func(f *registry, all []*image) { f.lose(all[0].layer()) }, "unknown/unknown", "linux/amd64"), source: "buildx: provenance as an entry for unknown/unknown"},
		{name: "index-with-windows", stored: indexOf(nil, "windows/amd64", "linux/amd64"), source: "library/golang, with os.version"},
		{name: "index-x86_64", stored: indexOf(nil, "linux/x86_64"), pull: byContainerd, source: "home-made manifests with the kernel's name of the architecture: containerd translates it"},
		{name: "index-of-mixed-types", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			i.mediaType = typeDockerManifest
			f.add(i.written(nil).digest().String(), i)
			f.addIndexOf(typeIndex, with(descriptor(typeDockerManifest, i.manifest), platform("linux/amd64")))
			return i
		}, source: "buildx imagetools create of an image that docker pushed: an OCI index of Docker manifests"},
		{name: "index-upper-case", stored: indexOf(nil, "Linux/AMD64"), pull: byContainerd, source: "home-made manifests: containerd makes the case of platforms alike"},
		{name: "index-aarch64", stored: indexOf(nil, "linux/aarch64"), platform: "linux/arm64", pull: byContainerd, source: "the kernel's name of the architecture"},
		{name: "index-macos", stored: indexOf(nil, "macos/arm64", "linux/amd64"), source: "artifacts for several systems (ORAS, Homebrew)"},
		{name: "index-v3-only", stored: indexOf(nil, "linux/amd64/v3"), pull: byContainerd, source: "images for x86-64-v3 alone (CachyOS)"},
		{name: "index-v3-on-v3", stored: indexOf(nil, "linux/amd64", "linux/amd64/v2", "linux/amd64/v3"), platform: "linux/amd64/v3", source: "the best of three for a new node"},
		{name: "index-twice-the-same", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			f.add(i.digest().String(), i)
			d := with(descriptor(typeManifest, i.manifest), platform("linux/amd64"))
			f.addIndexOf(typeIndex, d, d)
			return i
		}, source: "docker manifest create --amend, run twice"},
		{name: "index-two-of-ours", stored: func(f *registry) *image {
			all := f.addIndex(typeIndex, "linux/amd64", "linux/arm64")
			second := newImage("second of amd64", 600)
			f.add(second.digest().String(), second)
			var entries []any
			for _, i := range []*image{all[0], second} {
				entries = append(entries, with(descriptor(typeManifest, i.manifest), platform("linux/amd64")))
			}
			f.addIndexOf(typeIndex, entries...)
			f.lose(second.layer())
			return all[0]
		}, source: "an image for glibc and one for musl, told apart by annotations: clients take the first", pull: otherIsLost},
		{name: "index-with-artifact", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			f.add(i.digest().String(), i)
			f.addIndexOf(typeIndex, with(descriptor("application/vnd.cncf.helm.chart", []byte("x")), object{}), with(descriptor(typeManifest, i.manifest), platform("linux/amd64")))
			return i
		}, source: "OCI 1.1: an index may name anything", pull: byContainerd},
		{name: "index-nested-four-deep", stored: nestedIndexes(4), pull: byContainerd, source: "image-spec sets no bound; Bazel's rules nest two"},
		{name: "index-child-sha512", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			d := digest.SHA512.FromBytes(i.manifest)
			f.add(d.String(), i)
			f.addIndexOf(typeIndex, with(with(descriptor(typeManifest, i.manifest), platform("linux/amd64")), object{"digest": d.String()}))
			return i
		}, change: func(f *registry, i *image) {
			f.on("* manifest", of(digest.SHA512.FromBytes(i.manifest), header("Docker-Content-Digest", digest.SHA512.FromBytes(i.manifest).String())))
		}, source: "image-spec: sha512 is a registered algorithm", pull: byContainerd},
		{name: "index-child-lost", stored: indexOf(func(f *registry, all []*image) { f.lose(all[0].digest()) }, "linux/amd64"), source: "docker-registry 2.8 garbage-collect -m deletes children: distribution issue 3178", pull: ruling{reason: "missing_blob"}},
		{
			name: "index-other-child-never-there", stored: indexOf(func(f *registry, all []*image) { f.lose(all[1].digest()) }, "linux/amd64", "linux/arm64"), clientPlatform: "linux/arm64",
			source: "skopeo copy --multi-arch=index-only, sparse indexes of Quay, Harbor's proxy cache; here a node of the other platform", pull: neverThere,
		},
		{
			name: "index-sparse", stored: indexOf(func(f *registry, all []*image) { f.lose(all[1].digest()) }, "linux/amd64", "linux/arm64"),
			source: "the same, a node of the platform that was copied", pull: ruling{never: "RegistryContentBad", alert: "RegistryPlatformsMissing"},
		},
		{
			name: "index-other-child-lost", stored: indexOf(nil, "linux/amd64", "linux/arm64"), warm: true, clientPlatform: "linux/arm64",
			change: func(f *registry, _ *image) { f.lose(newImage("for linux/arm64", 600).digest()) },
			source: "docker-registry 2.8 garbage-collect -m, for a platform that the probe does not have, and a node does", pull: otherIsLost,
		},
		{name: "index-other-layer-lost", stored: indexOf(func(f *registry, all []*image) { f.lose(all[1].layer()) }, "linux/amd64", "linux/arm64"), clientPlatform: "linux/arm64", source: "a layer of another platform that the store lost", pull: otherIsLost},
		{
			name: "index-head-blob-404-without-ranges", stored: indexOf(nil, "linux/amd64", "linux/arm64"), change: func(f *registry, _ *image) {
				f.on("HEAD blob", bare(404))
				f.on("GET blob", withoutRanges())
			}, source: "a front that routes GET only, before a server without ranges: no pull needs HEAD of a blob",
		},
		{name: "index-child-damaged", stored: indexOf(nil, "linux/amd64"), change: func(f *registry, i *image) {
			f.on("GET manifest", of(i.digest(), body(func(b []byte) []byte { return bytes.Replace(b, []byte("schemaVersion"), []byte("schemaversion"), 1) })))
		}, source: "bits that flip in the store", pull: ruling{reason: "digest_mismatch"}},
		{name: "index-child-one-byte-longer", stored: indexOf(nil, "linux/amd64"), change: func(f *registry, i *image) {
			f.on("* manifest", of(i.digest(), body(func(b []byte) []byte { return append(b, '\n') })))
		}, source: "a gateway that ends JSON with a newline", pull: ruling{reason: "digest_mismatch"}},
		{name: "index-child-size-wrong", stored: entry(func(o object) { o["size"] = 10 }), source: "indexes that people edited", pull: ruling{follow: "containerd", why: "nodes hold a manifest against its size"}},
		{name: "index-child-without-type", stored: entry(func(o object) { delete(o, "mediaType") }), source: "home-made indexes", pull: ruling{follow: "containerd", why: "nodes look for what has no type among blobs"}},
		{name: "index-in-index", stored: func(f *registry) *image {
			i := newImage("stored", 700)
			f.add(i.digest().String(), i)
			inner := mustJSON(object{"schemaVersion": 2, "mediaType": typeIndex, "manifests": []any{with(descriptor(typeManifest, i.manifest), platform("linux/amd64"))}})
			f.keepManifest(digest.FromBytes(inner).String(), document{typeIndex, inner})
			f.addIndexOf(typeIndex, descriptor(typeIndex, inner))
			return i
		}, pull: byContainerd, source: "image-spec: an index may name an index (Bazel, crane index append)"},
	}
}

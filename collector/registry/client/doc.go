// Package client speaks the protocol of container registries (the OCI distribution specification) as docker and containerd
// do: it logs in when it is asked to, follows redirects to a store, and refuses manifests that clients refuse.
//
//	session.go   Session: sends requests, and logs in as the registry asks
//	read.go      asks for manifests and blobs; encoding.go undoes Content-Encoding
//	location.go  sends uploads on to the Location of an answer
//	refusal.go   the reason of a write that the registry refuses, by the words of many registries
//	resolve.go   the manifest that the headers of an answer describe
//	manifest.go  Manifest: an image or an index, and its descriptors
//	platform.go  which platforms of an index a node takes
//	image.go     Image: the name of an image
//
// Example: the manifest of library/base:1.0:
//
//	s := client.NewSession(account)
//	resp, err := s.Head(ctx, "library/base", "manifests/1.0", client.AcceptManifests)
//	d, err := client.DescriptorOf(resp)
//	resp, err = s.Open(ctx, "library/base", "manifests/"+d.Digest.String(), d.Accept())
//	m, err := client.ReadManifest(resp, d)
package client

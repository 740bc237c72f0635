// Package client speaks the protocol of container registries (the OCI distribution specification) as docker and containerd
// do: it logs in when it is asked to, follows redirects to a store, and refuses manifests that clients refuse.
//
// Its parts are session.go, which sends requests and logs in; read.go, which asks for manifests and blobs; encoding.go, which
// undoes Content-Encoding; resolve.go, which reads what an answer says of a manifest; manifest.go, which reads manifests and
// indexes; platform.go, which says whose images a node takes; and image.go, which reads the name of an image.
//
// Example: the manifest of library/base:1.0:
//
//	s := client.NewSession(account)
//	resp, err := s.Head(ctx, "library/base", "manifests/1.0", client.AcceptManifests)
//	d, err := client.DescriptorOf(resp)
//	resp, err = s.Open(ctx, "library/base", "manifests/"+d.Digest.String(), d.Accept())
//	m, err := client.ReadManifest(resp, d)
package client

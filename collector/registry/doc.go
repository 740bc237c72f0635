// Package registry asks container registries as their clients do, and makes the collectors api, pull, push and replication
// of the answers.
//
// Its parts are:
//
//   - api*.go, phases.go, certificate.go: GET /v2/ at the front and at each backend, with its phases and the certificate
//   - pull*.go: pulls images. pull.go is one run over all images, pull_image.go the steps of one image, pull_layers.go
//     the last bytes of its layers, pull_read.go how a blob is asked for, pull_verify.go layers read in full, pull_whole.go
//     layers that a server sends as a whole only, pull_upstream.go whether the upstream of a cache answers, pull_content.go
//     what is remembered of blobs from run to run, pull_learn.go how a bad blob is told from a store that is down
//   - pull_platforms.go: which parts of other platforms of an index are lost; pull_platforms_ask.go asks for them,
//     pull_platforms_seen.go tells those that are lost from those that never were there
//   - push*.go: begins an upload and cancels it, or pushes an image and deletes it. push_image.go is the image and
//     push_read_back.go its pull, writer.go the writing step by step, upload*.go one upload, canary*.go the bytes of the image
//   - replication*.go: pushes a canary at one site and checks when it has arrived at the others
//   - *_words.go: what the report says of each collector, and which alert is about a failure
//
// The protocol itself, with its logins and manifests, is in the package client below this one.
//
// Example: the sources of the collector pull of the first registry of a configuration c, and a run of its first probe:
//
//	b := ask.NewBuilder(c, 0, ask.Options{Exporter: "host.example.org", Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)})
//	b.Collector = "pull"
//	sources, err := registry.PullSources(b)
//	sources[0].Probe.Once(ctx)
//	result := sources[0].Get(ctx, time.Minute) // registry_pull_success{address,role,image} and others
package registry

// Package registry asks container registries as their clients do, and makes the collectors api, pull, push and
// replication of the answers.
//
// The collector api asks for /v2/ at the front and at each backend:
//
//	api.go          sends the requests, and tells a registry from other servers; phases.go: how long each phase took
//	certificate.go  whether clients accept the certificate, and when it ends; certificate_files.go: its files on this machine
//
// The collector pull pulls images:
//
//	pull.go            a run over all images; pull_image.go: the steps of one image
//	pull_manifest.go   the tag, indexes and the manifest; pull_layers.go: the config, and the last byte of each layer
//	pull_read.go       how a blob is asked for
//	pull_verify.go     reads layers in full; pull_whole.go: layers that a server sends as a whole only
//	pull_content.go    what is remembered of blobs from run to run; pull_learn.go tells a bad blob from a store that is down
//	pull_platforms.go  which parts of other platforms of an index are lost; pull_platforms_ask.go asks for them,
//	                   pull_platforms_seen.go tells the lost from those that never were there,
//	                   pull_platforms_kept.go keeps in a file which were there
//	pull_upstream.go   whether the upstream of a cache answers
//
// The collector push begins an upload and cancels it, or pushes an image and deletes it. The collector replication pushes
// an image at one site and waits for it at the others:
//
//	push.go         a run of a push; push_image.go: the image; push_read_back.go: its pull
//	writer.go       requests that write, step by step; upload.go: one upload; upload_cancel.go: its end;
//	                upload_kept.go: the file that names an upload, for the exporter after a crash
//	canary.go       the image that is pushed; canary_layer.go: its layer
//	replication.go  a run of replication; replication_push.go: its push; replication_check.go: whether the image has arrived
//
// Each collector has its words for reports, and the names of the alerts about its failures, in api_words.go,
// certificate_files_words.go, pull_words.go, push_words.go and replication_words.go.
//
// The protocol itself, with logins and manifests, is in the package client below this one.
//
// Example: the sources of the collector pull of the first registry of a configuration c, and a run of its first probe:
//
//	b := ask.NewBuilder(c, 0, ask.Options{Exporter: "host.example.org", Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)})
//	b.Collector = "pull"
//	sources, err := registry.PullSources(b)
//	sources[0].Probe.Once(ctx)
//	result := sources[0].Get(ctx, time.Minute) // registry_pull_success{address,role,image} and others
package registry

// Package node says whether the runtimes of a machine would pull from a registry: it reads what they are told, and asks as they do.
//
//	look.go          Look: all runtimes of a machine, and all registries; judge.go: one of each
//	registry.go      Registry: its name, and the address that stands before the names of images
//	machine.go       the files of a machine, below a root, which are bounded; syntax.go: errors of their syntax
//	plan.go          plan: the endpoints that a runtime asks, in order, and how it trusts them
//	docker.go        Docker: daemon.json, certs.d
//	containerd.go    containerd; containerdconfig.go: config.toml; hosts.go: hosts.toml; containerdold.go: mirrors and configs of before containerd 2
//	k3s.go           k3s and RKE2: registries.yaml
//	containers.go    podman and CRI-O; registriesconf.go: registries.conf; policy.go: policy.json
//	certfolder.go    the folder of a registry in certs.d; cafile.go: CA files, and those of the system
//	search.go        finds the CA of a certificate, whoever reads its file
//	login.go         config.json and auth.json; proxy.go: the proxies of services
//	answer.go        asks an endpoint, with its CAs alone; pull.go: for an image
//	reason.go        the reasons; words.go: a sentence for each, and the command that mends it
//	report.go        Report: for JSON; text.go: for people; textfile.go: for node_exporter
//
// For example:
//
//	registry, err := node.ByAddress("10.0.0.5:5000")
//	report, err := node.Look(ctx, node.Options{Root: "/", Registries: []*node.Registry{registry}})
//	err = report.WriteText(os.Stdout)
package node

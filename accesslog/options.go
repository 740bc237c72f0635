// Package accesslog counts the requests of a registry's clients from the access log of its web server: pulls and pushes,
// bytes, errors and durations; and those that fail from the own log of a Distribution, with what they failed on.
//
//	options.go    Options: the format of the lines, and how they are counted
//	counts.go     Counts: counts lines; snapshot.go hands the counters out, state.go saves them
//	logformat.go  reads a log_format of nginx; scanner.go cuts lines by it
//	operation.go  the operation of a request, such as blob_pull; status.go, number.go, clock.go and upstream.go read other fields
//	project.go    counts by project; place.go gives the busiest names a place; named.go by node and upstream; blob.go knows the sizes of layers; duration.go has histograms
//	registry_counts.go  RegistryCounts: counts lines of a registry's own log; registry_line.go cuts them, registry_call.go tells on
//	              what a request failed, registry_snapshot.go hands the counters out and saves them
//	tail.go       Tailer: reads the logs of a registry; saving.go saves how far, as one with the counters
//	stream.go     one log: the file at its path, and rotated ones; discover.go, find.go, siblings.go, missed.go and finish.go
//	              follow rotations; packed.go, unpacker.go and search.go read compressed files
//	file.go       one file, in blocks of whole lines; position.go knows a file again after a restart
//	syslog.go     lines over UDP and TCP; allow.go and connections.go bound who sends them
//
// For example, in the format combined, and with Depth AllButLast, the line
//
//	10.0.0.7 - - [21/Nov/2026:13:05:59 +0100] "GET /v2/a/b/manifests/1.0 HTTP/1.1" 200 1024 "-" "containerd/2.0"
//
// counts as an operation manifest_pull of the project a with the outcome ok, and as 1,024 bytes out.
package accesslog

import (
	"fmt"
	"time"
)

// Values of Options.Depth beside a number of parts.
const (
	WholeName  = 0  // the project of a/b/c is a/b/c
	AllButLast = -1 // the project of a/b/c is a/b, that of a is a
)

const maxProjects = 10_000

// Options say how lines are read and counted.
type Options struct {
	// Format is the log_format of nginx as it stands in nginx.conf: the whole directive (with or without escape=), its
	// quoted strings, or the text alone. "combined" is the format of that name in nginx, "harbor" that of Harbor's proxy.
	Format string
	// Depth is how many first parts of a repository's name are its project; or WholeName, or AllButLast.
	Depth int
	// MaxProjects bounds the projects that are counted by name; all others are counted together. 0 means 100.
	MaxProjects int
	// A layer is slow that takes longer than SlowAfter, at less than SlowBelow bytes a second. 0 means 5 s and 1e6 (1 MB/s).
	SlowAfter time.Duration
	SlowBelow float64
	// Node is a variable of the format ($server_name, $upstream_addr, …) that names the node that a layer came through; ""
	// for none. New refuses a variable whose value a client chooses, or that identifies a client.
	Node string
	// Own is the User-Agent of the exporter; "" for none. Lines with it count in OwnRequests and Lines alone. The format needs
	// $http_user_agent for that.
	Own string
}

func (o Options) withDefaults() Options {
	if o.MaxProjects == 0 {
		o.MaxProjects = 100
	}
	if o.SlowAfter == 0 {
		o.SlowAfter = 5 * time.Second
	}
	if o.SlowBelow == 0 {
		o.SlowBelow = 1e6
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.Depth < AllButLast:
		return fmt.Errorf("depth of projects: %d", o.Depth)
	case o.MaxProjects < 0 || o.MaxProjects > maxProjects:
		return fmt.Errorf("most projects: %d, but it can be 1 to %d", o.MaxProjects, maxProjects)
	case o.SlowAfter < 0:
		return fmt.Errorf("slow after: %v", o.SlowAfter)
	case !(o.SlowBelow > 0): // NaN is refused, too
		return fmt.Errorf("slow below: %v bytes a second", o.SlowBelow)
	}
	return nil
}

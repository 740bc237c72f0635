// Package accesslog turns the lines of a web server's access log into counts of what a registry's clients asked for
// and got: pulls and pushes, bytes, errors, how long it all took.
package accesslog

import (
	"fmt"
	"time"
)

// What Options.Depth can be beside a number of parts.
const (
	WholeName  = 0  // the project of a/b/c is a/b/c
	AllButLast = -1 // the project of a/b/c is a/b, that of a is a
)

const maxProjects = 10_000

// Options say how lines are read and what they count for.
type Options struct {
	// Format is what nginx's log_format says, as it stands in nginx.conf: the whole directive (with or without
	// escape=), its quoted strings, or the bare text. "combined" is nginx's own, "harbor" that of Harbor's proxy.
	Format string
	// Depth tells the project of a repository: its first Depth parts, WholeName, or AllButLast.
	Depth int
	// MaxProjects is how many projects are counted by name; the others are counted together. 0 means 100.
	MaxProjects int
	// SlowAfter and SlowBelow (bytes a second) tell a slow layer: it took longer, with less. 0 means 5 s and 1 MB/s.
	SlowAfter time.Duration
	SlowBelow float64
	// Node is a variable of the format ($server_name, $upstream_addr, …) that names the node a layer came through;
	// "" for none. One that a client chooses, or that tells who it is, is refused.
	Node string
	// Own is the User-Agent of those whose requests are no client's, such as the prober of the registry; "" for none. Their
	// lines count as OwnRequests alone, where the format has $http_user_agent.
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
	case !(o.SlowBelow > 0): // nor NaN
		return fmt.Errorf("slow below: %v bytes a second", o.SlowBelow)
	}
	return nil
}

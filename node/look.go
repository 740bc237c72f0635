package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
)

// Options say what to look at.
type Options struct {
	Root       string // of the machine; / or empty: this one
	Registries []*Registry
	Image      string // library/base:1.0, to be pulled from each registry; empty: none
}

// Bounds of a look.
const (
	maxEndpoints = 8 // that are asked for a registry
	atOnce       = 8 // registries and runtimes
)

// A look is one look at a machine.
type look struct {
	asker
	machine *machine
	image   *client.Image // nil: none
	cas     []caFile      // all CA files of the machine, whoever reads them
}

// ErrNoRuntime is the error of a machine on which no runtime was found.
var ErrNoRuntime = errors.New("no runtime was found here: neither docker, containerd, podman, CRI-O, k3s nor RKE2. Name the root of another file system with --root")

// Look reads what the runtimes of a machine are told, and does what they would do to pull from registries. It writes nothing, runs
// no program and asks no runtime. An error is about the options; a runtime that would not pull is in the report.
func Look(ctx context.Context, o Options) (*Report, error) {
	if o.Root == "" {
		o.Root = "/"
	}
	if info, err := os.Stat(o.Root); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("--root: %s is no folder", o.Root)
	}
	l := &look{machine: &machine{root: o.Root}}
	if o.Image != "" {
		i, err := client.ParseImage(o.Image)
		if err != nil || i.Tag == "" {
			return nil, fmt.Errorf("--image: %q is no image with a tag or digest and without a registry: write it as library/base:1.0", o.Image)
		}
		l.image = i
	}
	runtimes := l.machine.runtimes(o.Root == "/")
	if len(runtimes) == 0 {
		return nil, ErrNoRuntime
	}
	l.system, l.lockout = l.machine.systemCAs(), &ask.Lockout{}
	l.cas = l.machine.allCAs(o.Registries)
	return l.report(ctx, o, runtimes), nil
}

// runtimes are those of a machine, in the order of the report.
func (m *machine) runtimes(own bool) (found []runtime) {
	homes := []string{"/root"}
	if home := os.Getenv("HOME"); own && home != "" && home != "/root" && home != "/" {
		homes = append(homes, home)
	}
	for _, r := range []runtime{newDocker(m, homes), newContainerd(m), newK3s(m, "k3s"), newK3s(m, "rke2"), newCrio(m), newPodman(m, homes)} {
		if r != nil {
			found = append(found, r)
		}
	}
	return found
}

// report asks for each registry as each runtime would. The plans are made one after another, since they read files.
func (l *look) report(ctx context.Context, o Options, runtimes []runtime) *Report {
	r := &Report{Root: o.Root, Image: o.Image}
	places := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for _, rt := range runtimes {
		r.Runtimes = append(r.Runtimes, rt.name())
	}
	for _, registry := range o.Registries {
		for _, rt := range runtimes {
			repository := ""
			if l.image != nil {
				repository = l.image.Repository
			}
			j := &judgement{look: l, runtime: rt, registry: registry, plan: rt.plan(registry, repository)}
			v := &Verdict{Runtime: rt.name(), Registry: registry.Name, Site: registry.Site, Address: registry.Address, Endpoints: []*Endpoint{}}
			r.Verdicts = append(r.Verdicts, v)
			group.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				j.judge(ctx, v)
			})
		}
	}
	group.Wait()
	return r
}

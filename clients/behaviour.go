package clients

import "slices"

// A behaviour is how a registry, or what stands before it, is known to answer.
type behaviour struct {
	name   string
	source string                           // who does it, and where people say so
	stored func(f *registry) *image         // what is there to be pulled, under the tag; nil: an image of two layers
	change func(f *registry, stored *image) // what is unlike Distribution; nil: nothing

	https          bool
	account        bool // clients log in
	wrongPassword  bool
	platform       string        // of the node, and of the probe; by default linux/amd64
	clientPlatform string        // of the node alone
	maxBytes       string        // max_bytes of the probe
	layer          int           // bytes of the layer that clients push
	warm           bool          // the same was pulled or pushed before it behaved so
	caFile         func() []byte // of the front; nil: the authority that signed its certificate
	slow           string        // why skopeo is left out

	sides      string // pull or push, where the other cannot be touched by it; empty: both
	pull, push ruling
}

// pullsOnly and pushesOnly are rows of which the other side meets nothing unlike Distribution.
func pullsOnly(all []*behaviour) []*behaviour  { return onSide("pull", all) }
func pushesOnly(all []*behaviour) []*behaviour { return onSide("push", all) }

func onSide(side string, all []*behaviour) []*behaviour {
	for _, b := range all {
		b.sides = side
	}
	return all
}

// A ruling is what a row says itself of who is right.
type ruling struct {
	follow string // where clients differ: the one that the probe has to agree with
	right  string // where the probe has to say otherwise than clients: ok, or failed and a step
	why    string
	reason string // that the probe has to give
	alert  string // that has to be among those of the report
	never  string // an alert that must not be
	unseen string // why mode: upload, which sends HEAD, POST and PATCH of one blob, does not meet it
}

// behaviours are all rows of the table.
func behaviours() []*behaviour {
	return slices.Concat(healthy(), pushesOnly(locations()), redirects(), refusals(), pushesOnly(refusedPushes()), heads(), manifests(),
		pullsOnly(documents()), pullsOnly(indexes()), pullsOnly(blobs()), pullsOnly(ranges()), tokens(), challenges(),
		pushesOnly(uploads()), pushesOnly(pushes()), encodings(), fronts(), certificates(), servers())
}

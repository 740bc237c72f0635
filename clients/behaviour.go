package clients

import "slices"

// A behaviour is one way in which a registry, or a proxy in front of it, is known to answer. It is a row of the table.
type behaviour struct {
	name   string
	source string                           // which registry or proxy answers so, and where people report it
	stored func(f *registry) *image         // stores the image that clients pull, under the tag; nil: an image of two layers
	change func(f *registry, stored *image) // makes the registry unlike Distribution; nil: it is like it

	https          bool
	account        bool // clients log in
	wrongPassword  bool
	platform       string        // of the node, and of the probe; by default linux/amd64
	clientPlatform string        // of the node alone
	maxBytes       string        // max_bytes of the probe
	layer          int           // bytes of the layer that clients push
	warm           bool          // the client pulled or pushed the same image before change
	caFile         func() []byte // of the front; nil: the authority that signed its certificate
	slow           string        // why skopeo is left out

	sides      string // pull or push, when the row is about one of them alone; empty: about both
	pull, push ruling
}

// pullsOnly marks rows that do not change what pushes meet; pushesOnly those that do not change what pulls meet.
func pullsOnly(all []*behaviour) []*behaviour  { return onSide("pull", all) }
func pushesOnly(all []*behaviour) []*behaviour { return onSide("push", all) }

func onSide(side string, all []*behaviour) []*behaviour {
	for _, b := range all {
		b.sides = side
	}
	return all
}

// A ruling says what the probe has to say, where the clients' results alone do not tell.
type ruling struct {
	follow string // when clients differ: the client that the probe has to agree with
	right  string // when the probe has to differ from all clients: "ok", or "failed" and a step
	why    string // of follow or right
	reason string // the reason that the probe has to give
	alert  string // an alert that the probe's report has to name
	never  string // an alert that the probe's report must not name
	unseen string // why mode: upload, which sends HEAD, POST and PATCH of one blob, does not meet it
}

// behaviours returns all rows of the table.
func behaviours() []*behaviour {
	return slices.Concat(healthy(), pushesOnly(locations()), redirects(), refusals(), pushesOnly(refusedPushes()), heads(), manifests(),
		pullsOnly(documents()), pullsOnly(indexes()), pullsOnly(blobs()), pullsOnly(ranges()), tokens(), challenges(),
		pushesOnly(uploads()), pushesOnly(pushes()), encodings(), fronts(), certificates(), servers())
}

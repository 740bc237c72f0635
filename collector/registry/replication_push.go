package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// isDue says whether it is time for the next canary: "every" has passed since the last push, and the canary under way has
// arrived everywhere or is 24 hours old.
func (r *replication) isDue() bool {
	if time.Since(r.state.tried) < r.every {
		return false
	}
	return len(r.pendingSites()) == 0 || time.Since(r.state.pushed) >= maxPending
}

// push pushes the next canary. It returns all its steps, and the steps that clean up, too.
func (r *replication) push(ctx context.Context) []source.Step {
	st := r.state
	if st.number < 0 {
		st.number = r.taggedNumber(ctx)
	}
	st.number = (st.number + 1) % canaries
	canary := r.canary(st.number)
	w := newWriter(r.Account, r.repository, r.kept)
	err := r.write(ctx, w, canary)
	if errors.Is(err, context.Canceled) { // the exporter stops: the next run tries again
		return w.steps
	}
	st.tried, st.err = time.Now(), err
	if err == nil {
		r.notePushed(canary)
	}
	return w.steps
}

// write pushes a canary and cleans up. w.steps has all that it did.
func (r *replication) write(ctx context.Context, w *writer, canary *canaryImage) error {
	w.cancelKept(ctx)
	defer w.cleanUp(ctx)
	return w.pushImage(ctx, canary, r.tag)
}

// notePushed makes a canary the one under way. A site at which the canary before has not arrived keeps the time since
// which it waits.
func (r *replication) notePushed(canary *canaryImage) {
	st := r.state
	st.canary, st.pushed = canary, st.tried
	for _, s := range r.sites {
		there := st.sites[s.name]
		if there == nil {
			there = &siteState{}
			st.sites[s.name] = there
		}
		if there.since.IsZero() {
			there.since = st.pushed
		}
	}
}

func (r *replication) canary(number int) *canaryImage {
	return newCanary(r.exporter, fmt.Sprintf("canary %d of %d", number, canaries), 0)
}

// taggedNumber returns the number of the canary that the tag names at this site, or a random number when it names none.
// After a restart the next canary must be another one: the other sites may have the same one already, before it is
// pushed.
func (r *replication) taggedNumber(ctx context.Context) int {
	a, err := client.NewSession(r.Account).Fetch(ctx, r.repository, "manifests/"+r.tag, anyManifest)
	if err == nil {
		if number := r.numberOf(a.Body); number >= 0 {
			return number
		}
	}
	return rand.N(canaries)
}

// numberOf returns the number of the canary with this manifest, or -1.
func (r *replication) numberOf(manifest []byte) int {
	for number := range canaries {
		if r.canary(number).manifest.compare(manifest) == nil {
			return number
		}
	}
	return -1
}

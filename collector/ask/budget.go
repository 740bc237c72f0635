package ask

import (
	"context"
	"errors"
	"sync/atomic"

	"registry_exporter/collector/source"
)

// A Budget is what the requests of all registries share: this machine has descriptors and memory for so many, and no more.
type Budget struct {
	overloaded atomic.Uint64
	slots      slots
	bodies     *bodies
}

// NewBudget is a budget of which nothing is used.
func NewBudget() *Budget {
	return &Budget{slots: slots{parties: map[string]*party{}}, bodies: newBodies()}
}

// Overloaded counts the requests that were not sent, or came to nothing, for want of descriptors, memory or time on this
// machine (ReasonExporterOverloaded).
func (b *Budget) Overloaded() uint64 { return b.overloaded.Load() }

// UnderWay counts the requests that are under way, and those that wait for others to end.
func (b *Budget) UnderWay() (requests, waiting int) { return b.slots.underWay() }

// A countedError is one that note has counted.
type countedError struct{ error }

func (c countedError) Unwrap() error { return c.error }

// note counts err, once, if its reason is ReasonExporterOverloaded. It returns the error.
func (b *Budget) note(err error) error {
	var c countedError
	if source.Reason(err) != source.ReasonExporterOverloaded || errors.As(err, &c) {
		return err
	}
	b.overloaded.Add(1)
	return countedError{err}
}

// A Part is the budget as one registry uses it. The zero value bounds nothing.
type Part struct {
	budget   *Budget
	registry string // with its site
}

// Part is the part of the registry.
func (b *Builder) Part() Part { return Part{b.Budget, source.Instance(b.Name, b.Site)} }

// partOf is the part of the request to which ctx belongs.
func partOf(ctx context.Context) Part {
	if x, found := ctx.Value(exchangeKey{}).(*exchange); found {
		return x.part
	}
	return Part{}
}

func (p Part) bodies() *bodies {
	if p.budget == nil {
		return nil
	}
	return p.budget.bodies
}

// note counts an error of the registry, if its reason is ReasonExporterOverloaded. It returns the error.
func (p Part) note(err error) error {
	if p.budget == nil {
		return err
	}
	return p.budget.note(err)
}

// Enter waits until a request may begin, and returns what to call when it has ended; the end of ctx does so, too. When ctx
// ends first, the reason of the error is exporter_overloaded. Who waits holds no other request: a body is closed before the
// next request is sent.
func (p Part) Enter(ctx context.Context) (leave func(), err error) {
	s, err := p.enter(ctx)
	return s.leave, err
}

func (p Part) enter(ctx context.Context) (*slot, error) {
	if p.budget == nil {
		return nil, nil
	}
	s, err := p.budget.slots.enter(ctx, p.registry)
	if err != nil {
		return nil, p.budget.note(err)
	}
	s.leaveWith(ctx)
	return s, nil
}

// Blame is the error of a request, or of reading its answer. It is exporter_overloaded when ctx has ended, and most of its time
// went by before the request could begin. Those are counted.
func (p Part) Blame(ctx context.Context, err error) error {
	if err != nil && source.IsWaitedOut(ctx) && source.Reason(err) != source.ReasonExporterOverloaded {
		err = source.Failed(source.ReasonExporterOverloaded, "no answer in the time that was left after waiting for other requests of the exporter")
	}
	return p.note(err)
}

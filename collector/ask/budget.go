package ask

import (
	"sync/atomic"

	"registry_exporter/collector/source"
)

// A Budget is what the requests of all registries share: this machine has descriptors and memory for so many, and no more.
type Budget struct {
	overloaded atomic.Uint64
}

// NewBudget is a budget of which nothing is used.
func NewBudget() *Budget { return &Budget{} }

// Overloaded counts the requests that failed for want of descriptors or memory on this machine (ReasonExporterOverloaded).
func (b *Budget) Overloaded() uint64 { return b.overloaded.Load() }

// note counts err if its reason is ReasonExporterOverloaded, and returns it.
func (b *Budget) note(err error) error {
	if source.Reason(err) == source.ReasonExporterOverloaded {
		b.overloaded.Add(1)
	}
	return err
}

// A Part is the budget as one registry uses it.
type Part struct {
	budget   *Budget
	registry string // with its site
}

// Part is the part of the registry.
func (b *Builder) Part() Part { return Part{b.Budget, source.Instance(b.Name, b.Site)} }

// Note counts an error of a request that is not sent by a Client, such as one to Redis. It returns the error.
func (p Part) Note(err error) error { return p.budget.note(err) }

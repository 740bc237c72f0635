package msr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// betweenRequests is the time from one request about a repository to the next: MSR asks its auth server about each.
const betweenRequests = time.Second

// A walk asks an MSR about many repositories, one request a second. When a request fails, the others go on, unless no replica
// answers or the account is refused: then the same would happen to all.
type walk struct {
	*listRun
	pace     time.Duration // from one request to the next
	last     time.Time     // when the last request was sent
	failures []error
}

// newWalk begins a walk of l.
func (l *lister) newWalk(pace time.Duration) *walk {
	return &walk{listRun: &listRun{lister: l, asked: slices.Clone(l.replicas)}, pace: pace}
}

// ask asks for a path in its turn. goesOn is false when the walk is over.
func (w *walk) ask(ctx context.Context, path string, read func(*ask.Answer) (listed, error)) (goesOn bool) {
	select {
	case <-ctx.Done():
		w.failures = append(w.failures, ctx.Err())
		return false
	case <-time.After(time.Until(w.last.Add(w.pace))):
	}
	w.last = time.Now()
	if _, err := w.readList(ctx, path, okOnly(read)); err != nil {
		w.failures = append(w.failures, fmt.Errorf("%s: %w", path, err))
		return !isUnanswered(err) && source.Reason(err) != source.ReasonUnauthorized
	}
	return true
}

// end is the run: its samples, and the first error.
func (w *walk) end(ctx context.Context, timestamp, interval *source.Metric) source.Run {
	if errors.Is(ctx.Err(), context.Canceled) { // the exporter stops
		return source.Run{Err: ctx.Err()}
	}
	address := w.replicas[0].Address
	r := source.Run{Samples: append(w.samples, timestamp.Sample(source.Unix(time.Now()), address), interval.Sample(w.every.Seconds(), address))}
	switch n := len(w.failures); {
	case n == 1:
		r.Err = w.failures[0]
	case n > 1:
		r.Err = fmt.Errorf("%d requests fail, the first: %w", n, w.failures[0])
	}
	return r
}

// walkWords are the words about a walk. place is the path that people ask by hand.
func (l *lister) walkWords(path string, findings func(*source.View, source.Result) []source.Finding) source.Words {
	return source.Words{
		Place: func(res source.Result) source.Place {
			var e *listError
			if errors.As(res.Err, &e) {
				return e.replica.At(path)
			}
			return l.replicas[0].At(path)
		},
		Findings: findings,
		Advice: []source.Advice{
			{Reasons: source.ReasonForbidden, What: "the account may not see a repository of MSR that the configuration names: only an admin sees all", Try: source.TryRequest},
			{Reasons: source.ReasonNotFound, What: "MSR does not know a repository or namespace that the configuration names: it was deleted or renamed, or the name is another", Try: source.TryRequest},
			containerFails,
		},
	}
}

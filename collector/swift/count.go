package swift

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	prefixObjects = source.Gauge("registry_swift_prefix_objects",
		"Objects of the container under each configured prefix, without what the push probe leaves in mode upload (listing of the container).", "address", "swift_container", "prefix")
	prefixBytes = source.Gauge("registry_swift_prefix_bytes",
		"Bytes of the container under each configured prefix, without what the push probe leaves in mode upload (listing of the container: there a large object has 0 bytes, its segments have theirs).",
		"address", "swift_container", "prefix")
	countTimestamp = source.Gauge("registry_swift_count_last_run_timestamp_seconds",
		"When the container was last counted, or that failed, in seconds since 1970.", "address")
	countInterval = source.Gauge("registry_swift_count_interval_seconds",
		"How often the container is counted, in seconds (swift.count.every).", "address")
)

// maxCountTime bounds a run. A page of 10,000 objects takes about 20 ms to read.
const maxCountTime = 10 * time.Minute

// A counter counts the objects under each prefix in the registry's container, and adds up their bytes.
type counter struct {
	*store
	prefixes []string
	litter   litter
}

// CountSources makes the source of the collector swift_count: a probe that counts the registry's container. It makes
// none of a registry without swift.count. The error is that of Sources.
func CountSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Swift == nil || b.Swift.Count == nil {
		return nil, nil
	}
	store, err := ask.Shared(b, newStore)
	if err != nil {
		return nil, err
	}
	every := time.Duration(b.Swift.Count.Every)
	c := &counter{store, b.Swift.Count.Prefixes, litterOf(b)}
	s := &source.Source{
		Address: c.address,
		Down:    []source.Sample{countInterval.Sample(every.Seconds(), c.address)},
		Words:   c.words(),
	}
	return []*source.Source{b.Probe(&source.Probe{Every: every, Timeout: min(every, maxCountTime), Run: c.countAll}, s, c.cfg.Container, c.prefixes, c.litter)}, nil
}

// countAll does one run. When counting a prefix fails, it goes on with the next.
func (c *counter) countAll(ctx context.Context) source.Run {
	var r source.Run
	var failures []error
	for _, prefix := range c.prefixes {
		start := time.Now()
		objects, size, err := c.countPrefix(ctx, prefix)
		if err != nil {
			err = fmt.Errorf("counting %q: %w", prefix, err)
			failures = append(failures, err)
			r.Steps = append(r.Steps, source.Step{Name: "count " + prefix, Took: time.Since(start), Err: err})
			continue
		}
		r.Steps = append(r.Steps, source.Step{
			Name: "count " + prefix, Took: time.Since(start),
			Note: fmt.Sprintf("%.0f objects, %.0f bytes", objects, size),
		})
		r.Samples = append(r.Samples,
			prefixObjects.Sample(objects, c.address, c.cfg.Container, prefix),
			prefixBytes.Sample(size, c.address, c.cfg.Container, prefix))
	}
	r.Samples = append(r.Samples, countTimestamp.Sample(float64(time.Now().Unix()), c.address))
	r.Err = errors.Join(failures...)
	return r
}

// countPrefix lists the objects under a prefix page by page. Each page begins behind the last object of the page before.
func (c *counter) countPrefix(ctx context.Context, prefix string) (objects, size float64, err error) {
	query := url.Values{"prefix": {prefix}}
	for {
		last := ""
		err := c.list(ctx, c.cfg.Container, query, func(o object) {
			last = o.Name
			if !c.litter.has(o) {
				objects, size = objects+1, size+float64(o.Bytes)
			}
		})
		switch {
		case err != nil, last == "":
			return objects, size, err
		}
		query.Set("marker", last)
	}
}

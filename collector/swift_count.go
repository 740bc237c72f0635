package collector

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

var (
	swiftPrefixObjects = gauge("registry_swift_prefix_objects",
		"Objects of the container under each configured prefix (listing of the container).", "endpoint", "container", "prefix")
	swiftPrefixBytes = gauge("registry_swift_prefix_bytes",
		"Bytes of the container under each configured prefix (listing of the container: there a large object has 0 bytes, its segments have theirs).",
		"endpoint", "container", "prefix")
	swiftCountTimestamp = gauge("registry_swift_count_timestamp_seconds",
		"When the container was last counted, or that failed, in seconds since 1970.", "endpoint")
	swiftCountInterval = gauge("registry_swift_count_interval_seconds",
		"How often the container is counted, in seconds (swift.count.every).", "endpoint")
)

// maxCountTime bounds how long a container is counted: ten thousand objects take some 20 ms.
const maxCountTime = 10 * time.Minute

// A swiftCount counts what is under each prefix of the registry's container. It goes through the whole listing.
type swiftCount struct {
	*swiftStore
	prefixes []string
}

func swiftCountSources(b *builder) ([]*source, error) {
	if b.Swift == nil || b.Swift.Count == nil {
		return nil, nil
	}
	store, err := once(b, newSwiftStore)
	if err != nil {
		return nil, err
	}
	every := time.Duration(b.Swift.Count.Every)
	c := &swiftCount{store, b.Swift.Count.Prefixes}
	p := &probe{every: every, timeout: min(every, maxCountTime), run: c.run}
	return []*source{b.probe(p, &source{
		endpoint: c.endpoint,
		down:     []sample{swiftCountInterval.sample(every.Seconds(), c.endpoint)},
		words:    c.words(),
	}, c.cfg.Container, c.prefixes)}, nil
}

// run counts each prefix: one that cannot be counted leaves the others theirs.
func (c *swiftCount) run(ctx context.Context) run {
	var r run
	var failures []error
	for _, prefix := range c.prefixes {
		start := time.Now()
		objects, size, err := c.count(ctx, prefix)
		if err != nil {
			err = fmt.Errorf("counting %q: %w", prefix, err)
			failures = append(failures, err)
			r.steps = append(r.steps, step{name: "count " + prefix, took: time.Since(start), err: err})
			continue
		}
		r.steps = append(r.steps, step{
			name: "count " + prefix, took: time.Since(start),
			note: fmt.Sprintf("%.0f objects, %.0f bytes", objects, size),
		})
		r.samples = append(r.samples,
			swiftPrefixObjects.sample(objects, c.endpoint, c.cfg.Container, prefix),
			swiftPrefixBytes.sample(size, c.endpoint, c.cfg.Container, prefix))
	}
	r.samples = append(r.samples, swiftCountTimestamp.sample(float64(time.Now().Unix()), c.endpoint))
	r.err = errors.Join(failures...)
	return r
}

// count adds up the pages of a listing.
func (c *swiftCount) count(ctx context.Context, prefix string) (objects, size float64, err error) {
	query := url.Values{"prefix": {prefix}}
	for {
		last := ""
		err := c.list(ctx, c.cfg.Container, query, func(o swiftObject) {
			objects, size, last = objects+1, size+float64(o.Bytes), o.Name
		})
		switch {
		case err != nil, last == "":
			return objects, size, err
		}
		query.Set("marker", last)
	}
}

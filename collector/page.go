package collector

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A line is a sample as it stands on a page, with the labels of its registry.
type line struct {
	sample
	written *dto.Metric
}

type lines []line

// newLines writes samples with common, labels that all of them have. It keeps the samples.
func newLines(samples []sample, common []*dto.LabelPair) lines {
	labels := 0
	for _, s := range samples {
		labels += len(s.labels)
	}
	// All at once: thousands of small things cost more to make than to fill.
	own := make([]dto.LabelPair, labels)
	pairs := make([]*dto.LabelPair, 0, labels+len(samples)*len(common))
	metrics := make([]dto.Metric, len(samples))
	page := make(lines, len(samples))
	for i := range samples {
		s, start := &samples[i], len(pairs)
		pairs = append(pairs, common...)
		for j := range s.labels {
			pair := &own[0]
			own = own[1:]
			pair.Name, pair.Value = &s.metric.labels[j], &s.labels[j]
			pairs = append(pairs, pair)
		}
		m := &metrics[i]
		m.Label = pairs[start:len(pairs):len(pairs)]
		slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(*a.Name, *b.Name) })
		s.write(m)
		page[i] = line{*s, m}
	}
	return page
}

// Gather implements prometheus.Gatherer. What a prometheus.Registry would find out about each series anew is so by
// the way lines are made: valid names and labels, one type and help. Only that two sources say the same is left, and
// costs the series of the second.
func (l lines) Gather() ([]*dto.MetricFamily, error) {
	byMetric := make(map[*metric]*dto.MetricFamily, 128)
	families := make([]*dto.MetricFamily, 0, 128)
	for _, one := range l {
		f := byMetric[one.metric]
		if f == nil {
			f = one.metric.family()
			byMetric[one.metric] = f
			families = append(families, f)
		}
		f.Metric = append(f.Metric, one.written)
	}
	var doubled []string
	for _, f := range families {
		slices.SortStableFunc(f.Metric, compareLabels)
		all := len(f.Metric)
		f.Metric = slices.CompactFunc(f.Metric, func(a, b *dto.Metric) bool { return compareLabels(a, b) == 0 })
		if len(f.Metric) < all {
			doubled = append(doubled, f.GetName())
		}
	}
	sortFamilies(families)
	if doubled != nil {
		return families, fmt.Errorf("sources say the same of: %s", strings.Join(doubled, ", "))
	}
	return families, nil
}

// compareLabels orders the series of one metric. They have the same labels, except that some have a site.
func compareLabels(a, b *dto.Metric) int {
	if c := cmp.Compare(len(a.Label), len(b.Label)); c != 0 {
		return c
	}
	for i := range a.Label {
		if c := strings.Compare(*a.Label[i].Value, *b.Label[i].Value); c != 0 {
			return c
		}
	}
	return 0
}

func sortFamilies(families []*dto.MetricFamily) {
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
}

// A page is made of parts that have no metric in common.
type page []prometheus.Gatherer

// Gather implements prometheus.Gatherer.
func (p page) Gather() ([]*dto.MetricFamily, error) {
	var families []*dto.MetricFamily
	var errs []error
	for _, part := range p {
		more, err := part.Gather()
		families, errs = append(families, more...), append(errs, err)
	}
	sortFamilies(families)
	return families, errors.Join(errs...)
}

// gatherNow gathers while its caller does something else. The result is there when it is asked for.
func gatherNow(g prometheus.Gatherer) prometheus.Gatherer {
	var families []*dto.MetricFamily
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.Gosched() // what is waited for starts first
		families, err = g.Gather()
	}()
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		<-done
		return families, err
	})
}

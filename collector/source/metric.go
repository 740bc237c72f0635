package source

import (
	"fmt"
	"slices"
)

// A kind is the type of a metric.
type kind int

const (
	gauge kind = iota
	counter
	histogram
)

// A Metric is declared once, and makes samples. The labels registry and site are added to every sample.
type Metric struct {
	Name, Help string
	Labels     []string
	kind       kind
	outside    []int // indexes of labels
}

// Gauge declares a metric whose value goes up and down.
func Gauge(name, help string, labels ...string) *Metric {
	return &Metric{Name: name, Help: help, Labels: labels, kind: gauge}
}

// Counter declares a metric whose value only grows, but for resets. Its name ends in _total.
func Counter(name, help string, labels ...string) *Metric {
	return &Metric{Name: name, Help: help, Labels: labels, kind: counter}
}

// Histogram declares a metric whose samples HistogramSample makes.
func Histogram(name, help string, labels ...string) *Metric {
	return &Metric{Name: name, Help: help, Labels: labels, kind: histogram}
}

// Outside names the labels whose values come from answers or logs of other systems: secrets are masked in them. The
// values of all other labels come from closed lists or from the configuration. A label that the metric does not have
// panics.
func (m *Metric) Outside(labels ...string) *Metric {
	for _, label := range labels {
		i := slices.Index(m.Labels, label)
		if i < 0 {
			panic(fmt.Sprintf("%s has no label %s", m.Name, label))
		}
		m.outside = append(m.outside, i)
	}
	return m
}

package distribution

import (
	"bytes"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"registry_exporter/collector/source"
)

// The families of Distribution 3 that are read of /metrics. All others, some 60 KB, are not even parsed.
const (
	familyPending  = "registry_notifications_pending_total" // a gauge, in spite of its name
	familyEvents   = "registry_notifications_events_total"
	familyRequests = "registry_proxy_requests_total"
	familyHits     = "registry_proxy_hits_total"
	familyMisses   = "registry_proxy_misses_total"
)

// fromMetrics reads the answer to /metrics. Without the families of Distribution 3 the version is empty: it is that of 2.8, or of
// something else. An error has the reason bad_answer.
func fromMetrics(body []byte) (said, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(linesOf3(bytes.ToValidUTF8(body, []byte("\uFFFD")))))
	if err != nil {
		return said{}, source.Failed(source.ReasonBadAnswer, "/metrics cannot be read as Prometheus does")
	}
	if families[familyRequests] == nil {
		return said{}, nil
	}
	s := said{version: "3"}
	for _, kind := range []string{"blob", "manifest"} {
		of := func(family string) float64 { return valueOf(families[family], "type", kind) }
		s.lookups = append(s.lookups, lookup{kind, of(familyRequests), of(familyHits), of(familyMisses)})
	}
	for _, m := range families[familyPending].GetMetric() {
		name := labelOf(m, "endpoint")
		of := func(kind string) float64 { return valueOf(families[familyEvents], "type", kind, "endpoint", name) }
		s.webhooks = append(s.webhooks, webhook{name, numberOf(m), of("Failures"), of("Errors")})
		if len(s.webhooks) == maxWebhooks {
			break
		}
	}
	return s.checked("/metrics")
}

// linesOf3 are the lines of the families that are read, and of comments on them.
func linesOf3(body []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(body) {
		name := bytes.TrimPrefix(bytes.TrimPrefix(line, []byte("# TYPE ")), []byte("# HELP "))
		for _, family := range []string{familyPending, familyEvents, familyRequests, familyHits, familyMisses} {
			if bytes.HasPrefix(name, []byte(family)) {
				kept = append(kept, line...)
			}
		}
	}
	if len(kept) > 0 && kept[len(kept)-1] != '\n' {
		kept = append(kept, '\n')
	}
	return kept
}

// valueOf is the value of the metric of f with these labels, given as names and values in turn. A metric that is not there has
// counted nothing yet: it is 0.
func valueOf(f *dto.MetricFamily, labels ...string) float64 {
	for _, m := range f.GetMetric() {
		is := true
		for i := 0; i < len(labels); i += 2 {
			is = is && labelOf(m, labels[i]) == labels[i+1]
		}
		if is {
			return numberOf(m)
		}
	}
	return 0
}

// numberOf is the value of a gauge, a counter or a metric without a type.
func numberOf(m *dto.Metric) float64 {
	return m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
}

func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

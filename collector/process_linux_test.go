package collector

import (
	"math"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
)

// Dashboards know the names of client_golang's collector, and what they mean.
func TestProcessIsTheOneThatClientGolangSees(t *testing.T) {
	own, err := newProcessCollector()
	if err != nil {
		t.Fatal(err)
	}
	got, want := gathered(t, own), gathered(t, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	delete(want, "process_network_receive_bytes_total")
	delete(want, "process_network_transmit_bytes_total")
	if len(got) != len(want) {
		t.Errorf("%d metrics, want %d", len(got), len(want))
	}
	for name, w := range want {
		g := got[name]
		if g == nil || g.GetType() != w.GetType() {
			t.Errorf("%s: %v, want %v", name, g, w)
			continue
		}
		// A moment lies between the two; what matters is that it is the same thing in the same unit.
		if a, b := valueOf(g), valueOf(w); math.Abs(a-b) > 0.5*max(a, b)+0.5 {
			t.Errorf("%s is %g, want about %g", name, a, b)
		}
	}
}

func gathered(t *testing.T, c prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*dto.MetricFamily{}
	for _, f := range families {
		all[f.GetName()] = f
	}
	return all
}

// valueOf is that of a counter or a gauge without labels.
func valueOf(f *dto.MetricFamily) float64 {
	return f.Metric[0].GetCounter().GetValue() + f.Metric[0].GetGauge().GetValue()
}

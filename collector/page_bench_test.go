package collector

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/source"
)

// benchExporter has a registry whose MSR of three replicas has been read already.
func benchExporter(b *testing.B) *Exporter {
	tables, err := os.ReadFile("testdata/rethinkdb/healthy.json")
	if err != nil {
		b.Fatal(err)
	}
	body := append([]byte(`{"rethink_system_tables":`), tables...)
	body = append(body, `,"replica_health":{"a":"OK"},"replica_timestamp":{},"replica_readonly":{},"gc_lock_holder":""}`...)
	e := collectortest.New(b, "registries: [{name: hub, url: 'https://registry.example.org', msr: {replicas: [https://10.0.0.1, https://10.0.0.2, https://10.0.0.3]}}]\n")
	for _, s := range e.live.Load().registries[0].sources {
		var samples []source.Sample
		if s.Collector == "msr" {
			if samples, err = msr.parseClusterStatus(body, s.Endpoint, &msr.serverNames{}); err != nil {
				b.Fatal(err)
			}
		}
		s.Read = func(context.Context) ([]source.Sample, error) { return samples, nil }
	}
	return e
}

// BenchmarkPage makes the page of an MSR of three replicas, from samples to text: what a scrape costs
// besides asking.
func BenchmarkPage(b *testing.B) {
	e := benchExporter(b)
	for _, encoding := range []string{"identity", "gzip", "zstd"} {
		b.Run(encoding, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/probe?registry=hub", nil)
				r.Header.Set("Accept-Encoding", encoding)
				e.ServeProbe(w, r)
				if w.Code != 200 {
					b.Fatal(w.Body)
				}
				b.SetBytes(int64(w.Body.Len()))
			}
		})
	}
}

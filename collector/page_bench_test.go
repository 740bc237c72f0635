package collector

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// benchExporter makes an exporter of an MSR with three replicas, which it has read.
func benchExporter(b *testing.B) *Exporter {
	tables, err := os.ReadFile("msr/testdata/rethinkdb/healthy.json")
	if err != nil {
		b.Fatal(err)
	}
	body := append([]byte(`{"rethink_system_tables":`), tables...)
	body = append(body, `,"replica_health":{"a":"OK"},"replica_timestamp":{},"replica_readonly":{},"gc_lock_holder":""}`...)
	var replicas []string
	for range 3 {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
		defer server.Close()
		replicas = append(replicas, server.URL)
	}
	e := newTestExporter(b, "registries: [{name: hub, url: 'https://registry.example.org', msr: {replicas: ["+strings.Join(replicas, ", ")+"]}}]\n")
	for _, s := range e.live.Load().registries[0].sources {
		var samples []source.Sample
		if s.Collector == "msr" {
			res := s.Get(b.Context(), maxScrape)
			if res.Err != nil {
				b.Fatal(res.Err)
			}
			samples = res.Samples
		}
		s.Read = func(context.Context) ([]source.Sample, error) { return samples, nil }
	}
	return e
}

// BenchmarkPage makes the page of an MSR with three replicas from its samples: the cost of a scrape without asking the
// replicas.
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

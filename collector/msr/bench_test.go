package msr

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"registry_exporter/collector/source"
)

// benchmarkedTables are those of a healthy cluster, and of one that has lost a server.
var benchmarkedTables = []string{"healthy", "one_killed_15s"}

// BenchmarkClusterStatus reads cluster_status. Compare it with BenchmarkClusterStatusPlain.
func BenchmarkClusterStatus(b *testing.B) {
	benchmarkTables(b, func(body []byte) error {
		_, err := parseClusterStatus(body, "10.0.0.1:443", &serverNames{})
		return err
	})
}

// BenchmarkClusterStatusPlain reads the same text into structs with encoding/json, and makes no samples.
func BenchmarkClusterStatusPlain(b *testing.B) {
	benchmarkTables(b, func(body []byte) error { return json.Unmarshal(body, &plainClusterStatus{}) })
}

// BenchmarkReadClusterStatus asks over HTTP and makes the samples fit for a page, as a scrape does.
func BenchmarkReadClusterStatus(b *testing.B) {
	for _, tables := range benchmarkedTables {
		b.Run(tables, func(b *testing.B) {
			body := clusterStatusOf(b, tables)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
			defer server.Close()
			s := sourcesOf(b, "registries:\n- name: hub\n  url: "+server.URL+"\n  msr:\n", 0)[0]
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if res := s.Get(b.Context(), s.Timeout); res.Err != nil {
					b.Fatal(res.Err)
				}
			}
		})
	}
}

// BenchmarkTidy measures the cost of a sample after it was read, with as many samples as a source may have.
func BenchmarkTidy(b *testing.B) {
	var all []source.Sample
	for i := range source.MaxSamples {
		name := "table_" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		all = append(all, tableReplicas.Sample(3, "10.0.0.1:443", "dtr2", name, "ready"))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := shown(b, 0, func() ([]source.Sample, error) { return all, nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkTables(b *testing.B, read func(body []byte) error) {
	for _, tables := range benchmarkedTables {
		b.Run(tables, func(b *testing.B) {
			body := clusterStatusOf(b, tables)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if err := read(body); err != nil {
					b.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/float64(len(body)), "B-allocated/B-read")
		})
	}
}

type plainClusterStatus struct {
	ReplicaHealth    map[string]string `json:"replica_health"`
	ReplicaTimestamp map[string]string `json:"replica_timestamp"`
	ReplicaReadonly  map[string]bool   `json:"replica_readonly"`
	GCLockHolder     string            `json:"gc_lock_holder"`
	Tables           struct {
		CurrentIssues []struct {
			ID          string `json:"id"`
			Type        string `json:"type"`
			Critical    bool   `json:"critical"`
			Description string `json:"description"`
		} `json:"current_issues"`
		ServerStatus []struct {
			ID      string `json:"id"`
			Name    string `json:"name"`
			Network struct {
				ConnectedTo map[string]bool `json:"connected_to"`
			} `json:"network"`
			Process struct {
				TimeStarted string `json:"time_started"`
			} `json:"process"`
		} `json:"server_status"`
		TableConfig []struct {
			Shards []struct {
				Replicas []string `json:"replicas"`
			} `json:"shards"`
		} `json:"table_config"`
		TableStatus []struct {
			DB     string `json:"db"`
			Name   string `json:"name"`
			Status struct {
				OutdatedReads bool `json:"ready_for_outdated_reads"`
				Reads         bool `json:"ready_for_reads"`
				Writes        bool `json:"ready_for_writes"`
				AllReady      bool `json:"all_replicas_ready"`
			} `json:"status"`
			Shards []struct {
				Replicas []struct {
					Server string `json:"server"`
					State  string `json:"state"`
				} `json:"replicas"`
			} `json:"shards"`
		} `json:"table_status"`
		Stats []struct {
			ID          []string `json:"id"`
			Server      string   `json:"server"`
			Error       string   `json:"error"`
			QueryEngine struct {
				QueriesTotal      float64 `json:"queries_total"`
				ReadDocsTotal     float64 `json:"read_docs_total"`
				WrittenDocsTotal  float64 `json:"written_docs_total"`
				ClientConnections float64 `json:"client_connections"`
			} `json:"query_engine"`
			StorageEngine struct {
				Cache struct {
					InUseBytes float64 `json:"in_use_bytes"`
				} `json:"cache"`
				Disk struct {
					SpaceUsage struct {
						DataBytes         float64 `json:"data_bytes"`
						GarbageBytes      float64 `json:"garbage_bytes"`
						MetadataBytes     float64 `json:"metadata_bytes"`
						PreallocatedBytes float64 `json:"preallocated_bytes"`
					} `json:"space_usage"`
				} `json:"disk"`
			} `json:"storage_engine"`
		} `json:"stats"`
	} `json:"rethink_system_tables"`
}

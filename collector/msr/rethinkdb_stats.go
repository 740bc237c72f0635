package msr

import (
	"slices"

	"registry_exporter/collector/source"
)

var (
	serverQueries = source.Counter("registry_msr_server_queries_total",
		"Queries since the server was started (stats: query_engine.queries_total).", "endpoint", "server").Outside("server")
	serverReadDocs = source.Counter("registry_msr_server_read_docs_total",
		"Documents read since the server was started (stats: query_engine.read_docs_total).", "endpoint", "server").Outside("server")
	serverWrittenDocs = source.Counter("registry_msr_server_written_docs_total",
		"Documents written since the server was started (stats: query_engine.written_docs_total).", "endpoint", "server").Outside("server")
	serverConnections = source.Gauge("registry_msr_server_client_connections",
		"Open client connections of the server (stats: query_engine.client_connections).", "endpoint", "server").Outside("server")
	serverCacheBytes = source.Gauge("registry_msr_server_cache_bytes",
		"Cache in use, summed over tables, in bytes (stats: storage_engine.cache.in_use_bytes).", "endpoint", "server").Outside("server")
	serverDiskBytes = source.Gauge("registry_msr_server_disk_bytes",
		"Disk space by kind, summed over tables, in bytes (stats: storage_engine.disk.space_usage).", "endpoint", "server", "kind").Outside("server")
)

// serverNumberTable lists the numbers of a server: which kind of row has them and by what key. Those of
// table_server rows are summed over tables.
var serverNumberTable = [...]struct {
	row, key string
	metric   *source.Metric
	labels   []string // behind endpoint and server
}{
	{"server", "queries_total", serverQueries, nil},
	{"server", "read_docs_total", serverReadDocs, nil},
	{"server", "written_docs_total", serverWrittenDocs, nil},
	{"server", "client_connections", serverConnections, nil},
	{"table_server", "in_use_bytes", serverCacheBytes, nil},
	{"table_server", "data_bytes", serverDiskBytes, []string{"data"}},
	{"table_server", "garbage_bytes", serverDiskBytes, []string{"garbage"}},
	{"table_server", "metadata_bytes", serverDiskBytes, []string{"metadata"}},
	{"table_server", "preallocated_bytes", serverDiskBytes, []string{"preallocated"}},
}

// serverNumbers are the numbers of serverNumberTable, as far as they were said.
type serverNumbers [len(serverNumberTable)]struct {
	value float64
	said  bool
}

// statsRow is a row of the table stats.
type statsRow struct {
	kind    []byte // the first part of its id
	server  serverID
	ill     bool // the server did not answer
	numbers serverNumbers
}

// stats reads a row of a server, or of a table on a server; rows of other kinds and those of servers
// that did not answer are passed over.
func (s *clusterStatus) stats() error {
	var row statsRow
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "id":
			err = s.statsID(&row)
		case "server":
			row.server.name, err = s.text()
		case "error":
			row.ill = true
			err = s.skip()
		case "query_engine":
			err = s.numbers(&row.numbers)
		case "storage_engine":
			err = s.storageEngine(&row.numbers)
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil || row.ill || row.server.name == "" {
		return err
	}
	return s.addStats(&row)
}

// statsID reads an id: the kind of the row and, last, the id of its server.
func (s *clusterStatus) statsID(row *statsRow) error {
	var last []byte
	err := s.array(func() (err error) {
		last, err = s.rawText()
		if row.kind == nil {
			row.kind = last
		}
		return err
	})
	row.server.id = string(last)
	return err
}

func (s *clusterStatus) storageEngine(n *serverNumbers) error {
	return s.object(func(key []byte) error {
		switch string(key) {
		case "cache":
			return s.numbers(n)
		case "disk":
			return s.object(func(key []byte) error {
				if string(key) != "space_usage" {
					return s.skip()
				}
				return s.numbers(n)
			})
		}
		return s.skip()
	})
}

// numbers reads those that serverNumberTable has a key for.
func (s *clusterStatus) numbers(n *serverNumbers) error {
	return s.object(func(key []byte) (err error) {
		for i := range serverNumberTable {
			if serverNumberTable[i].key == string(key) {
				n[i].value, err = s.count()
				n[i].said = true
				return err
			}
		}
		return s.skip()
	})
}

func (s *clusterStatus) addStats(row *statsRow) error {
	sum := s.tables.stats[row.server]
	if sum == nil {
		sum = &serverNumbers{}
		s.tables.stats[row.server] = sum
		if err := s.keep(); err != nil {
			return err
		}
	}
	for i, n := range row.numbers {
		kind := serverNumberTable[i].row
		if !n.said || kind != string(row.kind) {
			continue
		}
		if sum[i].said && kind == "server" { // there is one such row of a server, no sum of several
			return errShape
		}
		sum[i].value += n.value
		sum[i].said = true
	}
	return nil
}

func (t *rethinkTables) statsSamples(endpoint string, labels serverLabels) []source.Sample {
	servers := make([]serverID, 0, len(t.stats))
	for s := range t.stats {
		servers = append(servers, s)
	}
	slices.SortFunc(servers, serverID.compare)
	var out []source.Sample
	for _, s := range servers {
		server := labels.of(s)
		for i, n := range t.stats[s] {
			if n.said {
				entry := serverNumberTable[i]
				out = append(out, entry.metric.Sample(n.value, append([]string{endpoint, server}, entry.labels...)...))
			}
		}
	}
	return out
}

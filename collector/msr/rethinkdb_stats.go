package msr

import (
	"slices"

	"registry_exporter/collector/source"
)

var (
	serverQueries = source.Counter("registry_msr_server_queries_total",
		"Queries since the server was started (stats: query_engine.queries_total).", "address", "server").Outside("server")
	serverReadDocs = source.Counter("registry_msr_server_read_docs_total",
		"Documents read since the server was started (stats: query_engine.read_docs_total).", "address", "server").Outside("server")
	serverWrittenDocs = source.Counter("registry_msr_server_written_docs_total",
		"Documents written since the server was started (stats: query_engine.written_docs_total).", "address", "server").Outside("server")
	serverConnections = source.Gauge("registry_msr_server_client_connections",
		"Open client connections of the server (stats: query_engine.client_connections).", "address", "server").Outside("server")
	serverCacheBytes = source.Gauge("registry_msr_server_cache_bytes",
		"Cache in use, summed over tables, in bytes (stats: storage_engine.cache.in_use_bytes).", "address", "server").Outside("server")
	serverDiskBytes = source.Gauge("registry_msr_server_disk_bytes",
		"Disk space by kind, summed over tables, in bytes (stats: storage_engine.disk.space_usage).", "address", "server", "kind").Outside("server")
)

// serverNumberTable lists the numbers of a server in the table stats. A server has one row of kind server, with numbers of
// its own, and a row of kind table_server for each table: those numbers are summed.
var serverNumberTable = [...]struct {
	row    string // kind of the row, the first part of its id
	key    string // of the number in the row
	metric *source.Metric
	labels []string // behind address and server
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

// serverNumbers are the numbers of one server, in the order of serverNumberTable.
type serverNumbers [len(serverNumberTable)]struct {
	value float64
	found bool // false: no row had the number
}

// A statsRow is a row of the table stats, with id ["server", ID] or ["table_server", TABLE_ID, ID]. Other kinds of rows are
// about no server.
type statsRow struct {
	kind    []byte // the first part of its id
	server  serverID
	failed  bool // the row has an error instead of numbers: the server did not answer
	numbers serverNumbers
}

// stats reads a row, and adds its numbers to those of its server.
func (s *clusterStatus) stats() error {
	var row statsRow
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "id":
			err = s.statsID(&row)
		case "server":
			row.server.name, err = s.text()
		case "error":
			row.failed = true
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
	if err != nil || row.failed || row.server.name == "" {
		return err
	}
	return s.addStats(&row)
}

// statsID reads the id of a row, such as ["table_server", TABLE_ID, ID]: the first part is the kind of the row, the last
// part the id of the server.
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

// storageEngine reads stats: storage_engine into n.
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

// numbers reads an object into n, and passes over keys that serverNumberTable lacks.
func (s *clusterStatus) numbers(n *serverNumbers) error {
	return s.object(func(key []byte) (err error) {
		for i := range serverNumberTable {
			if serverNumberTable[i].key == string(key) {
				n[i].value, err = s.count()
				n[i].found = true
				return err
			}
		}
		return s.skip()
	})
}

// addStats adds the numbers of a row to those of its server. Two rows of kind server for one server are an error.
func (s *clusterStatus) addStats(row *statsRow) error {
	sum := s.database.stats[row.server]
	if sum == nil {
		sum = &serverNumbers{}
		s.database.stats[row.server] = sum
		if err := s.keep(); err != nil {
			return err
		}
	}
	for i, n := range row.numbers {
		kind := serverNumberTable[i].row
		if !n.found || kind != string(row.kind) {
			continue
		}
		if sum[i].found && kind == "server" {
			return errShape
		}
		sum[i].value += n.value
		sum[i].found = true
	}
	return nil
}

// statsSamples returns the samples of the table stats, sorted by server.
func (d *database) statsSamples(address string, labels serverLabels) []source.Sample {
	servers := make([]serverID, 0, len(d.stats))
	for s := range d.stats {
		servers = append(servers, s)
	}
	slices.SortFunc(servers, serverID.compare)
	var out []source.Sample
	for _, s := range servers {
		label := labels.of(s)
		for i, n := range d.stats[s] {
			if n.found {
				entry := serverNumberTable[i]
				out = append(out, entry.metric.Sample(n.value, append([]string{address, label}, entry.labels...)...))
			}
		}
	}
	return out
}

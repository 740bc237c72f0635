package collector

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	msrServerUp = gauge("registry_msr_server_up",
		"1 if the RethinkDB server is in this view's server_status, 0 if only tables name it (table_config, table_status: replicas).",
		"endpoint", "server")
	msrServerConnected = gauge("registry_msr_server_connected",
		"1 if the RethinkDB server says it is connected to the peer (server_status: network.connected_to).",
		"endpoint", "server", "peer")
	msrServerStart = gauge("registry_msr_server_start_timestamp_seconds",
		"When the RethinkDB server was started, in seconds since 1970 (server_status: process.time_started).",
		"endpoint", "server")
	msrTableAvailability = gauge("registry_msr_table_availability",
		"What the table is ready for: 0 nothing, 1 outdated reads, 2 reads, 3 writes, 4 all replicas are ready (table_status: status).",
		"endpoint", "db", "table")
	msrTableReplicas = gauge("registry_msr_table_replicas",
		"Replicas of the table by state; states without one are left out, but for ready (table_status: shards.replicas.state).",
		"endpoint", "db", "table", "state")
	msrQueries = counter("registry_msr_server_queries_total",
		"Queries since the server was started (stats: query_engine.queries_total).", "endpoint", "server")
	msrReadDocs = counter("registry_msr_server_read_docs_total",
		"Documents read since the server was started (stats: query_engine.read_docs_total).", "endpoint", "server")
	msrWrittenDocs = counter("registry_msr_server_written_docs_total",
		"Documents written since the server was started (stats: query_engine.written_docs_total).", "endpoint", "server")
	msrConnections = gauge("registry_msr_server_client_connections",
		"Open client connections of the server (stats: query_engine.client_connections).", "endpoint", "server")
	msrCacheBytes = gauge("registry_msr_server_cache_bytes",
		"Cache in use, summed over tables, in bytes (stats: storage_engine.cache.in_use_bytes).", "endpoint", "server")
	msrDiskBytes = gauge("registry_msr_server_disk_bytes",
		"Disk space by kind, summed over tables, in bytes (stats: storage_engine.disk.space_usage).", "endpoint", "server", "kind")
)

// rethinkTables is what the system tables say, as far as they could be read.
type rethinkTables struct {
	read    bool // server_status was there
	servers []rethinkServer
	named   map[string]struct{} // servers that tables name
	status  []rethinkTable
	stats   []queryStats
	storage map[serverID]*storageStats
}

type rethinkServer struct {
	id, name string
	started  time.Time
	peers    []peer
}

type peer struct {
	name      string
	connected bool
}

type rethinkTable struct {
	db, name     string
	availability int
	states       map[string]int
}

// serverID tells servers of one name apart.
type serverID struct{ id, name string }

type queryStats struct {
	server                         serverID
	queries, read, written, client float64
}

type storageStats struct {
	cache float64
	disk  [len(diskKinds)]float64
}

var diskKinds = [...]string{"data", "garbage", "metadata", "preallocated"}

// tableAvailability is in the order of its values.
var tableAvailability = []string{"", "ready_for_outdated_reads", "ready_for_reads", "ready_for_writes", "all_replicas_ready"}

var replicaStates = []string{"ready", "transitioning", "backfilling", "disconnected", "waiting_for_primary", "waiting_for_quorum"}

func (s *clusterStatus) serverStatus() error {
	var server rethinkServer
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "id":
			server.id, err = s.text()
		case "name":
			server.name, err = s.text()
		case "network":
			err = s.object(func(key []byte) error {
				if string(key) != "connected_to" {
					return s.skip()
				}
				return s.object(func(name []byte) error {
					connected, err := s.boolean()
					server.peers = append(server.peers, peer{string(name), connected})
					return err
				})
			})
		case "process":
			err = s.object(func(key []byte) error {
				if string(key) != "time_started" {
					return s.skip()
				}
				text, err := s.text()
				server.started, _ = time.Parse(time.RFC3339, text)
				return err
			})
		default:
			err = s.skip()
		}
		return err
	})
	if err == nil && server.name == "" {
		err = errShape
	}
	if err == nil {
		s.tables.servers = append(s.tables.servers, server)
	}
	return err
}

// tableConfig reads which servers a table is placed on: status forgets them when all are lost.
func (s *clusterStatus) tableConfig() error {
	return s.object(func(key []byte) error {
		if string(key) != "shards" {
			return s.skip()
		}
		return s.array(func() error {
			return s.object(func(key []byte) error {
				if string(key) != "replicas" {
					return s.skip()
				}
				return s.array(func() error {
					name, err := s.rawText()
					s.tables.name(name)
					return err
				})
			})
		})
	})
}

func (s *clusterStatus) tableStatus() error {
	t := rethinkTable{states: map[string]int{"ready": 0}}
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "db":
			t.db, err = s.text()
		case "name":
			t.name, err = s.text()
		case "status":
			err = s.availability(&t)
		case "shards":
			if !s.null() { // null: no server of the table can be reached
				err = s.shards(&t)
			}
		default:
			err = s.skip()
		}
		return err
	})
	if err == nil && t.name == "" {
		err = errShape
	}
	if err == nil {
		s.tables.status = append(s.tables.status, t)
	}
	return err
}

func (s *clusterStatus) availability(t *rethinkTable) error {
	return s.object(func(key []byte) error {
		level := slices.Index(tableAvailability, string(key))
		if level < 1 {
			return s.skip()
		}
		ready, err := s.boolean()
		if ready {
			t.availability = max(t.availability, level)
		}
		return err
	})
}

func (s *clusterStatus) shards(t *rethinkTable) error {
	return s.array(func() error {
		return s.object(func(key []byte) error {
			if string(key) != "replicas" {
				return s.skip()
			}
			return s.array(func() error {
				return s.object(func(key []byte) error {
					switch string(key) {
					case "server":
						name, err := s.rawText()
						s.tables.name(name)
						return err
					case "state":
						state, err := s.rawText()
						t.states[knownState(state)]++
						return err
					}
					return s.skip()
				})
			})
		})
	})
}

func knownState(state []byte) string {
	for _, known := range replicaStates {
		if string(state) == known {
			return known
		}
	}
	return "other"
}

func (t *rethinkTables) name(server []byte) {
	if t.named == nil {
		t.named = map[string]struct{}{}
	}
	if _, known := t.named[string(server)]; !known && len(server) > 0 {
		t.named[string(server)] = struct{}{}
	}
}

// stats reads a row of a server, or of a table on a server; rows of other kinds and those of servers
// that did not answer are passed over.
func (s *clusterStatus) stats() error {
	var kind, id []byte // the first and the last part of the row's id
	var server string
	var ill, hasQueries bool
	var query queryStats
	var storage storageStats
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "id":
			err = s.array(func() (err error) {
				id, err = s.rawText()
				if kind == nil {
					kind = id
				}
				return err
			})
		case "server":
			server, err = s.text()
		case "error":
			ill = true
			err = s.skip()
		case "query_engine":
			hasQueries, err = s.queryEngine(&query)
		case "storage_engine":
			err = s.storageEngine(&storage)
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil || ill || server == "" {
		return err
	}
	who := serverID{string(id), server}
	switch string(kind) {
	case "server":
		if hasQueries {
			query.server = who
			s.tables.stats = append(s.tables.stats, query)
		}
	case "table_server":
		s.tables.addStorage(who, storage)
	}
	return nil
}

func (s *clusterStatus) queryEngine(q *queryStats) (found bool, err error) {
	err = s.object(func(key []byte) (err error) {
		switch string(key) {
		case "queries_total":
			q.queries, err = s.count()
			found = true
		case "read_docs_total":
			q.read, err = s.count()
		case "written_docs_total":
			q.written, err = s.count()
		case "client_connections":
			q.client, err = s.count()
		default:
			err = s.skip()
		}
		return err
	})
	return found, err
}

func (s *clusterStatus) storageEngine(st *storageStats) error {
	return s.object(func(key []byte) error {
		switch string(key) {
		case "cache":
			return s.object(func(key []byte) (err error) {
				if string(key) != "in_use_bytes" {
					return s.skip()
				}
				st.cache, err = s.count()
				return err
			})
		case "disk":
			return s.object(func(key []byte) error {
				if string(key) != "space_usage" {
					return s.skip()
				}
				return s.object(func(key []byte) (err error) {
					kind := slices.Index(diskKinds[:], strings.TrimSuffix(string(key), "_bytes"))
					if kind < 0 {
						return s.skip()
					}
					st.disk[kind], err = s.count()
					return err
				})
			})
		}
		return s.skip()
	})
}

func (t *rethinkTables) addStorage(who serverID, more storageStats) {
	if t.storage == nil {
		t.storage = map[serverID]*storageStats{}
	}
	sum := t.storage[who]
	if sum == nil {
		sum = &storageStats{}
		t.storage[who] = sum
	}
	sum.cache += more.cache
	for i := range sum.disk {
		sum.disk[i] += more.disk[i]
	}
}

// samples are in a fixed order, so that the same ones are dropped when there are too many.
func (t *rethinkTables) samples(endpoint string, names *serverNames) []sample {
	names.learn(t.servers)
	label := labelsOf(t.servers)
	var out []sample
	out = append(out, t.serverSamples(endpoint, label, names)...)
	slices.SortFunc(t.status, func(a, b rethinkTable) int {
		return cmp.Or(strings.Compare(a.db, b.db), strings.Compare(a.name, b.name))
	})
	for _, table := range t.status {
		out = append(out, msrTableAvailability.sample(float64(table.availability), endpoint, table.db, table.name))
	}
	out = append(out, t.statsSamples(endpoint, label)...)
	for _, table := range t.status {
		for _, state := range append(replicaStates, "other") {
			if n, found := table.states[state]; found {
				out = append(out, msrTableReplicas.sample(float64(n), endpoint, table.db, table.name, state))
			}
		}
	}
	return out
}

func (t *rethinkTables) serverSamples(endpoint string, label func(serverID) string, names *serverNames) []sample {
	if !t.read {
		return nil
	}
	var out []sample
	slices.SortFunc(t.servers, func(a, b rethinkServer) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id))
	})
	for _, s := range t.servers {
		delete(t.named, s.name)
		server := label(serverID{s.id, s.name})
		out = append(out, msrServerUp.sample(1, endpoint, server))
		if !s.started.IsZero() {
			out = append(out, msrServerStart.sample(unix(s.started), endpoint, server))
		}
		for _, p := range s.peers {
			out = append(out, msrServerConnected.sample(bool01(p.connected), endpoint, server, names.resolve(p.name, label)))
		}
	}
	lost := make([]string, 0, len(t.named))
	for name := range t.named {
		lost = append(lost, name)
	}
	slices.Sort(lost)
	for _, name := range lost {
		out = append(out, msrServerUp.sample(0, endpoint, name))
	}
	return out
}

func (t *rethinkTables) statsSamples(endpoint string, label func(serverID) string) []sample {
	var out []sample
	slices.SortFunc(t.stats, func(a, b queryStats) int { return compareServers(a.server, b.server) })
	for _, s := range t.stats {
		server := label(s.server)
		out = append(out,
			msrQueries.sample(s.queries, endpoint, server),
			msrReadDocs.sample(s.read, endpoint, server),
			msrWrittenDocs.sample(s.written, endpoint, server),
			msrConnections.sample(s.client, endpoint, server))
	}
	servers := make([]serverID, 0, len(t.storage))
	for s := range t.storage {
		servers = append(servers, s)
	}
	slices.SortFunc(servers, compareServers)
	for _, s := range servers {
		server, sum := label(s), t.storage[s]
		out = append(out, msrCacheBytes.sample(sum.cache, endpoint, server))
		for i, kind := range diskKinds {
			out = append(out, msrDiskBytes.sample(sum.disk[i], endpoint, server, kind))
		}
	}
	return out
}

func compareServers(a, b serverID) int {
	return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id))
}

// labelsOf names servers by their name; those that share one get the beginning of their id as well.
func labelsOf(servers []rethinkServer) func(serverID) string {
	count := map[string]int{}
	for _, s := range servers {
		count[s.name]++
	}
	return func(s serverID) string {
		if count[s.name] < 2 || s.id == "" {
			return s.name
		}
		return s.name + "__" + s.id[:min(8, len(s.id))]
	}
}

// maxServerNames bounds what is remembered of servers that answers have named.
const maxServerNames = 1000

// serverNames remembers the name of every server id that any replica of a registry told, since a view
// that has lost a server knows its id only.
type serverNames struct {
	mu    sync.Mutex
	names map[string]string
}

func (n *serverNames) learn(servers []rethinkServer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.names == nil || len(n.names) > maxServerNames {
		n.names = map[string]string{}
	}
	for _, s := range servers {
		if s.id != "" {
			n.names[s.id] = s.name
		}
	}
}

// resolve is the label of a peer, which is given as name, as id or as name__conflict__id.
func (n *serverNames) resolve(key string, label func(serverID) string) string {
	id := key
	if i := strings.LastIndex(key, "__conflict__"); i >= 0 {
		id = key[i+len("__conflict__"):]
	}
	n.mu.Lock()
	name, known := n.names[id]
	n.mu.Unlock()
	if !known {
		return key
	}
	return label(serverID{id, name})
}

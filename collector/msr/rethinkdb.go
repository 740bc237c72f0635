package msr

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/source"
)

var (
	serverUp = source.Gauge("registry_msr_server_up",
		"1 if the RethinkDB server is in this view's server_status, 0 if only tables name it (table_config, table_status: replicas).",
		"endpoint", "server").Outside("server")
	serverConnected = source.Gauge("registry_msr_server_connected",
		"1 if the RethinkDB server says it is connected to the peer (server_status: network.connected_to).",
		"endpoint", "server", "peer").Outside("server", "peer")
	serverStart = source.Gauge("registry_msr_server_start_timestamp_seconds",
		"When the RethinkDB server was started, in seconds since 1970 (server_status: process.time_started).",
		"endpoint", "server").Outside("server")
	tableAvailability = source.Gauge("registry_msr_table_availability",
		"What the table is ready for: 0 nothing, 1 outdated reads, 2 reads, 3 writes, 4 all replicas are ready (table_status: status).",
		"endpoint", "db", "table").Outside("db", "table")
	tableReplicas = source.Gauge("registry_msr_table_replicas",
		"Replicas of the table by state; states without one are left out, but for ready (table_status: shards.replicas.state).",
		"endpoint", "db", "table", "state").Outside("db", "table")
)

// rethinkTables is what the system tables say, as far as they could be read.
type rethinkTables struct {
	servers    []rethinkServer
	allServers bool                // server_status was read whole: who is not in it is lost
	named      map[string]struct{} // servers that tables name
	tables     []rethinkTable
	stats      map[serverID]*serverNumbers
}

type rethinkServer struct {
	serverID
	started time.Time
	peers   []peer
}

// serverID tells servers of one name apart.
type serverID struct{ name, id string }

func (s serverID) compare(other serverID) int {
	return cmp.Or(strings.Compare(s.name, other.name), strings.Compare(s.id, other.id))
}

type peer struct {
	name      string
	connected bool
}

type rethinkTable struct {
	db, name     string
	availability int  // index of tableAvailability
	hasStatus    bool // false in a row that says only why it could not be read
	hasShards    bool
	states       [len(replicaStates)]int
}

// availabilityLevels is in the order of its values.
var availabilityLevels = [...]string{"", "ready_for_outdated_reads", "ready_for_reads", "ready_for_writes", "all_replicas_ready"}

var replicaStates = [...]string{"ready", "transitioning", "backfilling", "disconnected", "waiting_for_primary", "waiting_for_quorum", "other"}

func (s *clusterStatus) serverStatus() error {
	var server rethinkServer
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "id":
			server.id, err = s.text()
		case "name":
			server.name, err = s.text()
		case "network":
			server.peers, err = s.network()
		case "process":
			server.started, err = s.process()
		default:
			err = s.skip()
		}
		return err
	})
	if err == nil && server.name == "" {
		err = errShape
	}
	if err == nil {
		err = s.keep()
		s.tables.servers = append(s.tables.servers, server)
	}
	return err
}

func (s *clusterStatus) network() (peers []peer, err error) {
	err = s.object(func(key []byte) error {
		if string(key) != "connected_to" {
			return s.skip()
		}
		return s.object(func(name []byte) error {
			connected, err := s.boolean()
			if err == nil {
				err = s.keep()
				peers = append(peers, peer{string(name), connected})
			}
			return err
		})
	})
	return peers, err
}

func (s *clusterStatus) process() (started time.Time, err error) {
	err = s.object(func(key []byte) error {
		if string(key) != "time_started" {
			return s.skip()
		}
		text, err := s.text()
		started, _ = time.Parse(time.RFC3339, text)
		return err
	})
	return started, err
}

// tableConfig reads which servers a table is placed on: status forgets them when all are lost.
func (s *clusterStatus) tableConfig() error {
	return s.object(func(key []byte) error {
		if string(key) != "shards" {
			return s.skip()
		}
		return s.shards(s.namedServer)
	})
}

func (s *clusterStatus) tableStatus() error {
	var t rethinkTable
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "db":
			t.db, err = s.text()
		case "name":
			t.name, err = s.text()
		case "status":
			t.hasStatus = true
			err = s.availability(&t)
		case "shards":
			t.hasShards = true
			if !s.null() { // null: no server of the table can be reached
				err = s.shards(func() error { return s.replicaState(&t) })
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
		err = s.keep()
		s.tables.tables = append(s.tables.tables, t)
	}
	return err
}

func (s *clusterStatus) availability(t *rethinkTable) error {
	return s.object(func(key []byte) error {
		level := indexOf(availabilityLevels[:], key)
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

// shards calls replica before each replica of each shard.
func (s *clusterStatus) shards(replica func() error) error {
	return s.array(func() error {
		return s.object(func(key []byte) error {
			if string(key) != "replicas" {
				return s.skip()
			}
			return s.array(replica)
		})
	})
}

func (s *clusterStatus) replicaState(t *rethinkTable) error {
	return s.object(func(key []byte) error {
		switch string(key) {
		case "server":
			return s.namedServer()
		case "state":
			state, err := s.rawText()
			i := indexOf(replicaStates[:], state)
			if i < 0 {
				i = len(replicaStates) - 1
			}
			t.states[i]++
			return err
		}
		return s.skip()
	})
}

// namedServer notes a server that a table names.
func (s *clusterStatus) namedServer() error {
	name, err := s.rawText()
	if err != nil || len(name) == 0 {
		return err
	}
	if _, known := s.tables.named[string(name)]; known {
		return nil
	}
	s.tables.named[string(name)] = struct{}{}
	return s.keep()
}

// indexOf is where text is in list, or -1.
func indexOf(list []string, text []byte) int {
	for i := range list {
		if list[i] == string(text) {
			return i
		}
	}
	return -1
}

// samples are in a fixed order, so that the same ones are dropped when there are too many.
func (t *rethinkTables) samples(endpoint string, names *serverNames) []source.Sample {
	slices.SortStableFunc(t.servers, func(a, b rethinkServer) int { return a.compare(b.serverID) })
	slices.SortStableFunc(t.tables, func(a, b rethinkTable) int {
		return cmp.Or(strings.Compare(a.db, b.db), strings.Compare(a.name, b.name))
	})
	labels := names.labels(t.servers)
	out := t.serverSamples(endpoint, labels)
	for _, table := range t.tables {
		if table.hasStatus {
			out = append(out, tableAvailability.Sample(float64(table.availability), endpoint, table.db, table.name))
		}
	}
	out = append(out, t.statsSamples(endpoint, labels)...)
	for _, table := range t.tables {
		for i, n := range table.states {
			if n > 0 || i == 0 && table.hasShards {
				out = append(out, tableReplicas.Sample(float64(n), endpoint, table.db, table.name, replicaStates[i]))
			}
		}
	}
	return out
}

func (t *rethinkTables) serverSamples(endpoint string, labels serverLabels) []source.Sample {
	var out []source.Sample
	for _, s := range t.servers {
		server := labels.of(s.serverID)
		out = append(out, serverUp.Sample(1, endpoint, server))
		if happened(s.started) {
			out = append(out, serverStart.Sample(source.Unix(s.started), endpoint, server))
		}
		slices.SortStableFunc(s.peers, func(a, b peer) int { return strings.Compare(a.name, b.name) })
		for _, p := range s.peers {
			out = append(out, serverConnected.Sample(source.Bool01(p.connected), endpoint, server, labels.resolve(p.name)))
		}
	}
	for _, server := range t.lost(labels) {
		out = append(out, serverUp.Sample(0, endpoint, server))
	}
	return out
}

// lost are the servers that tables name and server_status does not have.
func (t *rethinkTables) lost(labels serverLabels) []string {
	if !t.allServers {
		return nil
	}
	there := map[string]bool{}
	for _, s := range t.servers {
		there[s.name], there[labels.of(s.serverID)] = true, true
	}
	var lost []string
	for name := range t.named {
		if label := labels.resolve(name); !there[label] {
			lost = append(lost, label)
		}
	}
	slices.Sort(lost)
	return slices.Compact(lost)
}

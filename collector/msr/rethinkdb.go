package msr

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/source"
)

var (
	serverUp = source.Gauge("registry_msr_server_up",
		"1 if the RethinkDB server is in this view's server_status, 0 if only tables name it (table_config, table_status: replicas).",
		"address", "server").Outside("server")
	serverConnected = source.Gauge("registry_msr_server_connected",
		"1 if the RethinkDB server says it is connected to the peer (server_status: network.connected_to).",
		"address", "server", "peer").Outside("server", "peer")
	serverStart = source.Gauge("registry_msr_server_start_timestamp_seconds",
		"When the RethinkDB server was started, in seconds since 1970 (server_status: process.time_started).",
		"address", "server").Outside("server")
	tableAvailability = source.Gauge("registry_msr_table_availability",
		"Readiness of the table: 0 nothing, 1 outdated reads, 2 reads, 3 writes, 4 all replicas are ready (table_status: status).",
		"address", "db", "table").Outside("db", "table")
	tableReplicas = source.Gauge("registry_msr_table_replicas",
		"Replicas of the table by state; states without one are left out, but for ready (table_status: shards.replicas.state).",
		"address", "db", "table", "state").Outside("db", "table")
	serverReplicas = source.Gauge("registry_msr_server_replicas",
		"Replicas of tables on the server by state; states without one are left out, but for ready (table_status: shards.replicas).",
		"address", "server", "state").Outside("server")
)

// A database is RethinkDB as one replica sees it: the rows of rethink_system_tables that could be read.
type database struct {
	servers    []server           // of server_status
	allServers bool               // server_status was read whole: a server that is not in it is lost
	named      map[string]*states // by name of a server in table_config or table_status: its replicas in table_status
	tables     []table            // of table_status
	stats      map[serverID]*serverNumbers
}

// A server is a row of server_status.
type server struct {
	serverID
	started time.Time // zero: not known
	peers   []peer
}

// A serverID is the name and id of a server: two servers may have one name.
type serverID struct{ name, id string }

// compare sorts by name, then by id.
func (s serverID) compare(other serverID) int {
	return cmp.Or(strings.Compare(s.name, other.name), strings.Compare(s.id, other.id))
}

// A peer is a server in connected_to of another one.
type peer struct {
	name      string // name, id or name__conflict__id
	connected bool
}

// A table is a row of table_status.
type table struct {
	db, name     string
	availability int    // index in availabilityLevels
	hasStatus    bool   // false when the row has only an error
	hasShards    bool   // false when the row has only an error
	states       states // of its replicas
}

// states are numbers of replicas, by index in replicaStates.
type states [len(replicaStates)]int

// availabilityLevels are the keys of table_status: status. The index is the value of tableAvailability.
var availabilityLevels = [...]string{"", "ready_for_outdated_reads", "ready_for_reads", "ready_for_writes", "all_replicas_ready"}

// replicaStates are the states that RethinkDB documents, and other for all others.
var replicaStates = [...]string{"ready", "transitioning", "backfilling", "disconnected", "waiting_for_primary", "waiting_for_quorum", "other"}

// indexOf returns the index of text in list, or -1.
func indexOf(list []string, text []byte) int {
	for i := range list {
		if list[i] == string(text) {
			return i
		}
	}
	return -1
}

// samples returns the samples of the database, sorted by name. A page that takes only the first of them then shows the
// same ones, in whatever order the rows came.
func (d *database) samples(address string, names *serverNames) []source.Sample {
	slices.SortStableFunc(d.servers, func(a, b server) int { return a.compare(b.serverID) })
	d.sortTables()
	labels := names.labels(d.servers)
	out := d.serverSamples(address, labels)
	for _, t := range d.tables {
		if t.hasStatus {
			out = append(out, tableAvailability.Sample(float64(t.availability), address, t.db, t.name))
		}
	}
	out = append(out, d.statsSamples(address, labels)...)
	out = append(out, d.replicaSamples(address, labels)...)
	for _, t := range d.tables {
		for i, n := range t.states {
			if n > 0 || i == 0 && t.hasShards {
				out = append(out, tableReplicas.Sample(float64(n), address, t.db, t.name, replicaStates[i]))
			}
		}
	}
	return out
}

// sortTables sorts the tables by name. RethinkDB may have two tables of one name, which it calls a collision: sortTables
// keeps the one with the lower availability.
func (d *database) sortTables() {
	slices.SortStableFunc(d.tables, func(a, b table) int {
		return cmp.Or(strings.Compare(a.db, b.db), strings.Compare(a.name, b.name), cmp.Compare(a.availability, b.availability), cmp.Compare(a.states[0], b.states[0]))
	})
	d.tables = slices.CompactFunc(d.tables, func(a, b table) bool { return a.db == b.db && a.name == b.name })
}

// replicaSamples counts, for each server that table_status names, the replicas of tables in each state.
func (d *database) replicaSamples(address string, labels serverLabels) []source.Sample {
	if !slices.ContainsFunc(d.tables, func(t table) bool { return t.hasShards }) {
		return nil
	}
	byLabel := map[string]states{}
	for name, counts := range d.named {
		label := labels.resolve(name)
		all := byLabel[label]
		for i, n := range counts {
			all[i] += n
		}
		byLabel[label] = all
	}
	var out []source.Sample
	for _, label := range slices.Sorted(maps.Keys(byLabel)) {
		for i, n := range byLabel[label] {
			if n > 0 || i == 0 {
				out = append(out, serverReplicas.Sample(float64(n), address, label, replicaStates[i]))
			}
		}
	}
	return out
}

// serverSamples returns the samples of the servers in server_status, and registry_msr_server_up 0 for each lost server.
func (d *database) serverSamples(address string, labels serverLabels) []source.Sample {
	var out []source.Sample
	for _, s := range d.servers {
		label := labels.of(s.serverID)
		out = append(out, serverUp.Sample(1, address, label))
		if happened(s.started) {
			out = append(out, serverStart.Sample(source.Unix(s.started), address, label))
		}
		slices.SortStableFunc(s.peers, func(a, b peer) int { return strings.Compare(a.name, b.name) })
		for _, p := range s.peers {
			out = append(out, serverConnected.Sample(source.Bool01(p.connected), address, label, labels.resolve(p.name)))
		}
	}
	for _, label := range d.lost(labels) {
		out = append(out, serverUp.Sample(0, address, label))
	}
	return out
}

// lost returns the labels of the servers that table_config or table_status name and server_status does not. It returns
// none when a part of server_status could not be read.
func (d *database) lost(labels serverLabels) []string {
	if !d.allServers {
		return nil
	}
	up := map[string]bool{} // by name and by label
	for _, s := range d.servers {
		up[s.name], up[labels.of(s.serverID)] = true, true
	}
	var lost []string
	for name := range d.named {
		if label := labels.resolve(name); !up[label] {
			lost = append(lost, label)
		}
	}
	slices.Sort(lost)
	return slices.Compact(lost)
}

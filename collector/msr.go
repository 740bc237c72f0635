package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

var (
	msrReplicaHealth = gauge("registry_msr_replica_health",
		"1 if the verdict on the replica is exactly OK, as this endpoint sees it (cluster_status: replica_health).",
		"endpoint", "replica").outside("replica")
	msrReplicaTimestamp = gauge("registry_msr_replica_timestamp_seconds",
		"When the replica gave its verdict, in seconds since 1970 (cluster_status: replica_timestamp).",
		"endpoint", "replica").outside("replica")
	msrReplicaReadonly = gauge("registry_msr_replica_readonly",
		"1 if the registry of the replica refuses writes (cluster_status: replica_readonly).",
		"endpoint", "replica").outside("replica")
	msrGCLockHeld = gauge("registry_msr_gc_lock_held",
		"1 while a garbage collection holds its lock (cluster_status: gc_lock_holder).", "endpoint")
	msrIssues = gauge("registry_msr_current_issues",
		"Issues of RethinkDB by type; a type that is not known counts as unknown (cluster_status: current_issues, at the top and in rethink_system_tables).",
		"endpoint", "type", "critical")
)

// Names of the collectors of an MSR.
const (
	clusterStatusCollector = "msr"
	pingCollector          = "ping"
)

const clusterStatusPath = "/api/v0/meta/cluster_status"

// msrSources ask every replica: each has a view of the cluster of its own.
func msrSources(b *builder) ([]*source, error) {
	names := &serverNames{}
	return b.eachReplica(func(c *client) *source {
		return &source{
			endpoint: c.endpoint,
			timeout:  time.Duration(b.MSR.Timeout),
			read:     func(ctx context.Context) ([]sample, error) { return readClusterStatus(ctx, c, names) },
			words:    clusterStatusWords(c),
		}
	})
}

func readClusterStatus(ctx context.Context, c *client, names *serverNames) ([]sample, error) {
	a, err := c.get(ctx, c.login, clusterStatusPath, maxBody)
	switch {
	case a == nil:
		return nil, fmt.Errorf("asking for cluster_status: %w", err)
	case a.status != http.StatusOK:
		return nil, a.refusal()
	}
	samples, parseErr := parseClusterStatus(a.body, c.endpoint, names)
	if err != nil { // the text was cut off: why is more useful than where
		return samples, err
	}
	return samples, parseErr
}

// maxEntries bounds what is kept of an answer while it is read, well above what a page takes.
const maxEntries = 10 * maxSamples

// requiredKeys are those of the top level that every answer has.
var requiredKeys = [...]string{"replica_health", "rethink_system_tables", "replica_timestamp", "replica_readonly", "gc_lock_holder"}

// clusterStatus collects what one answer says.
type clusterStatus struct {
	decoder
	endpoint  string
	seen      [len(requiredKeys)]bool
	entries   int
	replicas  []sample
	issues    issueCounts
	topIssues int // position of the issues at the top level, 0 when there are none
	tables    rethinkTables
}

// parseClusterStatus returns what could be read, and an error when that is not all.
func parseClusterStatus(body []byte, endpoint string, names *serverNames) ([]sample, error) {
	s := &clusterStatus{decoder: decoder{data: body}, endpoint: endpoint}
	s.tables.named, s.tables.stats = map[string]struct{}{}, map[serverID]*serverNumbers{}
	err := s.whole()
	slices.SortStableFunc(s.replicas, func(a, b sample) int {
		return cmp.Or(slices.Compare(a.labels, b.labels), strings.Compare(a.metric.name, b.metric.name))
	})
	samples := append(s.replicas, s.issues.samples(endpoint)...)
	return append(samples, s.tables.samples(endpoint, names)...), err
}

// whole reads the answer; the issues at the top come last, since those of the tables tell more.
func (s *clusterStatus) whole() error {
	err := s.object(s.field)
	if errors.Is(err, errShape) {
		return failed(reasonBadAnswer, "cluster_status is not a JSON object")
	}
	if err == nil {
		err = s.following()
	}
	if s.topIssues > 0 {
		s.pos, s.depth = s.topIssues, 1
		if topErr := s.rows(func() error { return s.issue(true) }, &s.issues.read); err == nil {
			err = topErr
		}
	}
	if err == nil {
		err = s.missing()
	}
	if err == nil {
		err = s.oddities()
	}
	return err
}

func (s *clusterStatus) missing() error {
	for i, key := range requiredKeys {
		if !s.seen[i] {
			return failed(reasonBadAnswer, "cluster_status has no %s", key)
		}
	}
	return nil
}

// keep counts what is kept, and fails when that is more than any cluster has.
func (s *clusterStatus) keep() error {
	if s.entries++; s.entries > maxEntries {
		return failed(reasonTooLarge, "more than %d replicas, servers and tables", maxEntries)
	}
	return nil
}

func (s *clusterStatus) field(key []byte) error {
	if i := indexOf(requiredKeys[:], key); i >= 0 {
		s.seen[i] = true
	}
	switch string(key) {
	case "replica_health":
		return s.perReplica(msrReplicaHealth, s.verdict)
	case "replica_timestamp":
		return s.perReplica(msrReplicaTimestamp, s.timestamp)
	case "replica_readonly":
		return s.perReplica(msrReplicaReadonly, s.readonly)
	case "gc_lock_holder":
		return s.tolerate(s.gcLock)
	case "current_issues":
		s.peek()
		s.topIssues = s.pos
		return s.skip()
	case "rethink_system_tables":
		return s.tolerate(func() error { return s.object(s.table) })
	}
	return s.skip()
}

// perReplica reads {"<replica>": …}, each value on its own. One that is not said is left out.
func (s *clusterStatus) perReplica(m *metric, read func() (value float64, said bool, err error)) error {
	return s.tolerate(func() error {
		return s.object(func(replica []byte) error {
			return s.tolerate(func() error {
				value, said, err := read()
				if err != nil || !said {
					return err
				}
				s.replicas = append(s.replicas, m.sample(value, s.endpoint, string(replica)))
				return s.keep()
			})
		})
	})
}

func (s *clusterStatus) verdict() (ok float64, said bool, err error) {
	text, err := s.rawText()
	return bool01(string(text) == "OK"), true, err
}

// timestamp is not said when an error text stands in its place, or a time that means never.
func (s *clusterStatus) timestamp() (at float64, said bool, err error) {
	text, err := s.text()
	if err != nil {
		return 0, false, err
	}
	t, _ := time.Parse(time.RFC3339, text)
	return unix(t), happened(t), nil
}

// happened is false for what programs write for never: the zero time of Go or of Unix.
func happened(t time.Time) bool { return t.Unix() > 0 }

func (s *clusterStatus) readonly() (on float64, said bool, err error) {
	readonly, err := s.boolean()
	return bool01(readonly), true, err
}

func (s *clusterStatus) gcLock() error {
	if s.null() {
		return nil
	}
	holder, err := s.rawText()
	if err != nil {
		return err
	}
	s.replicas = append(s.replicas, msrGCLockHeld.sample(bool01(len(holder) > 0), s.endpoint))
	return s.keep()
}

// table reads one system table.
func (s *clusterStatus) table(name []byte) error {
	var read bool
	switch string(name) {
	case "current_issues":
		return s.rows(func() error { return s.issue(false) }, &s.issues.read)
	case "server_status":
		odd := s.odd
		err := s.rows(s.serverStatus, &read)
		if read && len(s.tables.servers) == 0 { // a view holds at least the server that was asked
			s.odd++
		}
		s.tables.allServers = read && s.odd == odd
		return err
	case "table_config":
		return s.rows(s.tableConfig, &read)
	case "table_status":
		return s.rows(s.tableStatus, &read)
	case "stats":
		return s.rows(s.stats, &read)
	}
	return s.skip()
}

// rows reads a list of rows, each on its own: an odd one is passed over. It sets read at the end of the list.
func (s *clusterStatus) rows(row func() error, read *bool) error {
	return s.tolerate(func() error {
		err := s.array(func() error { return s.tolerate(row) })
		*read = *read || err == nil
		return err
	})
}

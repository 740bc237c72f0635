package msr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	replicaHealth = source.Gauge("registry_msr_replica_health",
		"1 if the verdict on the replica is exactly OK, as this endpoint sees it (cluster_status: replica_health).",
		"endpoint", "replica").Outside("replica")
	replicaTimestamp = source.Gauge("registry_msr_replica_timestamp_seconds",
		"When the replica gave its verdict, in seconds since 1970 (cluster_status: replica_timestamp).",
		"endpoint", "replica").Outside("replica")
	replicaReadonly = source.Gauge("registry_msr_replica_readonly",
		"1 if the registry of the replica refuses writes (cluster_status: replica_readonly).",
		"endpoint", "replica").Outside("replica")
	gcLockHeld = source.Gauge("registry_msr_gc_lock_held",
		"1 while a garbage collection holds its lock (cluster_status: gc_lock_holder).", "endpoint")
	currentIssues = source.Gauge("registry_msr_current_issues",
		"Issues of RethinkDB by type; a type that is not known counts as unknown (cluster_status: current_issues, at the top and in rethink_system_tables).",
		"endpoint", "type", "critical")
)

// Names of the collectors of an MSR.
const (
	clusterStatusCollector = "msr"
	pingCollector          = "ping"
)

const clusterStatusPath = "/api/v0/meta/cluster_status"

// Sources ask every replica: each has a view of the cluster of its own.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	names := &serverNames{}
	return b.EachReplica(func(c *ask.Client) *source.Source {
		return &source.Source{
			Endpoint: c.Endpoint,
			Timeout:  time.Duration(b.MSR.Timeout),
			Read:     func(ctx context.Context) ([]source.Sample, error) { return readClusterStatus(ctx, c, names) },
			Words:    clusterStatusWords(c),
		}
	})
}

func readClusterStatus(ctx context.Context, c *ask.Client, names *serverNames) ([]source.Sample, error) {
	a, err := c.Get(ctx, c.Login, clusterStatusPath, ask.MaxBody)
	switch {
	case a == nil:
		return nil, fmt.Errorf("asking for cluster_status: %w", err)
	case a.Status != http.StatusOK:
		return nil, a.Refusal()
	}
	samples, parseErr := parseClusterStatus(a.Body, c.Endpoint, names)
	if err != nil { // the text was cut off: why is more useful than where
		return samples, err
	}
	return samples, parseErr
}

// maxEntries bounds what is kept of an answer while it is read, well above what a page takes.
const maxEntries = 10 * source.MaxSamples

// requiredKeys are those of the top level that every answer has.
var requiredKeys = [...]string{"replica_health", "rethink_system_tables", "replica_timestamp", "replica_readonly", "gc_lock_holder"}

// clusterStatus collects what one answer says.
type clusterStatus struct {
	decoder
	endpoint  string
	seen      [len(requiredKeys)]bool
	entries   int
	replicas  []source.Sample
	issues    issueCounts
	topIssues int // position of the issues at the top level, 0 when there are none
	tables    rethinkTables
}

// parseClusterStatus returns what could be read, and an error when that is not all.
func parseClusterStatus(body []byte, endpoint string, names *serverNames) ([]source.Sample, error) {
	s := &clusterStatus{decoder: decoder{data: body}, endpoint: endpoint}
	s.tables.named, s.tables.stats = map[string]struct{}{}, map[serverID]*serverNumbers{}
	err := s.whole()
	slices.SortStableFunc(s.replicas, func(a, b source.Sample) int {
		return cmp.Or(slices.Compare(a.Labels, b.Labels), strings.Compare(a.Metric.Name, b.Metric.Name))
	})
	samples := append(s.replicas, s.issues.samples(endpoint)...)
	return append(samples, s.tables.samples(endpoint, names)...), err
}

// whole reads the answer; the issues at the top come last, since those of the tables tell more.
func (s *clusterStatus) whole() error {
	err := s.object(s.field)
	if errors.Is(err, errShape) {
		return source.Failed(source.ReasonBadAnswer, "cluster_status is not a JSON object")
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
			return source.Failed(source.ReasonBadAnswer, "cluster_status has no %s", key)
		}
	}
	return nil
}

// keep counts what is kept, and fails when that is more than any cluster has.
func (s *clusterStatus) keep() error {
	if s.entries++; s.entries > maxEntries {
		return source.Failed(source.ReasonTooLarge, "more than %d replicas, servers and tables", maxEntries)
	}
	return nil
}

func (s *clusterStatus) field(key []byte) error {
	if i := indexOf(requiredKeys[:], key); i >= 0 {
		s.seen[i] = true
	}
	switch string(key) {
	case "replica_health":
		return s.perReplica(replicaHealth, s.verdict)
	case "replica_timestamp":
		return s.perReplica(replicaTimestamp, s.timestamp)
	case "replica_readonly":
		return s.perReplica(replicaReadonly, s.readonly)
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
func (s *clusterStatus) perReplica(m *source.Metric, read func() (value float64, said bool, err error)) error {
	return s.tolerate(func() error {
		return s.object(func(replica []byte) error {
			return s.tolerate(func() error {
				value, said, err := read()
				if err != nil || !said {
					return err
				}
				s.replicas = append(s.replicas, m.Sample(value, s.endpoint, string(replica)))
				return s.keep()
			})
		})
	})
}

func (s *clusterStatus) verdict() (ok float64, said bool, err error) {
	text, err := s.rawText()
	return source.Bool01(string(text) == "OK"), true, err
}

// timestamp is not said when an error text stands in its place, or a time that means never.
func (s *clusterStatus) timestamp() (at float64, said bool, err error) {
	text, err := s.text()
	if err != nil {
		return 0, false, err
	}
	t, _ := time.Parse(time.RFC3339, text)
	return source.Unix(t), happened(t), nil
}

// happened is false for what programs write for never: the zero time of Go or of Unix.
func happened(t time.Time) bool { return t.Unix() > 0 }

func (s *clusterStatus) readonly() (on float64, said bool, err error) {
	readonly, err := s.boolean()
	return source.Bool01(readonly), true, err
}

func (s *clusterStatus) gcLock() error {
	if s.null() {
		return nil
	}
	holder, err := s.rawText()
	if err != nil {
		return err
	}
	s.replicas = append(s.replicas, gcLockHeld.Sample(source.Bool01(len(holder) > 0), s.endpoint))
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

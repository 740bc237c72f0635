package collector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

var (
	msrReplicaHealth = gauge("registry_msr_replica_health",
		"1 if the verdict on the replica is exactly OK, as this endpoint sees it (cluster_status: replica_health).",
		"endpoint", "replica")
	msrReplicaTimestamp = gauge("registry_msr_replica_timestamp_seconds",
		"When the replica gave its verdict, in seconds since 1970 (cluster_status: replica_timestamp).",
		"endpoint", "replica")
	msrReplicaReadonly = gauge("registry_msr_replica_readonly",
		"1 if the registry of the replica refuses writes (cluster_status: replica_readonly).",
		"endpoint", "replica")
	msrGCLockHeld = gauge("registry_msr_gc_lock_held",
		"1 while a garbage collection holds its lock (cluster_status: gc_lock_holder).", "endpoint")
	msrIssues = gauge("registry_msr_current_issues",
		"Issues of RethinkDB by type; a type that is not known counts as unknown (cluster_status: current_issues, at the top and in rethink_system_tables).",
		"endpoint", "type", "critical")
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

// clusterStatus collects what one answer says.
type clusterStatus struct {
	decoder
	endpoint string
	replicas []sample
	issues   issueCounts
	tables   rethinkTables
	seen     map[string]bool // keys of the top level
	topLevel int             // position of the issues at the top, 0 when there are none
}

// parseClusterStatus returns what could be read, and an error when that is not all.
func parseClusterStatus(body []byte, endpoint string, names *serverNames) ([]sample, error) {
	s := &clusterStatus{decoder: decoder{data: body}, endpoint: endpoint, seen: map[string]bool{}}
	err := s.object(s.field)
	if errors.Is(err, errShape) {
		return nil, failed(reasonBadAnswer, "cluster_status is not a JSON object")
	}
	if err == nil {
		err = s.end()
	}
	if s.topLevel > 0 {
		again := &clusterStatus{decoder: decoder{data: body, pos: s.topLevel}, issues: s.issues}
		_ = again.rows(func() error { return again.issue(true) })
		s.issues = again.issues
	}
	if err == nil {
		err = s.missing()
	}
	samples := append(s.replicas, s.issues.samples(endpoint)...)
	return append(samples, s.tables.samples(endpoint, names)...), err
}

func (s *clusterStatus) missing() error {
	for _, key := range []string{"replica_health", "rethink_system_tables", "replica_timestamp", "replica_readonly", "gc_lock_holder"} {
		if !s.seen[key] {
			return failed(reasonBadAnswer, "cluster_status has no %s", key)
		}
	}
	return nil
}

func (s *clusterStatus) field(key []byte) error {
	name := string(key)
	s.seen[name] = true
	switch name {
	case "replica_health":
		return s.perReplica(func() (sample, error) {
			verdict, err := s.rawText()
			return msrReplicaHealth.sample(bool01(string(verdict) == "OK"), s.endpoint, ""), err
		})
	case "replica_timestamp":
		return s.perReplica(func() (sample, error) {
			text, err := s.text()
			at, bad := time.Parse(time.RFC3339, text)
			if err != nil || bad != nil { // an error text may stand here: then there is no time
				return sample{}, err
			}
			return msrReplicaTimestamp.sample(unix(at), s.endpoint, ""), nil
		})
	case "replica_readonly":
		return s.perReplica(func() (sample, error) {
			readonly, err := s.boolean()
			return msrReplicaReadonly.sample(bool01(readonly), s.endpoint, ""), err
		})
	case "gc_lock_holder":
		return s.tolerate(s.gcLock)
	case "current_issues":
		s.space()
		s.topLevel = s.pos
		return s.skip()
	case "rethink_system_tables":
		return s.tolerate(func() error { return s.object(s.table) })
	}
	return s.skip()
}

func (s *clusterStatus) gcLock() error {
	if s.null() {
		return nil
	}
	holder, err := s.rawText()
	if err == nil {
		s.replicas = append(s.replicas, msrGCLockHeld.sample(bool01(len(holder) > 0), s.endpoint))
	}
	return err
}

// perReplica reads {"<replica>": …}; a sample without a metric is left out.
func (s *clusterStatus) perReplica(value func() (sample, error)) error {
	return s.tolerate(func() error {
		return s.object(func(replica []byte) error {
			return s.tolerate(func() error {
				one, err := value()
				if err == nil && one.metric != nil {
					one.labels[1] = cleanLabel(string(replica))
					s.replicas = append(s.replicas, one)
				}
				return err
			})
		})
	})
}

// rows reads a list of rows, each on its own: an odd one is passed over.
func (s *clusterStatus) rows(row func() error) error {
	return s.tolerate(func() error {
		return s.array(func() error { return s.tolerate(row) })
	})
}

// table reads one system table.
func (s *clusterStatus) table(name []byte) error {
	switch string(name) {
	case "current_issues":
		s.issues.read = true
		return s.rows(func() error { return s.issue(false) })
	case "server_status":
		s.tables.read = true
		return s.rows(s.serverStatus)
	case "table_config":
		return s.rows(s.tableConfig)
	case "table_status":
		return s.rows(s.tableStatus)
	case "stats":
		return s.rows(s.stats)
	}
	return s.skip()
}

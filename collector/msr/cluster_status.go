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
		"1 if the verdict on the replica is exactly OK, as this address sees it (cluster_status: replica_health).",
		"address", "replica").Outside("replica")
	replicaTimestamp = source.Gauge("registry_msr_replica_timestamp_seconds",
		"When the replica gave its verdict, in seconds since 1970 (cluster_status: replica_timestamp).",
		"address", "replica").Outside("replica")
	replicaReadonly = source.Gauge("registry_msr_replica_readonly",
		"1 if the registry of the replica refuses writes (cluster_status: replica_readonly).",
		"address", "replica").Outside("replica")
	gcLockHeld = source.Gauge("registry_msr_gc_lock_held",
		"1 while a garbage collection holds its lock (cluster_status: gc_lock_holder).", "address")
	currentIssues = source.Gauge("registry_msr_current_issues",
		"Issues of RethinkDB by type; a type that is not known counts as unknown (cluster_status: current_issues, at the top and in rethink_system_tables).",
		"address", "type", "critical")
)

// The collectors of an MSR, as in the label "collector".
const (
	clusterStatusCollector = "msr"
	pingCollector          = "ping"
)

const clusterStatusPath = "/api/v0/meta/cluster_status"

// Sources makes a source of cluster_status for each replica (msr.replicas), and none for a registry without msr. An error
// names the key of the configuration that is wrong, such as a ca_file that is missing. The sources share the names of
// RethinkDB's servers.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	names := &serverNames{}
	return b.EachReplica(func(c *ask.Client) *source.Source {
		return &source.Source{
			Address: c.Address,
			Timeout: time.Duration(b.MSR.Timeout),
			Read:    func(ctx context.Context) ([]source.Sample, error) { return readClusterStatus(ctx, c, names) },
			Words:   clusterStatusWords(c),
		}
	})
}

// readClusterStatus asks a replica. When cluster_status has more than ask.MaxBody bytes, it returns the samples of those
// bytes, and an error.
func readClusterStatus(ctx context.Context, c *ask.Client, names *serverNames) (samples []source.Sample, err error) {
	c.Use(ctx, c.Login, clusterStatusPath, ask.MaxBody, func(a *ask.Answer, got error) {
		samples, err = samplesOf(a, got, c.Address, names)
	})
	return samples, err
}

// samplesOf are those of an answer, with the error that came with it.
func samplesOf(a *ask.Answer, err error, address string, names *serverNames) ([]source.Sample, error) {
	switch {
	case a == nil:
		return nil, fmt.Errorf("asking for cluster_status: %w", err)
	case a.Status != http.StatusOK:
		return nil, a.Refusal()
	}
	samples, parseErr := parseClusterStatus(a.Body, address, names)
	if err != nil { // err says why the text is cut off, parseErr only at which byte
		return samples, err
	}
	return samples, parseErr
}

// maxEntries bounds the replicas, servers, peers and tables that are kept while an answer is read. A page shows at most
// source.MaxSamples samples of them, a tenth.
const maxEntries = 10 * source.MaxSamples

// requiredKeys are in every cluster_status, at the top level.
var requiredKeys = [...]string{"replica_health", "rethink_system_tables", "replica_timestamp", "replica_readonly", "gc_lock_holder"}

// A clusterStatus is one answer while it is read.
type clusterStatus struct {
	decoder
	address     string
	seen        [len(requiredKeys)]bool // the keys that the answer has
	entries     int                     // kept until now, at most maxEntries
	replicas    []source.Sample         // of replica_health, replica_timestamp, replica_readonly and gc_lock_holder
	issues      issueCounts
	topIssuesAt int // index in data of the current_issues at the top level, 0 when there are none
	database    database
}

// parseClusterStatus reads the body of an answer. It returns the samples of all that it could read, and an error with
// reason bad_answer or too_large when it could not read everything.
func parseClusterStatus(body []byte, address string, names *serverNames) ([]source.Sample, error) {
	s := &clusterStatus{decoder: decoder{data: body}, address: address}
	s.database.named, s.database.stats = map[string]*states{}, map[serverID]*serverNumbers{}
	err := s.answer()
	slices.SortStableFunc(s.replicas, func(a, b source.Sample) int {
		return cmp.Or(slices.Compare(a.Labels, b.Labels), strings.Compare(a.Metric.Name, b.Metric.Name))
	})
	samples := append(s.replicas, s.issues.samples(address)...)
	return append(samples, s.database.samples(address, names)...), err
}

// answer reads the whole answer. It reads the issues at the top level last: an issue that stands in rethink_system_tables, too,
// has a type there, and counts once, with that type.
func (s *clusterStatus) answer() error {
	err := s.object(s.field)
	if errors.Is(err, errShape) {
		return source.Failed(source.ReasonBadAnswer, "cluster_status is not a JSON object")
	}
	if err == nil {
		err = s.end()
	}
	if s.topIssuesAt > 0 {
		s.pos, s.depth = s.topIssuesAt, 1
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

// missing returns an error when a required key is missing.
func (s *clusterStatus) missing() error {
	for i, key := range requiredKeys {
		if !s.seen[i] {
			return source.Failed(source.ReasonBadAnswer, "cluster_status has no %s", key)
		}
	}
	return nil
}

// keep counts one more entry. It returns an error with reason too_large above maxEntries.
func (s *clusterStatus) keep() error {
	if s.entries++; s.entries > maxEntries {
		return source.Failed(source.ReasonTooLarge, "more than %d replicas, servers and tables", maxEntries)
	}
	return nil
}

// field reads the value of a key at the top level.
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
		s.topIssuesAt = s.pos
		return s.skip()
	case "rethink_system_tables":
		return s.tolerate(func() error { return s.object(s.systemTable) })
	}
	return s.skip()
}

// perReplica reads an object with a value for each replica, such as {"f2277ad178f7": "OK"}, and calls read for each
// value. When read fails for one replica, the samples of the others stay. A value that read does not know becomes no
// sample.
func (s *clusterStatus) perReplica(m *source.Metric, read func() (value float64, known bool, err error)) error {
	return s.tolerate(func() error {
		return s.object(func(replica []byte) error {
			return s.tolerate(func() error {
				value, known, err := read()
				if err != nil || !known {
					return err
				}
				s.replicas = append(s.replicas, m.Sample(value, s.address, string(replica)))
				return s.keep()
			})
		})
	})
}

// verdict reads 1 for "OK", 0 for any other text.
func (s *clusterStatus) verdict() (ok float64, known bool, err error) {
	text, err := s.rawText()
	return source.Bool01(string(text) == "OK"), true, err
}

// timestamp reads a time such as "2026-11-21T18:25:20Z", in seconds since 1970. It is not known when the text is an error
// message, or stands for never.
func (s *clusterStatus) timestamp() (at float64, known bool, err error) {
	text, err := s.text()
	if err != nil {
		return 0, false, err
	}
	t, _ := time.Parse(time.RFC3339, text)
	return source.Unix(t), happened(t), nil
}

// happened is false for the times that stand for never: 0001-01-01, the zero time of Go, and 1970-01-01, that of Unix.
func happened(t time.Time) bool { return t.Unix() > 0 }

// readonly reads 1 for true, 0 for false.
func (s *clusterStatus) readonly() (on float64, known bool, err error) {
	readonly, err := s.boolean()
	return source.Bool01(readonly), true, err
}

// gcLock reads the holder of the lock: a text, empty when nobody holds it, or null when it is not known.
func (s *clusterStatus) gcLock() error {
	if s.null() {
		return nil
	}
	holder, err := s.rawText()
	if err != nil {
		return err
	}
	s.replicas = append(s.replicas, gcLockHeld.Sample(source.Bool01(len(holder) > 0), s.address))
	return s.keep()
}

package msr

import (
	"errors"
	"hash/maphash"
	"slices"

	"registry_exporter/collector/source"
)

// issueTypes are the types that RethinkDB documents, and unknown for all others.
var issueTypes = []string{
	"log_write_error", "server_name_collision", "db_name_collision", "table_name_collision",
	"outdated_index", "table_availability", "memory_error", "non_transitive_error", "unknown",
}

// issueCounts counts issues by their labels. cluster_status has two lists of them: current_issues at its top level, and
// the table current_issues in rethink_system_tables. An issue that stands in both counts once.
type issueCounts struct {
	read   bool // one of the lists was read to its end; it may be empty
	counts map[issueLabels]int
	seen   map[uint64]struct{} // hashes of the ids and descriptions that were read
	seed   maphash.Seed        // of the hashes
}

// issueLabels are the labels of currentIssues.
type issueLabels struct {
	typeName string // one of issueTypes
	critical bool
}

// An issue is one row of current_issues.
type issue struct {
	id, typeName, description []byte
	critical                  bool
}

// issue reads and counts a row. A field of another type than expected is left out. A row that is no object counts as type
// unknown. top says that the row stands at the top level, where it may lack id and type.
func (s *clusterStatus) issue(top bool) error {
	var i issue
	err := s.object(func(key []byte) error {
		return s.tolerate(func() error { return s.issueField(&i, key) })
	})
	if err == nil || errors.Is(err, errShape) {
		s.issues.add(i, top)
	}
	return err
}

// issueField reads the value of a key of a row into i.
func (s *clusterStatus) issueField(i *issue, key []byte) (err error) {
	switch string(key) {
	case "id":
		i.id, err = s.rawText()
	case "type":
		i.typeName, err = s.rawText()
	case "description":
		i.description, err = s.rawText()
	case "critical":
		i.critical, err = s.boolean()
	default:
		err = s.skip()
	}
	return err
}

// add counts an issue, unless an issue with the same id was counted before. An issue without an id, or one at the top
// level, is also left out when an issue with the same description was counted.
func (c *issueCounts) add(i issue, top bool) {
	if c.seen == nil {
		c.seen, c.counts, c.seed = map[uint64]struct{}{}, map[issueLabels]int{}, maphash.MakeSeed()
	}
	sameID := c.note("id", i.id)
	sameText := c.note("description", i.description)
	if sameID || sameText && (top || len(i.id) == 0) {
		return
	}
	name := string(i.typeName)
	if !slices.Contains(issueTypes, name) {
		name = "unknown"
	}
	c.counts[issueLabels{name, i.critical}]++
}

// note remembers a text of a field, unless it is empty, and returns whether it was known before.
func (c *issueCounts) note(field string, text []byte) (known bool) {
	if len(text) == 0 {
		return false
	}
	var h maphash.Hash
	h.SetSeed(c.seed)
	_, _ = h.WriteString(field)
	_, _ = h.Write(text)
	sum := h.Sum64()
	_, known = c.seen[sum]
	c.seen[sum] = struct{}{}
	return known
}

// samples has two samples for each type, and none when no list was read.
func (c *issueCounts) samples(address string) []source.Sample {
	if !c.read {
		return nil
	}
	var out []source.Sample
	for _, name := range issueTypes {
		out = append(out,
			currentIssues.Sample(float64(c.counts[issueLabels{name, true}]), address, name, "true"),
			currentIssues.Sample(float64(c.counts[issueLabels{name, false}]), address, name, "false"))
	}
	return out
}

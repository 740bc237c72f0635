package msr

import (
	"errors"
	"hash/maphash"
	"slices"

	"registry_exporter/collector/source"
)

// issueTypes are those that RethinkDB documents; whatever else counts as the last.
var issueTypes = []string{
	"log_write_error", "server_name_collision", "db_name_collision", "table_name_collision",
	"outdated_index", "table_availability", "memory_error", "non_transitive_error", "unknown",
}

// issueCounts counts issues by type, each once, wherever it stands.
type issueCounts struct {
	read   bool // a list of issues was read, if only an empty one
	counts map[issueKind]int
	seen   map[uint64]struct{}
	seed   maphash.Seed
}

type issueKind struct {
	kind     string
	critical bool
}

// An issue is one row of current_issues.
type issue struct {
	id, kind, description []byte
	critical              bool
}

// issue reads a row, each field on its own. At the top level neither id nor type need be there.
// A row of another shape is an issue too: without it there would seem to be none.
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

func (s *clusterStatus) issueField(i *issue, key []byte) (err error) {
	switch string(key) {
	case "id":
		i.id, err = s.rawText()
	case "type":
		i.kind, err = s.rawText()
	case "description":
		i.description, err = s.rawText()
	case "critical":
		i.critical, err = s.boolean()
	default:
		err = s.skip()
	}
	return err
}

// add counts an issue unless it was counted before. Its id tells; where there is none, and for all at
// the top level, the description does.
func (c *issueCounts) add(i issue, top bool) {
	if c.seen == nil {
		c.seen, c.counts, c.seed = map[uint64]struct{}{}, map[issueKind]int{}, maphash.MakeSeed()
	}
	sameID := c.note('i', i.id)
	sameText := c.note('d', i.description)
	if sameID || sameText && (top || len(i.id) == 0) {
		return
	}
	name := string(i.kind)
	if !slices.Contains(issueTypes, name) {
		name = "unknown"
	}
	c.counts[issueKind{name, i.critical}]++
}

// note remembers a text, if there is one, and says whether it was there before.
func (c *issueCounts) note(what byte, text []byte) (known bool) {
	if len(text) == 0 {
		return false
	}
	var h maphash.Hash
	h.SetSeed(c.seed)
	_ = h.WriteByte(what)
	_, _ = h.Write(text)
	sum := h.Sum64()
	_, known = c.seen[sum]
	c.seen[sum] = struct{}{}
	return known
}

func (c *issueCounts) samples(endpoint string) []source.Sample {
	if !c.read {
		return nil
	}
	var out []source.Sample
	for _, kind := range issueTypes {
		out = append(out,
			currentIssues.Sample(float64(c.counts[issueKind{kind, true}]), endpoint, kind, "true"),
			currentIssues.Sample(float64(c.counts[issueKind{kind, false}]), endpoint, kind, "false"))
	}
	return out
}

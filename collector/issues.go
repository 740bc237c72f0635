package collector

import (
	"hash/maphash"
	"slices"
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

// issue reads one row of current_issues. At the top level a row may have neither id nor type:
// there the description tells whether it was counted already.
func (s *clusterStatus) issue(top bool) error {
	var id, kind, description []byte
	var critical bool
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "id":
			id, err = s.rawText()
		case "type":
			kind, err = s.rawText()
		case "description":
			description, err = s.rawText()
		case "critical":
			critical, err = s.boolean()
		default:
			err = s.skip()
		}
		return err
	})
	if err == nil {
		s.issues.add(id, kind, description, critical, top)
	}
	return err
}

func (c *issueCounts) add(id, kind, description []byte, critical, top bool) {
	if c.seen == nil {
		c.seen, c.counts, c.seed = map[uint64]struct{}{}, map[issueKind]int{}, maphash.MakeSeed()
	}
	c.read = true
	known := len(id) > 0 && c.note('i', id)
	if (top || len(id) == 0) && len(description) > 0 {
		known = c.note('d', description) || known
	} else if len(description) > 0 {
		c.note('d', description)
	}
	if known {
		return
	}
	name := string(kind)
	if !slices.Contains(issueTypes, name) {
		name = "unknown"
	}
	c.counts[issueKind{name, critical}]++
}

// note remembers a text and says whether it was there before.
func (c *issueCounts) note(what byte, text []byte) (known bool) {
	var h maphash.Hash
	h.SetSeed(c.seed)
	_ = h.WriteByte(what)
	_, _ = h.Write(text)
	sum := h.Sum64()
	_, known = c.seen[sum]
	c.seen[sum] = struct{}{}
	return known
}

func (c *issueCounts) samples(endpoint string) []sample {
	if !c.read {
		return nil
	}
	var out []sample
	for _, kind := range issueTypes {
		out = append(out,
			msrIssues.sample(float64(c.counts[issueKind{kind, true}]), endpoint, kind, "true"),
			msrIssues.sample(float64(c.counts[issueKind{kind, false}]), endpoint, kind, "false"))
	}
	return out
}

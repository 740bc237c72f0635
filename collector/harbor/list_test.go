package harbor

import (
	"strings"
	"testing"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// A row takes two bytes of an answer, and hundreds of memory.
func TestRowsOfAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		rows int
		want string
	}{
		"as many as may be": {"[" + strings.Repeat("{},", maxListed-1) + "{}]", maxListed, ""},
		"one more":          {"[" + strings.Repeat("{},", maxListed) + "{}]", maxListed, source.ReasonTooLarge},
		"without end":       {"[" + strings.Repeat("{},", 300_000) + "{}]", maxListed, source.ReasonTooLarge},
		"none":              {"null", 0, ""},
		"another type":      {`{"rows":[]}`, 0, source.ReasonBadAnswer},
		"rows of texts":     {`["a"]`, 0, source.ReasonBadAnswer},
		"cut off":           {`[{},`, 0, source.ReasonBadAnswer},
	} {
		var rows list[policy]
		if err := ask.FromJSON([]byte(c.text), &rows); source.Reason(err) != c.want || len(rows) != c.rows {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}

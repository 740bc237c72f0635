package alerts_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of README.md as the rules say")

// Heads of the tables that the test writes into the README: of faults, and of alerts. The latter ends the file.
const (
	faultHead = "| fault | told by | seen by | what follows | may be told |\n|---|---|---|---|---|\n"
	tableHead = "| alert | severity | for | what it means |\n|---|---|---|---|\n"
)

func TestReadme(t *testing.T) {
	const file = "README.md"
	text := read(t, file)
	before, rest, found := strings.Cut(text, faultHead)
	_, between, second := strings.Cut(rest, "\n\n")
	between, _, third := strings.Cut(between, tableHead)
	if !found || !second || !third {
		t.Fatal("the two tables are not there")
	}
	writeOrCompare(t, file, before+faultHead+faultTable()+"\n"+between+tableHead+table(t), "TestReadme")
}

func table(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, r := range alertRules(t) {
		meaning := strings.ReplaceAll(strings.TrimPrefix(r.Comment, "# "), "\n# ", " ")
		if meaning == "" {
			t.Errorf("%s has no comment that says what it means", r.Alert)
		}
		fmt.Fprintf(&b, "| [%[1]s](../runbooks/%[1]s.md) | %[2]s | %[3]s | %[4]s |\n", r.Alert, r.Labels["severity"], short(r.For), meaning)
	}
	return b.String()
}

// short writes 2m for 2m0s.
func short(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "h0m") + map[bool]string{true: "h"}[d%time.Hour == 0]
}

package alerts_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of README.md as the rules say")

// tableHead begins the table of the alerts, which ends the file.
const tableHead = "| alert | severity | for | what it means |\n|---|---|---|---|\n"

func TestReadme(t *testing.T) {
	const file = "README.md"
	before, _, found := strings.Cut(read(t, file), tableHead)
	if !found {
		t.Fatal("no table of alerts")
	}
	want := before + tableHead + table(t)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, file) != want {
		t.Error("the table of alerts is not what the rules say: run go test . -run TestReadme -update")
	}
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

// short is 2m for 2m0s.
func short(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "h0m") + map[bool]string{true: "h"}[d%time.Hour == 0]
}

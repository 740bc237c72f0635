package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// requireStored waits until Prometheus has stored which sources fail. It scrapes with 2 s: what is slower
// than that is told as a timeout.
func (s *Stack) requireStored(t *testing.T, f Fault) {
	t.Helper()
	var want []string
	for _, line := range f.Fails {
		want = append(want, line[:len(line)-len(reasonOf(line))])
	}
	slices.Sort(want)
	var got []string
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		samples, err := s.query(`registry_collector_failure`)
		if err != nil {
			t.Fatal(err)
		}
		got = got[:0]
		for _, labels := range samples {
			got = append(got, fmt.Sprintf("%s %s: ", labels["collector"], s.program(labels["endpoint"])))
		}
		if slices.Sort(got); slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("what Prometheus stored:\n  got  %q\n  want %q", got, want)
}

func reasonOf(line string) string {
	for i := len(line) - 1; i > 0; i-- {
		if line[i] == ' ' {
			return line[i+1:]
		}
	}
	return line
}

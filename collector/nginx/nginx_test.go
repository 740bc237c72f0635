package nginx

import (
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

func FuzzStubStatus(f *testing.F) {
	const page = "Active connections: 1 \nserver accepts handled requests\n 687 687 1726 \nReading: 0 Writing: 1 Waiting: 0 \n"
	for _, seed := range []string{
		page, strings.ReplaceAll(page, "\n", "\r\n"),
		"Active connections: 3 \nserver accepts handled requests request_time\n 1024 1020 5000 831 \nReading: 0 Writing: 1 Waiting: 2 \n",
		"Active connections: 1 \nserver accepts accepts requests\n 1 2 3 \nReading: 0 Reading: 1 Waiting: 0 \n",
		"Active connections: -1\nserver accepts handled requests\n 9223372036854775808 687 1726\nReading: x Writing: 1 Waiting: 0", "", "\n\n\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := parseStubStatus(text, "nginx.example.org:80")
		if err != nil {
			if len(samples) > 0 || source.Reason(err) != source.ReasonBadAnswer {
				t.Fatalf("%d samples beside %v", len(samples), err)
			}
			return
		}
		seen := map[uint64]bool{}
		for _, s := range samples {
			if s.Value < 0 || seen[s.Key()] {
				t.Fatalf("%s %q is %v, or stands twice", s.Metric.Name, s.Labels, s.Value)
			}
			seen[s.Key()] = true
		}
		if len(seen) != len(stubStatus) {
			t.Fatalf("%d samples, want all %d", len(seen), len(stubStatus))
		}
	})
}

package accesslog

import (
	"testing"

	"registry_exporter/accesslog/genlog"
)

// logOf is a log of so many lines, as a registry's web server writes it.
func logOf(lines int, appendLine func(*genlog.Generator, []byte) []byte) []byte {
	g := genlog.New(7)
	var log []byte
	for range lines {
		log = appendLine(g, log)
	}
	return log
}

func newCounts(t testing.TB, o Options) *Counts {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var logs = []struct {
	name, format string
	appendLine   func(*genlog.Generator, []byte) []byte
}{
	{"timed", genlog.Timed, (*genlog.Generator).AppendTimed},
	{"json", genlog.JSON, (*genlog.Generator).AppendJSON},
}

// A line may take 1 µs on one core, and no allocation.
func BenchmarkAdd(b *testing.B) {
	const lines = 50_000
	for _, log := range logs {
		b.Run(log.name, func(b *testing.B) {
			text := logOf(lines, log.appendLine)
			c := newCounts(b, Options{Format: log.format, Depth: AllButLast})
			c.Add(text)
			b.ReportAllocs()
			b.ResetTimer()
			n := 0
			for b.Loop() {
				c.Add(text)
				n += lines
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/line")
			b.ReportMetric(float64(len(text))/lines, "bytes/line")
			if c.unmatched > 0 {
				b.Errorf("%d lines unmatched", c.unmatched)
			}
		})
	}
}

func BenchmarkMarshalBinary(b *testing.B) {
	c := newCounts(b, Options{Format: genlog.Timed})
	c.Add(logOf(50_000, (*genlog.Generator).AppendTimed))
	for b.Loop() {
		data, _ := c.MarshalBinary()
		b.ReportMetric(float64(len(data)), "bytes")
	}
}

package accesslog

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"registry_exporter/accesslog/genlog"
)

// text is all that is not 0, in order.
func (r *reference) text() string {
	var all []string
	for name, value := range r.rows {
		if value != 0 {
			all = append(all, fmt.Sprintf("%s %.0f", name, value))
		}
	}
	sort.Strings(all)
	return strings.Join(all, "\n")
}

// textOf is the same of a snapshot.
func textOf(s Snapshot) string {
	r := reference{rows: map[string]float64{}}
	for name, rows := range map[string][]Row{
		"lines": s.Lines, "requests": s.Requests, "bytes": s.Bytes, "operations": s.Operations, "transfer_seconds": s.TransferSeconds,
		"layers": s.Layers, "slow_layers": s.SlowLayers, "empty_pulls": s.EmptyPulls, "incomplete_pulls": s.IncompletePulls,
		"upload_lost": s.UploadLost, "upstreams": s.Upstreams,
	} {
		for _, row := range rows {
			if name == "transfer_seconds" {
				row.Value *= 1e6
			}
			r.add(row.Value, name, row.Labels...)
		}
	}
	for _, h := range s.Durations {
		r.add(float64(h.Count), "durations", h.Operation)
	}
	return r.text()
}

var otherMethods = strings.NewReplacer("GET", "DELETE", "PUT", "GET", "HEAD", "POST", "PATCH", "PUT")

// mutate makes of a line what nobody foresaw.
func mutate(r *rand.Rand, line string) string {
	b := []byte(line)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(b) + 1)
		end := min(len(b), at+1+r.IntN(8))
		switch r.IntN(7) {
		case 0:
			b = append(b[:at:at], b[end:]...)
		case 1:
			b = append(b[:at:at], append([]byte{byte(r.IntN(256))}, b[at:]...)...)
		case 2:
			pieces := []string{`"`, `\`, `\"`, `" `, ` "`, `, `, ` : `, `-`, `/`, `%2f`, `%`, `?`, `/v2/`, `/manifests/`, `/blobs/`, `/blobs/uploads/`, `_trust/`, `mount=`, ` `, `{`, `}`, `,`, `.`, `0`}
			b = append(b[:at:at], append([]byte(pieces[r.IntN(len(pieces))]), b[at:]...)...)
		case 3:
			if at < len(b) {
				b[at] ^= 1 << r.IntN(8)
			}
		case 4:
			b = b[:at]
		case 5:
			b = append(b[:end:end], b[at:]...)
		case 6:
			b = []byte(otherMethods.Replace(string(b)))
		}
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, string(b))
}

func TestReference(t *testing.T) {
	const lines = 4_000
	for _, log := range logs {
		t.Run(log.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(11, 12))
			c := newCounts(t, Options{Format: log.format, Depth: AllButLast, MaxProjects: maxProjects})
			r := newReference(references[log.name])
			g := genlog.New(13)
			for i := range lines {
				line := strings.TrimSuffix(string(log.appendLine(g, nil)), "\n")
				if i%2 == 1 {
					line = mutate(random, line)
				}
				c.Add([]byte(line + "\n"))
				r.read(line)
				if i%1000 > 0 && c.parsed == uint64(r.rows["lines{parsed}"]) {
					continue
				}
				if got, want := textOf(c.Snapshot()), r.text(); got != want {
					t.Fatalf("after line %d\n%s\n%s", i, line, difference(got, want))
				}
			}
			if got, want := textOf(c.Snapshot()), r.text(); got != want {
				t.Errorf("at the end\n%s", difference(got, want))
			}
			if c.parsed < lines/2 || c.unmatched < lines/20 {
				t.Errorf("%d parsed, %d unmatched: that proves little", c.parsed, c.unmatched)
			}
		})
	}
}

// difference are the lines that only one of the two has.
func difference(got, want string) string {
	var b strings.Builder
	for line := range strings.Lines(got + "\n") {
		if !strings.Contains("\n"+want+"\n", "\n"+line) {
			fmt.Fprintf(&b, "got  %s", line)
		}
	}
	for line := range strings.Lines(want + "\n") {
		if !strings.Contains("\n"+got+"\n", "\n"+line) {
			fmt.Fprintf(&b, "want %s", line)
		}
	}
	return b.String()
}

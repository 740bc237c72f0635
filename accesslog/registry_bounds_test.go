package accesslog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// registryLine is one that no other is like: every tenth is of a request that failed.
func registryLine(n int) string {
	if n%10 == 0 {
		return fmt.Sprintf(strings.ReplaceAll(errorLine, "/manifests/1 ", "/manifests/%d ")+"\n", "swift: HTTP Error: 503: 503 Service Unavailable", n, 500)
	}
	return fmt.Sprintf(`time="2026-11-28T17:45:08.468573485Z" level=info msg="response completed" go.version=go1.19.8 http.request.host="127.0.0.1:5000" `+
		`http.request.id=06e4e715-472c-4448-acc3-688d75eab5c4 http.request.method=GET http.request.remoteaddr="127.0.0.1:36286" `+
		`http.request.uri="/v2/team%d/app/blobs/sha256:%064x" http.request.useragent=containerd/2.0 http.response.contenttype=application/octet-stream `+
		"http.response.duration=8.61609ms http.response.status=200 http.response.written=%d\n", n%70, n, 3000000+n)
}

// A line of the registry's own log has the promises of the access log's, since the same reader reads it.
func TestEachRegistryLineOnce(t *testing.T) {
	for name, happens := range map[string]func(*tailTest){
		"rotated by rename": func(tt *tailTest) {
			tt.write("registry.log", 20)
			tt.look()
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 7)
		},
		"rotated and compressed while the exporter was down": func(tt *tailTest) {
			tt.write("registry.log", 20)
			tt.restart(func() {
				tt.write("registry.log", 30)
				tt.compress("registry.log.1")
				tt.write("registry.log", 3)
			})
		},
		"killed between two saves": func(tt *tailTest) {
			tt.write("registry.log", 20)
			tt.look()
			tt.scrape()
			tt.write("registry.log", 20)
			tt.look()
			tt.kill(idle)
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTailTestOf(t, registryLine, TailOptions{Registry: RegistryOptions{Format: "text"}})
			happens(tt)
			tt.exact()
			errors := 0.0
			for _, row := range tt.scrape().Registry.Errors {
				errors += row.Value
			}
			if want := (tt.written + 9) / 10; int(errors) != want {
				t.Errorf("%v errors are counted, want %d", errors, want)
			}
		})
	}
}

// A Tailer of access logs does not take the counters of a registry's own log, nor those of another format.
func TestRegistryCountersOfOtherOptions(t *testing.T) {
	c := newRegistryCounts(t, "text")
	c.Add([]byte(registryLine(0)))
	data, _ := c.MarshalBinary()
	for name, into := range map[string]counter{
		"JSON": newRegistryCounts(t, "json"), "an access log": newCounts(t, Options{Format: "combined"}),
	} {
		if err := into.UnmarshalBinary(data); err != errOtherOptions {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, damaged := range map[string][]byte{"cut": data[:len(data)-1], "more": append(bytes.Clone(data), 0), "nothing": nil} {
		if err := newRegistryCounts(t, "text").UnmarshalBinary(damaged); err != errDamaged {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// registryRestarted is c after a restart.
func registryRestarted(t *testing.T, c *RegistryCounts) *RegistryCounts {
	t.Helper()
	data, err := c.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	again := newRegistryCounts(t, c.options.Format)
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if a, b := shown(c.Snapshot()), shown(again.Snapshot()); a != b || !again.Snapshot().LastLine.Equal(c.Snapshot().LastLine) {
		t.Fatalf("after a restart\n%s\nbefore\n%s", b, a)
	}
	return again
}

func TestRegistryRestarts(t *testing.T) {
	whole, often := newRegistryCounts(t, "text"), newRegistryCounts(t, "text")
	whole.TooLong(2)
	often.TooLong(2)
	for i := range 3000 {
		line := []byte(registryLine(i))
		whole.Add(line)
		often.Add(line)
		if i%100 == 0 {
			often = registryRestarted(t, often)
		}
	}
	if a, b := shown(whole.Snapshot()), shown(often.Snapshot()); a != b {
		t.Errorf("with restarts\n%s\nwithout\n%s", b, a)
	}
}

// Whoever makes names up gets no more series than there are places, and those of real repositories are left.
func TestFloodOfRepositories(t *testing.T) {
	c := newRegistryCounts(t, "text")
	for i := range 100_000 {
		c.Add([]byte(strings.ReplaceAll(fmt.Sprintf(errorLine, "swift: x", 500), "a/b", fmt.Sprint("flood", i/20)) + "\n"))
	}
	if n := len(c.places.names) - 1; n != maxRepositories/2 {
		t.Errorf("%d places are taken, want half of %d", n, maxRepositories)
	}
	for i := range 1000 {
		c.Add([]byte(registryLine(1 + 10*i)))
	}
	if _, found := c.places.byName["team1/app"]; !found {
		t.Error("a repository that people pull from gets no place")
	}
	if n := len(c.Snapshot().RepositoryErrors); n > maxRepositories+1 {
		t.Errorf("%d series", n)
	}
}

// A repository in which nothing goes well gets a name after ten errors.
func TestRepositoryThatFailsAlwaysGetsAName(t *testing.T) {
	c := newRegistryCounts(t, "text")
	for range 12 {
		c.Add([]byte(fmt.Sprintf(errorLine, "swift: x", 500) + "\n"))
	}
	if got := shown(c.Snapshot()); !strings.Contains(got, "repository other storage 9\nrepository a/b storage 3\n") {
		t.Error(got)
	}
}

// A line may take 1 µs on one core in the format text, and no allocation.
func BenchmarkRegistryAdd(b *testing.B) {
	const lines = 20_000
	var text []byte
	for i := range lines {
		text = append(text, registryLine(i)...)
	}
	c := newRegistryCounts(b, "text")
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
}

// Any text is counted line by line, and the counters outlive a restart. Our reader of JSON takes from a line what encoding/json takes.
func FuzzRegistryLog(f *testing.F) {
	for _, file := range []string{"2.8.2_text.log", "3.1.1_text.log", "2.8.2_json.log", "3.1.1_json.log", "2.8.2_json_swift.log", "panic_at_start.log"} {
		for line := range bytes.Lines(realLines(f, file)) {
			f.Add(byte(len(file)), line)
		}
	}
	f.Add(byte(1), []byte(`{"msg":"response completed","http.request.uri":"\u0026\\\"\/","http.response.status":200}`))
	f.Fuzz(func(t *testing.T, n byte, text []byte) {
		format := []string{"text", "json", "logstash"}[n%3]
		c := newRegistryCounts(t, format)
		c.Add(text)
		lines := bytes.Count(text, []byte("\n"))
		if len(text) > 0 && text[len(text)-1] != '\n' {
			lines++
		}
		if c.parsed+c.unmatched != uint64(lines) {
			t.Errorf("%d parsed and %d unmatched of %d lines", c.parsed, c.unmatched, lines)
		}
		registryRestarted(t, c)
		for line := range bytes.Lines(text) {
			var object map[string]json.RawMessage
			var e entry
			line = bytes.TrimSuffix(line, []byte("\n"))
			if !bytes.HasPrefix(line, []byte(`{"`)) || json.Unmarshal(line, &object) != nil || bytes.Contains(line, []byte(`\`)) {
				continue
			}
			is := registryFormats["json"].scan(line, &e)
			message, has := object["msg"]
			if has != is || has && strings.Trim(string(message), `"`) != strings.Trim(string(e[entryMessage]), `"`) {
				t.Errorf("%q: read %t, message %q, want %t, %q", line, is, e[entryMessage], has, message)
			}
		}
	})
}

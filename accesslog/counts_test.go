package accesslog

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"registry_exporter/accesslog/genlog"
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// page is a snapshot as text, but for lines and projects, which have tests of their own.
func page(s Snapshot) string {
	var b strings.Builder
	for _, m := range []struct {
		name string
		rows []Row
	}{
		{"requests", s.Requests},
		{"bytes", s.Bytes},
		{"operations", s.Operations},
		{"transfer_seconds", s.TransferSeconds},
		{"layers", s.Layers},
		{"slow_layers", s.SlowLayers},
		{"empty_pulls", s.EmptyPulls},
		{"incomplete_pulls", s.IncompletePulls},
		{"upload_lost", s.UploadLost},
		{"cache", s.Cache},
		{"upstreams", s.Upstreams},
	} {
		for _, r := range m.rows {
			fmt.Fprintf(&b, "%s{%s} %v\n", m.name, strings.Join(r.Labels, ","), r.Value)
		}
	}
	for _, h := range s.Durations {
		fmt.Fprintf(&b, "durations{%s} %d in %vs\n", h.Operation, h.Count, h.Sum)
	}
	return b.String()
}

const full = `$status $body_bytes_sent $request_length $request_time $server_name $upstream_addr $upstream_cache_status "$request"`

func TestCounts(t *testing.T) {
	for _, test := range []struct {
		name, format, node string
		lines              []string
		want               string
	}{
		{
			"a pull", full, "",
			[]string{
				`401 87 300 0.001 n1 a:1 - "GET /v2/ HTTP/1.1"`,
				`200 500 300 0.001 n1 a:1 - "GET /service/token?account=somebody HTTP/1.1"`,
				`200 0 300 0.002 n1 a:1 - "HEAD /v2/a/b/manifests/x HTTP/1.1"`,
				`200 700 300 0.004 n1 a:1 - "GET /v2/a/b/manifests/x HTTP/1.1"`,
				`200 3000000 300 2.000 n1 a:1 HIT "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`206 1000000 300 1.000 n1 - MISS "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
			},
			`requests{ping,401} 1
requests{token,200} 1
requests{manifest_pull,200} 1
requests{manifest_head,200} 1
requests{blob_pull,200} 1
requests{blob_pull,206} 1
bytes{ping,out,} 87
bytes{ping,in,} 300
bytes{token,out,} 500
bytes{token,in,} 300
bytes{manifest_pull,in,} 300
bytes{manifest_head,in,} 300
bytes{blob_pull,in,} 600
bytes{manifest_pull,out,a} 700
bytes{blob_pull,out,a} 4e+06
operations{manifest_pull,a,ok} 1
operations{blob_pull,a,ok} 2
transfer_seconds{out,a} 3
layers{out,a} 2
slow_layers{out,a} 0
empty_pulls{} 0
incomplete_pulls{} 0
upload_lost{} 0
cache{hit} 1
cache{miss} 1
upstreams{a:1} 2
upstreams{none} 1
durations{ping} 1 in 0.001s
durations{token} 1 in 0.001s
durations{manifest_pull} 1 in 0.004s
durations{manifest_head} 1 in 0.002s
durations{blob_pull} 2 in 3s
`,
		},
		{
			"a push", full, "",
			[]string{
				`202 0 600 0.100 n1 a:1 - "POST /v2/a/b/blobs/uploads/ HTTP/1.1"`,
				`202 0 9000600 3.000 n1 a:1 - "PATCH /v2/a/b/blobs/uploads/1?_state=x HTTP/1.1"`,
				`201 0 700 9.000 n1 a:1 - "PUT /v2/a/b/blobs/uploads/1?_state=x&digest=y HTTP/1.1"`,
				`201 0 2000600 10.000 n1 a:1 - "PUT /v2/a/b/blobs/uploads/2?digest=y HTTP/1.1"`,
				`201 0 1700 0.200 n1 a:1 - "PUT /v2/a/b/manifests/x HTTP/1.1"`,
			},
			`requests{manifest_push,201} 1
requests{upload_start,202} 1
requests{upload_chunk,202} 1
requests{upload_commit,201} 2
bytes{upload_start,in,} 600
bytes{manifest_push,in,a} 1700
bytes{upload_chunk,in,a} 9.0006e+06
bytes{upload_commit,in,a} 2.0013e+06
operations{manifest_push,a,ok} 1
operations{upload_chunk,a,ok} 1
operations{upload_commit,a,ok} 2
transfer_seconds{in,a} 13
layers{in,a} 2
slow_layers{in,a} 1
empty_pulls{} 0
incomplete_pulls{} 0
upload_lost{} 0
durations{manifest_push} 1 in 0.2s
durations{upload_start} 1 in 0.1s
durations{upload_chunk} 1 in 3s
durations{upload_commit} 2 in 19s
`,
		},
		{
			"an upload that another instance knows nothing of", `$status "$request"`, "",
			[]string{
				`404 "PATCH /v2/a/b/blobs/uploads/1 HTTP/1.1"`, `404 "PUT /v2/a/b/blobs/uploads/1 HTTP/1.1"`,
				`404 "GET /v2/a/b/blobs/uploads/1 HTTP/1.1"`, `404 "GET /v2/a/b/manifests/x HTTP/1.1"`,
			},
			`requests{manifest_pull,404} 1
requests{upload_chunk,404} 1
requests{upload_commit,404} 1
requests{upload_status,404} 1
operations{manifest_pull,other,client_error} 1
operations{upload_chunk,other,client_error} 1
operations{upload_commit,other,client_error} 1
upload_lost{} 2
`,
		},
		{
			"layers of a store that is dead, and clients that left", `$status $body_bytes_sent "$request"`, "",
			[]string{
				`200 1000 "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 0 "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 0 "HEAD /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 400 "GET /v2/a/c/blobs/` + testDigest + ` HTTP/1.1"`,
				`206 400 "GET /v2/a/c/blobs/` + testDigest + ` HTTP/1.1"`,
				`307 0 "GET /v2/a/c/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 1000 "GET /v2/a/c/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 - "GET /v2/a/c/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 0 "GET /v2/a/c/blobs/` + emptyDigest + ` HTTP/1.1"`,
				`499 0 "GET /v2/a/c/blobs/` + testDigest + ` HTTP/1.1"`,
			},
			`requests{blob_pull,200} 6
requests{blob_pull,206} 1
requests{blob_pull,307} 1
requests{blob_pull,499} 1
requests{blob_head,200} 1
bytes{blob_pull,out,a} 2800
operations{blob_pull,a,ok} 8
operations{blob_pull,a,canceled} 1
empty_pulls{} 1
incomplete_pulls{} 1
upload_lost{} 0
`,
		},
		{
			"slow by node", `$status $body_bytes_sent $request_time $server_name "$request"`, "$server_name",
			[]string{
				`200 4000000 5.001 n1 "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 4000000 5.000 n1 "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`200 6000000 5.001 n2 "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`499 100 30.000 n2 "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
				`504 100 60.000 n2 "GET /v2/a/b/blobs/` + testDigest + ` HTTP/1.1"`,
			},
			`requests{blob_pull,200} 3
requests{blob_pull,499} 1
requests{blob_pull,504} 1
bytes{blob_pull,out,a} 1.40002e+07
operations{blob_pull,a,ok} 3
operations{blob_pull,a,canceled} 1
operations{blob_pull,a,server_error} 1
transfer_seconds{out,a} 45.002
layers{out,a,n1} 2
layers{out,a,n2} 2
slow_layers{out,a,n1} 1
slow_layers{out,a,n2} 1
empty_pulls{} 0
incomplete_pulls{} 0
upload_lost{} 0
durations{blob_pull} 5 in 105.002s
`,
		},
		{
			"each status by itself, and those that nobody knows together", `$status "$request"`, "",
			[]string{
				`000 "GET /x HTTP/1.1"`, `100 "GET /x HTTP/1.1"`, `304 "GET /x HTTP/1.1"`, `400 "GET /x HTTP/1.1"`, `401 "GET /x HTTP/1.1"`,
				`403 "GET /x HTTP/1.1"`, `416 "GET /x HTTP/1.1"`, `429 "GET /x HTTP/1.1"`, `499 "GET /x HTTP/1.1"`, `507 "GET /x HTTP/1.1"`,
				`520 "GET /x HTTP/1.1"`, `599 "GET /x HTTP/1.1"`, `600 "GET /x HTTP/1.1"`, `999 "GET /x HTTP/1.1"`,
			},
			`requests{other,304} 1
requests{other,400} 1
requests{other,401} 1
requests{other,403} 1
requests{other,416} 1
requests{other,429} 1
requests{other,499} 1
requests{other,507} 1
requests{other,520} 1
requests{other,other} 5
upload_lost{} 0
`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCounts(t, Options{Format: test.format, Node: test.node, Depth: AllButLast})
			c.Add([]byte(strings.Join(test.lines, "\n") + "\n"))
			if got := page(c.Snapshot()); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
			if c.unmatched > 0 {
				t.Errorf("%d lines unmatched", c.unmatched)
			}
		})
	}
}

func TestLines(t *testing.T) {
	c := newCounts(t, Options{Format: "combined"})
	c.Add(nil)
	c.Add([]byte("garbage\x00\xff\n\n" + `::1 - - [21/Nov/2026:22:24:55 +0000] "GET /v2/ HTTP/1.1" 200 2 "-" "-"` + "\n"))
	c.TooLong(3)
	want := []Row{row(1, "parsed"), row(2, "unmatched"), row(3, "too_long")}
	if got := c.Snapshot().Lines; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestLastLine(t *testing.T) {
	read := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct{ name, format, lines, want string }{
		{"local", `[$time_local] $status "$request"`, "[21/Nov/2026:13:05:59 +0130] 200 \"GET /v2/ HTTP/1.1\"\n", "2026-11-21T11:35:59Z"},
		{"ISO", `$time_iso8601 $status "$request"`, "2026-11-21T13:05:59-02:00 200 \"GET /v2/ HTTP/1.1\"\n", "2026-11-21T15:05:59Z"},
		{"epoch", `$msec $status "$request"`, "1795200000.123 200 \"GET /v2/ HTTP/1.1\"\n", "2026-11-20T18:40:00.123Z"},
		{"none: when it was read", `$status "$request"`, "200 \"GET /v2/ HTTP/1.1\"\n", "2026-12-01T00:00:00Z"},
		{"the last that is a line", `$msec $status "$request"`, "1 200 \"GET /v2/ HTTP/1.1\"\n2 200 \"GET /v2/ HTTP/1.1\"\n3 x\n", "1970-01-01T00:00:02Z"},
		{"not a date", `[$time_local] $status "$request"`, "[31/Nuv/2026:13:05:59 +0130] 200 \"GET /v2/ HTTP/1.1\"\n", "0001-01-01T00:00:00Z"},
		{"no line", `$status "$request"`, "garbage\n", "0001-01-01T00:00:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCounts(t, Options{Format: test.format})
			c.now = func() time.Time { return read }
			c.Add([]byte(test.lines))
			if got := c.LastLine().Format(time.RFC3339Nano); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// Whatever size the pieces are that a log is read in, it comes to the same.
func TestPieces(t *testing.T) {
	text := logOf(2000, (*genlog.Generator).AppendTimed)
	whole := newCounts(t, Options{Format: genlog.Timed, Depth: AllButLast})
	whole.Add(text)
	single := newCounts(t, Options{Format: genlog.Timed, Depth: AllButLast})
	for line := range strings.Lines(string(text)) {
		single.Add([]byte(line))
	}
	if one, all := fmt.Sprint(single.Snapshot()), fmt.Sprint(whole.Snapshot()); one != all {
		t.Errorf("line by line\n%s\nat once\n%s", one, all)
	}
}

func TestNoAllocation(t *testing.T) {
	for _, log := range logs {
		c := newCounts(t, Options{Format: log.format, Depth: AllButLast})
		text := logOf(1000, log.appendLine)
		c.Add(text)
		if n := testing.AllocsPerRun(10, func() { c.Add(text) }); n > 0 {
			t.Errorf("%s: %v allocations for 1000 lines", log.name, n)
		}
	}
}

// TestOwnRequestsAreNoClients: a prober that counts itself reports traffic of a registry that nobody uses.
func TestOwnRequestsAreNoClients(t *testing.T) {
	const line = `127.0.0.1 - - [21/Nov/2026:22:24:55 +0000] "GET /v2/a/b/blobs/sha256:0101010101010101010101010101010101010101010101010101010101010101 HTTP/1.1" 500 7 "-" "%s"` + "\n"
	for _, test := range []struct {
		name, own, agent string
		clients          float64
		rows             []Row
	}{
		{"ours", "prober", "prober", 0, single(1)},
		{"a client", "prober", "containerd/1.7", 1, single(0)},
		{"a client whose name begins with ours", "prober", "prober/2", 1, single(0)},
		{"none is ours", "", "prober", 1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCounts(t, Options{Format: "combined", Own: test.own})
			c.Add(fmt.Appendf(nil, line, test.agent))
			s := c.Snapshot()
			clients := 0.0
			for _, r := range append(s.Requests, s.Operations...) {
				clients += r.Value
			}
			if clients != 2*test.clients || c.parsed != 1 || fmt.Sprint(s.OwnRequests) != fmt.Sprint(test.rows) {
				t.Errorf("clients %v, own %v, %d parsed", clients, s.OwnRequests, c.parsed)
			}
			if test.own != "" && test.clients == 0 && len(s.Bytes) > 0 {
				t.Errorf("bytes of ours: %v", s.Bytes)
			}
		})
	}
	c := newCounts(t, Options{Format: `$status "$request"`, Own: "prober"})
	if c.Snapshot().OwnRequests != nil {
		t.Error("the format has no agent, and the counter is there")
	}
}

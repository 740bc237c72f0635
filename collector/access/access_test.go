package access

import (
	"fmt"
	"os"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"registry_exporter/accesslog"
	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSource builds the source of a registry that has these lines, as an exporter does.
func newSource(t *testing.T, lines string, keep *source.Keep) *source.Source {
	t.Helper()
	text := "registries:\n- name: hub\n  url: http://registry.example.org\n" + lines
	c, err := config.Load(testserver.TempFile(t, "registry_exporter.yml", []byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	sources, err := Sources(ask.NewBuilder(c, 0, ask.Options{Lockout: &ask.Lockout{}, Keep: keep}))
	if err != nil {
		t.Fatal(err)
	}
	return sources[0]
}

func TestReaderOutlivesAReload(t *testing.T) {
	before := source.NewKeep(nil)
	reader := newSource(t, "  access_log: {paths: [/a.log], projects: {max: 7}}\n", before).Companion
	for _, c := range []struct {
		name, lines string
		same        bool
	}{
		{"about something else", "  timeout: 7s\n  access_log: {paths: [/a.log], projects: {max: 7}}\n", true},
		{"of another log", "  access_log: {paths: [/a.log, /b.log], projects: {max: 7}}\n", false},
		{"of another bound", "  access_log: {paths: [/a.log], projects: {max: 8}}\n", false},
		{"of the format", "  access_log: {paths: [/a.log], projects: {max: 7}, format: '\"$request\" $status'}\n", false},
	} {
		if now := newSource(t, c.lines, source.NewKeep(before)).Companion; (now == reader) != c.same {
			t.Errorf("a reload %s: the reader is the same: %t", c.name, now == reader)
		}
	}
}

// The counts fit on the page, whatever clients ask for.
func TestSamplesFit(t *testing.T) {
	const format = `"$request" $status $body_bytes_sent $request_length $request_time $upstream_addr $upstream_cache_status`
	file := testserver.TempFile(t, "registry.log", nil)
	s := newSource(t, "  access_log: {paths: ["+file+"], projects: {max: 100}, format: '"+format+"', node: $upstream_addr}\n", source.NewKeep(nil))
	s.Companion.Start(nil)
	defer s.Companion.Stop()
	text, lines := everyRequest()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var samples []source.Sample
	testserver.WaitUntil(t, "all lines are counted", func() bool {
		var err error
		if samples, err = s.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		counted := 0.0
		for _, one := range (source.Result{Samples: samples}).All(linesTotal) {
			counted += one.Value
		}
		return int(counted) == lines
	})
	if len(samples) > maxSamples || len(samples) < maxSamples/4 {
		t.Errorf("%d samples", len(samples))
	}
}

// everyRequest returns a log of all operations on 150 projects through 12 nodes, with every kind of status.
func everyRequest() (text string, lines int) {
	var b strings.Builder
	for project := range 150 {
		for node := range 12 {
			for _, request := range []string{
				"GET /v2/p%[1]d/b/manifests/1", "PUT /v2/p%[1]d/b/manifests/1", "GET /v2/p%[1]d/b/blobs/sha256:%064[1]x",
				"PATCH /v2/p%[1]d/b/blobs/uploads/u", "PUT /v2/p%[1]d/b/blobs/uploads/u",
			} {
				for _, status := range []int{200, 401, 404, 499, 500} {
					fmt.Fprintf(&b, "\""+request+" HTTP/1.1\" %[2]d 100 100 9.000 10.0.0.%[3]d:5000 MISS\n", project, status, node)
					lines++
				}
			}
		}
	}
	return b.String(), lines
}

func TestHistogramsAreClassicAndNative(t *testing.T) {
	h := accesslog.Histogram{
		Count: 5, Sum: 7.5, Buckets: []accesslog.Bucket{{UpperBound: 0.1, Count: 2}, {UpperBound: 1, Count: 4}},
		Schema: 3, ZeroThreshold: 1e-9, ZeroCount: 1, Spans: []accesslog.Span{{Offset: 2, Length: 1}}, Deltas: []int64{4},
	}
	var m dto.Metric
	s := requestSeconds.HistogramSample(histogramOf(h), "blob_pull")
	s.Write(&m)
	got := m.Histogram
	switch {
	case s.Labels[0] != "blob_pull" || got.GetSampleCount() != 5 || got.GetSampleSum() != 7.5:
		t.Errorf("%v", &m)
	case len(got.Bucket) != 2 || got.Bucket[1].GetUpperBound() != 1 || got.Bucket[1].GetCumulativeCount() != 4:
		t.Errorf("classic buckets: %v", got.Bucket)
	case got.GetSchema() != 3 || got.GetZeroCount() != 1 || got.PositiveSpan[0].GetOffset() != 2 || got.PositiveSpan[0].GetLength() != 1 || got.PositiveDelta[0] != 4:
		t.Errorf("native buckets: %v", got)
	}
}

func TestFacts(t *testing.T) {
	for want, res := range map[string]source.Result{
		"":                             {},
		"3 lines":                      {Samples: []source.Sample{linesTotal.Sample(2, "parsed"), linesTotal.Sample(1, "unmatched"), logLag.Sample(0, "a")}},
		"1 line, 2.0 KiB not read yet": {Samples: []source.Sample{linesTotal.Sample(1, "parsed"), logLag.Sample(1024, "a"), logLag.Sample(1024, "b")}},
	} {
		if got := strings.Join(logFacts(nil, res), ", "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestALogThatIsAFolderIsRefused(t *testing.T) {
	folder := t.TempDir()
	file := testserver.TempFile(t, "hub.yml", []byte("registries:\n- name: hub\n  url: http://127.0.0.1:1\n  access_log: {paths: ["+folder+"]}\n"))
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Sources(ask.NewBuilder(c, 0, ask.Options{Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)}))
	if err == nil || !strings.Contains(err.Error(), "hub.yml:4:24: registries[0].access_log.paths[0]: is a folder: name the logs in it") {
		t.Error(err)
	}
}

func TestRegistryLogFacts(t *testing.T) {
	for want, samples := range map[string][]source.Sample{
		"": nil,
		"3 lines, 2 requests failed: 2 on storage, 1 layer without a byte, 1 panic": {
			registryLines.Sample(3, "parsed"), registryRequests.Sample(1, "ping", "ok"), registryErrors.Sample(2, "blob_head", "storage"),
			emptyLayers.Sample(1, "a/b"), registryPanics.Sample(1),
		},
		"1 line, 2.0 KiB not read yet, 3 requests failed: 1 on redis, 2 on other, no request that went well: log.level of the registry must be info, or nobody knows how many fail": {
			registryLines.Sample(1, "parsed"), registryTail.lag.Sample(2048, "a"), registryRequests.Sample(3, "ping", "server_error"),
			registryErrors.Sample(2, "ping", "other"), registryErrors.Sample(1, "tags", "redis"),
		},
	} {
		if got := strings.Join(registryLogFacts(nil, source.Result{Samples: samples}), ", "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

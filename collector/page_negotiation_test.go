package collector

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// servedPage returns the page of two metrics, one of them a counter, for a client with these headers.
func servedPage(t *testing.T, e *Exporter, headers http.Header) *http.Response {
	t.Helper()
	page := newLines([]source.Sample{testUp.Sample(1, "a"), testRead.Sample(7)}, []*dto.LabelPair{labelPair("registry", "hub")})
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header = headers
	e.servePage(w, r, newPage(page))
	if w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	return w.Result()
}

var testRead = source.Counter("registry_test_read_bytes_total", "For tests.")

const (
	textOfTwo = `# HELP registry_test_read_bytes_total For tests.
# TYPE registry_test_read_bytes_total counter
registry_test_read_bytes_total{registry="hub"} 7
# HELP registry_test_up A down sample.
# TYPE registry_test_up gauge
registry_test_up{address="a",registry="hub"} 1
`
	openMetricsOfTwo = `# HELP registry_test_read_bytes For tests.
# TYPE registry_test_read_bytes counter
registry_test_read_bytes_total{registry="hub"} 7.0
# HELP registry_test_up A down sample.
# TYPE registry_test_up gauge
registry_test_up{address="a",registry="hub"} 1.0
# EOF
`
)

func TestFormatsOfAPage(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	for _, c := range []struct{ name, accept, contentType, body string }{
		{"nothing said", "", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", textOfTwo},
		{"text", "text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", textOfTwo},
		{"browser", "text/html,application/xhtml+xml,*/*;q=0.8", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", textOfTwo},
		{"OpenMetrics 1.0", "application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", openMetricsOfTwo},
		{
			"Prometheus 3", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
			"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8", openMetricsOfTwo,
		},
		{"OpenMetrics refused", "application/openmetrics-text;version=1.0.0;q=0,text/plain", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", textOfTwo},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := servedPage(t, e, http.Header{"Accept": {c.accept}})
			body, err := io.ReadAll(resp.Body)
			if got := resp.Header.Get("Content-Type"); got != c.contentType {
				t.Errorf("%s, want %s", got, c.contentType)
			}
			if err != nil || string(body) != c.body {
				t.Errorf("%v\n%s\nwant\n%s", err, body, c.body)
			}
		})
	}
}

func TestPageInProtobuf(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	resp := servedPage(t, e, http.Header{"Accept": {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"}})
	decoder := expfmt.NewDecoder(resp.Body, expfmt.ResponseFormat(resp.Header))
	var families []*dto.MetricFamily
	for {
		f := &dto.MetricFamily{}
		if err := decoder.Decode(f); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		families = append(families, f)
	}
	if got := pageText(t, families); got != textOfTwo || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/vnd.google.protobuf") {
		t.Errorf("%s\n%s", resp.Header.Get("Content-Type"), got)
	}
}

func TestEncodingsOfAPage(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	for _, c := range []struct {
		name     string
		accepted []string
		want     string
	}{
		{"Prometheus", []string{"gzip"}, "gzip"},
		{"zstd", []string{"zstd"}, "zstd"},
		{"browser", []string{"gzip, deflate, br, zstd"}, "gzip"},
		{"zstd preferred", []string{"gzip;q=0.5, zstd"}, "zstd"},
		{"in a second header", []string{"br", "gzip"}, "gzip"},
		{"identity", []string{"identity"}, ""},
		{"nothing said", nil, ""},
		{"empty", []string{""}, ""},
		{"anything", []string{"*"}, ""},
		{"others only", []string{"br, deflate"}, ""},
		{"gzip refused", []string{"gzip;q=0"}, ""},
		{"gzip refused, zstd not", []string{"gzip;q=0, zstd"}, "zstd"},
		{"all refused", []string{"identity;q=0, *;q=0"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := servedPage(t, e, http.Header{"Accept-Encoding": c.accepted})
			if got := resp.Header.Get("Content-Encoding"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if vary := strings.Join(resp.Header.Values("Vary"), ","); vary != "Accept,Accept-Encoding" {
				t.Errorf("Vary: %s", vary)
			}
			checkEncoded(t, resp.Body, c.want)
		})
	}
}

// checkEncoded fails the test unless the body is textOfTwo. It checks only the magic number of zstd, which Go's library
// cannot read.
func checkEncoded(t *testing.T, body io.Reader, encoding string) {
	t.Helper()
	if encoding == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = z
	}
	got, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if encoding == "zstd" {
		if !bytes.HasPrefix(got, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
			t.Errorf("not zstd: %q", got)
		}
	} else if string(got) != textOfTwo {
		t.Errorf("got\n%s\nwant\n%s", got, textOfTwo)
	}
}

// Some counters and summaries of the exporter and of Go's runtime have the time at which they were created.
func TestOpenMetricsHaveNoCreatedSeries(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	_, page := testserver.Ask(t, e.ServeMetrics, "/metrics", "Accept", "application/openmetrics-text;version=1.0.0")
	testserver.WantLines(t, page, "registry_exporter_scrapes_rejected_total 0.0", "# EOF")
	if strings.Contains(page, "_created") {
		t.Errorf("a _created series is on\n%s", page)
	}
}

// When a client hangs up in the middle of its page, the log gets one line. The next client gets a whole page.
func TestClientThatGoesAwayInTheMiddleOfItsPage(t *testing.T) {
	for _, encoding := range []string{"identity", "gzip", "zstd"} {
		t.Run(encoding, func(t *testing.T) {
			e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
			var logged strings.Builder
			e.opts.Logger = log.NewLogfmtLogger(&logged)
			page, want := bigPage()
			served, cancel := context.WithCancel(t.Context())
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/hangup" {
					defer cancel()
				}
				e.servePage(w, r, newPage(page))
			}))
			defer server.Close()
			readStart(t, server.Listener.Addr().String(), encoding)
			<-served.Done()
			if text := logged.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `msg="serving a page" err="error encoding and sending metric family: `) {
				t.Errorf("log:\n%s", text)
			}
			resp, err := server.Client().Get(server.URL) // takes gzip
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if n := strings.Count(seriesOf(string(body)), "\n"); err != nil || n != want {
				t.Errorf("%d series of %d, %v", n, want, err)
			}
		})
	}
}

// bigPage returns a page that is larger than the buffers of a connection, even when compressed.
func bigPage() (page lines, series int) {
	const metrics, each = 50, 400
	for i := range metrics {
		var samples []source.Sample
		m := source.Gauge(fmt.Sprintf("registry_test_%d", i), "For tests.", "digest")
		for j := range each {
			samples = append(samples, m.Sample(float64(i*j), strings.Repeat(fmt.Sprintf("%08x", uint32(i*each+j)*2654435761), 24)))
		}
		page = append(page, newLines(samples, nil)...)
	}
	return page, metrics * each
}

// readStart asks for a page, reads its first line and hangs up with a reset.
func readStart(t *testing.T, address, encoding string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
		t.Error(err)
	}
	fmt.Fprintf(conn, "GET /hangup HTTP/1.1\r\nHost: exporter\r\nAccept-Encoding: %s\r\n\r\n", encoding)
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("%q, %v", line, err)
	}
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Error(err)
	}
	conn.Close()
}

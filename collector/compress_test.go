package collector

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestClientsThatTakeGzip(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		want    bool
	}{
		{"Prometheus", []string{"gzip"}, true},
		{"browser", []string{"gzip, deflate, br, zstd"}, true},
		{"among others", []string{"deflate;q=1.0, GZIP;q=0.5 ,*;q=0"}, true},
		{"in a second header", []string{"br", "gzip"}, true},
		{"nothing said", nil, false},
		{"empty", []string{""}, false},
		{"anything, which may be plain", []string{"*"}, false},
		{"others only", []string{"br, x-gzip-like"}, false},
		{"refused", []string{"gzip;q=0"}, false},
		{"refused at length", []string{"gzip; q=0.000, identity"}, false},
		{"weight that is no number", []string{"gzip;q=much"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := acceptsGzip(c.headers); got != c.want {
				t.Error(got)
			}
		})
	}
}

func TestPageIsTheSameCompressed(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	get := func(encoding string) *http.Response {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/probe?registry=hub&collect[]=redis", nil)
		r.Header.Set("Accept-Encoding", encoding)
		e.ServeProbe(w, r)
		return w.Result()
	}
	plain := get("identity")
	want, _ := io.ReadAll(plain.Body)
	if vary := plain.Header.Values("Vary"); len(vary) != 2 || plain.Header.Get("Content-Encoding") != "" || len(want) == 0 {
		t.Errorf("%q\n%s", plain.Header, want)
	}
	for range 2 { // with a new writer, and with the one kept
		small := get("gzip")
		if small.Header.Get("Content-Encoding") != "gzip" || small.Header.Get("Content-Type") != plain.Header.Get("Content-Type") {
			t.Errorf("%q", small.Header)
		}
		z, err := gzip.NewReader(small.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || string(got) != string(want) {
			t.Errorf("%v\n%s\nwant\n%s", err, got, want)
		}
	}
	if len(e.compressor.idle) != 1 {
		t.Errorf("%d writers for one page at a time", len(e.compressor.idle))
	}
}

func TestFewWritersAreKept(t *testing.T) {
	var c compressor
	var lent []*gzipWriter
	for range keptWriters + 3 {
		lent = append(lent, c.take())
	}
	for _, z := range lent {
		c.giveBack(z)
	}
	if len(c.idle) != keptWriters {
		t.Errorf("%d", len(c.idle))
	}
	if one, other := c.take(), c.take(); one == other {
		t.Error("one writer was lent twice")
	}
}

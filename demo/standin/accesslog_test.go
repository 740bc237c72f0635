package standin

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/accesslog"
)

// TestAccessLogIsRead writes more lines than one file holds, of requests that have to be escaped, and reads the last two
// files.
func TestAccessLogIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub-access.log")
	l, err := newAccessLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	h := l.around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			_, _ = w.Write([]byte("four"))
		case http.MethodPut:
			panic(http.ErrAbortHandler) // the connection breaks
		}
	}))
	serve := func(method, path string) {
		defer func() { _ = recover() }()
		r := httptest.NewRequest(method, path, strings.NewReader("body"))
		r.Header.Set("User-Agent", `a "client" \`)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	for l.size <= maxLog {
		serve(http.MethodGet, "/v2/a/b/manifests/1")
	}
	serve(http.MethodGet, `/v2/a/b/manifests/"`)
	serve(http.MethodHead, "/v2/a/b/manifests/1")
	serve(http.MethodPut, "/v2/a/b/manifests/1")

	counts, err := accesslog.New(accesslog.Options{Format: accessFormat})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 2 {
		t.Errorf("files %v, error %v, want two", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > maxLog+1<<10 {
			t.Errorf("%s has %d bytes", file, len(text))
		}
		counts.Add(text)
	}
	s := counts.Snapshot()
	if s.Lines[1].Value != 0 {
		t.Errorf("%v lines are not of the format", s.Lines[1].Value)
	}
	sums := map[string]float64{}
	for _, row := range s.Requests {
		sums[row.Labels[0]+" "+row.Labels[1]] = row.Value
	}
	if sums["manifest_head 200"] != 1 || sums["manifest_push 200"] != 1 || sums["manifest_pull 200"] != s.Lines[0].Value-2 {
		t.Errorf("counted %v", sums)
	}
}

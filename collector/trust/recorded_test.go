package trust

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// A recording has the answers of a real Notary, by the request, and the changes that were in its feed in the end.
type recording struct {
	Answers map[string]struct {
		Request, As string
		Status      int
		Headers     map[string]string
		Body        json.RawMessage
	}
}

func readRecording(t *testing.T, name string) *recording {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "recorded", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// A recordedNotary answers as the real one did: with its own bytes where this request was recorded, and else with a page of its records.
type recordedNotary struct {
	*testing.T
	*recording
	mu        sync.Mutex
	published int // changes that are in the feed, of those in records
	records   []json.RawMessage
	verbatim  int // answers that were recorded so
}

func newRecordedNotary(t *testing.T, name string) (*recordedNotary, *httptest.Server) {
	t.Helper()
	n := &recordedNotary{T: t, recording: readRecording(t, name)}
	var all struct{ Records []json.RawMessage }
	if err := json.Unmarshal(n.Answers["all, from the beginning"].Body, &all); err != nil || len(all.Records) != 8 {
		t.Fatal(err, len(all.Records))
	}
	n.records = all.Records
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	return n, server
}

func (n *recordedNotary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, a := range n.Answers {
		wasEmpty := strings.HasPrefix(name, "empty,")
		if a.Request != "GET "+r.URL.RequestURI() || a.As == "" || (n.published == 0) != wasEmpty || n.published > 0 && n.published < len(n.records) {
			continue
		}
		n.verbatim++
		for name, value := range a.Headers {
			if name != "Content-Length" { // the file is indented
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body)
		return
	}
	id, _ := strconv.Atoi(r.URL.Query().Get("change_id")) // the IDs are 1 to 8
	most, _ := strconv.Atoi(r.URL.Query().Get("records"))
	first := id
	if id < 0 {
		first = max(0, n.published-most)
	}
	page := n.records[min(first, n.published):min(first+most, n.published)]
	_ = json.NewEncoder(w).Encode(map[string]any{"count": len(page), "records": page})
}

func (n *recordedNotary) publish(changes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.published += changes
}

// TestTheRecordedFeed replays the feeds: eight changes, published all at once and one by one, read two and a hundred a page.
func TestTheRecordedFeed(t *testing.T) {
	for _, name := range []string{"memory", "postgres"} {
		for _, pageSize := range []int{2, fullPage} {
			for _, atOnce := range []int{1, 8} {
				t.Run(fmt.Sprintf("%s, %d a page, %d at once", name, pageSize, atOnce), func(t *testing.T) { replay(t, name, pageSize, atOnce) })
			}
		}
	}
}

func replay(t *testing.T, name string, pageSize, atOnce int) {
	notary, server := newRecordedNotary(t, name)
	r := readerAt(t, server.URL)
	r.feed.pageSize = pageSize
	read := func() source.Result {
		run := r.read(t.Context())
		if run.Err != nil {
			t.Fatal(run.Err)
		}
		return source.Result{Samples: run.Samples}
	}
	read()
	for range 8 / atOnce {
		notary.publish(atOnce)
		read()
	}
	res := read() // nothing new
	tt := &trustTest{T: t}
	tt.wantShown(res, "7 update, 1 deletion")
	if got := byRepository(res, "update"); got != "library/nginx 4, library/wordpress 3" {
		t.Error(got)
	}
	deleted, _ := res.Value(deletionTime)
	if at := source.UnixTime(deleted).UTC(); at.Format(time.DateOnly) != "2026-11-28" {
		t.Errorf("deleted at %s", at)
	}
	if pageSize == 2 && atOnce == 8 && notary.verbatim < 2 {
		t.Errorf("%d answers are the recorded ones", notary.verbatim)
	}
}

// readerAt is the reader of a registry msr.example.org with a Notary at a URL.
func readerAt(t *testing.T, url string) *reader {
	t.Helper()
	return newReaderOf(t, "registries:\n- name: hub\n  url: https://msr.example.org\n  trust: {url: "+url+"}\n")
}

// TestTheRecordedRefusals: what the real server says of requests that the exporter must not send, and of tokens without the right.
func TestTheRecordedRefusals(t *testing.T) {
	recorded := readRecording(t, "memory")
	for name, want := range map[string]string{
		"records missing":     source.ReasonClientError,
		"change_id a UUID":    source.ReasonClientError,
		"no token, all":       source.ReasonUnauthorized,
		"one GUN, never seen": "",
		"after the newest":    "",
		"token without the right (a reader asks for registry:catalog:*)": source.ReasonUnauthorized,
	} {
		a, found := recorded.Answers[name]
		if !found {
			t.Errorf("%s is not recorded", name)
			continue
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(a.Status)
			_, _ = w.Write(a.Body)
		}))
		_, err := readerAt(t, server.URL).feed.after(t.Context(), position{ID: "8"})
		server.Close()
		if got := source.Reason(err); got != want {
			t.Errorf("%s: reason %q, want %q (%v)", name, got, want, err)
		}
	}
}

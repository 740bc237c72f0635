package collector

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
)

func TestTheLogNamesWhoseScrapesAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := exporterOfHub(t, "http://127.0.0.1:1", "")
		var logged bytes.Buffer
		e.opts.Logger = log.NewLogfmtLogger(&logged)
		request := func(from string) *http.Request {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
			r.RemoteAddr = from
			return r
		}
		for range minAtOnce * 3 / 4 {
			leave, _ := e.enter(request("10.1.2.3:4567"))
			defer leave()
		}
		for range 100 {
			if _, admitted := e.enter(request("10.1.2.3:4568")); admitted {
				t.Fatal("it is admitted")
			}
		}
		want := `level=warn msg="a scrape is refused: too many at once" client=10.1.2.3 of_client=31 of_all=31 most=40 most_of_client=30` + "\n"
		if logged.String() != want {
			t.Errorf("%s, want %s", &logged, want)
		}
		time.Sleep(refusedEvery)
		e.enter(request("10.1.2.3:4569"))
		if logged.String() != want+want {
			t.Errorf("a minute later: %s", &logged)
		}
	})
}

// Anybody may have as many addresses as a network of IPv4 has.
func TestTheLogNamesABoundedNumberOfClients(t *testing.T) {
	var r refused
	now := time.Now()
	named := 0
	for i := range 10 * maxRefused {
		if r.isNew(fmt.Sprintf("10.0.%d.%d", i/256, i%256), now) {
			named++
		}
	}
	if named != maxRefused || len(r.named) != maxRefused {
		t.Errorf("%d are named, %d are remembered", named, len(r.named))
	}
	if later := now.Add(refusedEvery); !r.isNew("10.9.9.9", later) || !r.isNew("10.0.0.1", later) {
		t.Error("nobody is named later")
	}
	if len(r.named) != 2 {
		t.Errorf("%d are remembered", len(r.named))
	}
}

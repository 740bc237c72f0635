package registry

import (
	"fmt"
	"os"
	"testing"
	"time"

	"registry_exporter/collector/testserver"
)

func TestFilesOfACertificate(t *testing.T) {
	root := testserver.NewAuthority(t, "root", nil)
	between := testserver.NewAuthority(t, "between", root)
	leaf := between.Issue(t, testserver.ForNames("127.0.0.1"))
	whole := testserver.With(leaf, between)
	server := testserver.Showing(t, whole, testserver.OpenRegistry)
	for name, c := range map[string]struct {
		file             string
		served, complete float64
	}{
		"what is served":                     {testserver.ChainFile(t, whole), 1, 1},
		"without the one between":            {testserver.ChainFile(t, leaf), 1, 0},
		"another that is complete":           {testserver.ChainFile(t, testserver.With(between.Issue(t), between)), 0, 1},
		"one that has ended and is complete": {testserver.ChainFile(t, testserver.With(between.Issue(t, testserver.Valid(testserver.Start, testserver.Start.Add(time.Hour))), between)), 0, 1},
		"of a CA that nobody here knows of":  {testserver.ChainFile(t, testserver.NewAuthority(t, "other", nil).Issue(t)), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := collectHub(t, "api", server.URL, fmt.Sprintf("  tls: {files: [%s]}\n  http: {tls_config: {ca_file: %s}}\n", c.file, root.File(t))).scrape(t)
			address := server.Listener.Addr()
			got.wantSamples(t, map[string]float64{
				fmt.Sprintf("registry_tls_file_served{address=%q,file=%q}", address, c.file):         c.served,
				fmt.Sprintf("registry_tls_file_chain_complete{address=%q,file=%q}", address, c.file): c.complete,
			})
		})
	}
}

// A file that is renewed counts at the next scrape, and one that is taken away is told, and fails nothing.
func TestFilesAreReadAtEachScrape(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	shown := ca.Issue(t, testserver.ForNames("127.0.0.1"))
	server := testserver.Showing(t, shown, testserver.OpenRegistry)
	file := testserver.ChainFile(t, ca.Issue(t))
	e := collectHub(t, "api", server.URL, fmt.Sprintf("  tls: {files: [%s]}\n  http: {tls_config: {ca_file: %s}}\n", file, ca.File(t)))
	is := func(value float64) map[string]float64 {
		return map[string]float64{fmt.Sprintf("registry_tls_file_served{address=%q,file=%q}", server.Listener.Addr(), file): value}
	}
	e.scrape(t).wantSamples(t, is(0))
	text, err := os.ReadFile(testserver.ChainFile(t, shown))
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.scrape(t).wantSamples(t, is(1))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	got := e.scrape(t)
	got.wantNone(t, "registry_tls_file_")
	got.wantSamples(t, map[string]float64{fmt.Sprintf("registry_api_up{address=%q,role=\"front\"}", server.Listener.Addr()): 1})
}

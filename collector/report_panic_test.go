package collector

import (
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

// exporterWhoseWordsPanic has the registry hub, whose words panic with its password, and the registry other, which is
// healthy.
func exporterWhoseWordsPanic(t *testing.T, logged *strings.Builder) *Exporter {
	t.Helper()
	url, _ := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, "  http: {basic_auth: {username: monitor, password: hub-password}}\n")+"- {name: other, url: '"+url+"'}\n")
	e.opts.Logger = log.NewLogfmtLogger(log.NewSyncWriter(logged))
	e.live.Load().registries[0].sources[0].Words.Facts = func(*source.View, source.Result) []string { panic("no fact but hub-password") }
	return e
}

func TestWordsThatPanicSpoilTheReportOfTheirRegistryOnly(t *testing.T) {
	var logged strings.Builder
	found, err := exporterWhoseWordsPanic(t, &logged).Check(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	hub, other := found.Registries[0], found.Registries[1]
	if len(hub.Sources) != 1 || len(hub.Findings) != 1 {
		t.Fatalf("%+v", hub)
	}
	if s := hub.Sources[0]; hub.State != source.StateFailed || s.Reason != source.ReasonPanic || s.Error != "panic: no fact but <secret>" {
		t.Errorf("hub is %s: %+v", hub.State, s)
	}
	if f := hub.Findings[0]; f.Alert != "" || !strings.HasPrefix(f.What, "this is a fault of the exporter") {
		t.Errorf("%+v", f)
	}
	if other.State != source.StateOK || len(other.Sources) != 1 || other.Sources[0].Collector != "api" {
		t.Errorf("other is %s", other.State)
	}
	if !found.Failed() || found.Summary != "2 registries, 2 checks, 1 failed: hub report panic" {
		t.Error(found.Summary)
	}
	if text := logged.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `level=error msg="report panics" registry=hub`) ||
		!strings.Contains(text, "goroutine ") || strings.Contains(text, "hub-password") {
		t.Errorf("log:\n%s", text)
	}
}

func TestStatusPageStandsWhenWordsPanic(t *testing.T) {
	var logged strings.Builder
	status, page := testserver.Ask(t, exporterWhoseWordsPanic(t, &logged).ServeStatus, "/")
	if status != 200 || !strings.Contains(page, "<h1>1 in need of care, 1 well</h1>") || !strings.Contains(page, "panic: no fact but &lt;secret&gt;") {
		t.Errorf("%d %s", status, page)
	}
	if strings.Contains(page, "goroutine ") {
		t.Error("the stack is on the page")
	}
}

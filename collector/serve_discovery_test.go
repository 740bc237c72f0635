package collector

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func discover(e *Exporter, secure *tls.ConnectionState) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://exporter.example.org:10500/sd", nil)
	r.TLS = secure
	w := httptest.NewRecorder()
	e.ServeDiscovery(w, r)
	return w
}

// Else the second would overwrite what the first has seen.
func TestDiscoveryOfTwoExportersWithNamesHasTargetsOfTheirOwn(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n"))
	for name, instance := range map[string]string{"": "hub@eqiad", "exporter-a": "hub@eqiad/exporter-a", "exporter-b": "hub@eqiad/exporter-b"} {
		e.opts.Name = name
		if got := discover(e, nil).Body.String(); !strings.Contains(got, `"instance":"`+instance+`"`) {
			t.Errorf("with the name %q: %s", name, got)
		}
	}
}

func TestDiscovery(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n")+"- name: other\n  url: http://127.0.0.1:1\n")
	for _, c := range []struct {
		name   string
		secure *tls.ConnectionState
		want   string
	}{
		{
			"over HTTP", nil,
			`[{"targets":["exporter.example.org:10500"],"labels":{"__metrics_path__":"/probe","__param_registry":"hub","__param_site":"eqiad","instance":"hub@eqiad"}},` +
				`{"targets":["exporter.example.org:10500"],"labels":{"__metrics_path__":"/probe","__param_registry":"other","instance":"other"}}]` + "\n",
		},
		{
			"over TLS", &tls.ConnectionState{},
			`[{"targets":["exporter.example.org:10500"],"labels":{"__metrics_path__":"/probe","__param_registry":"hub","__param_site":"eqiad","__scheme__":"https","instance":"hub@eqiad"}},` +
				`{"targets":["exporter.example.org:10500"],"labels":{"__metrics_path__":"/probe","__param_registry":"other","__scheme__":"https","instance":"other"}}]` + "\n",
		},
	} {
		w := discover(e, c.secure)
		if got := w.Body.String(); got != c.want {
			t.Errorf("%s:\n got %swant %s", c.name, got, c.want)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type is %s", c.name, got)
		}
	}
}

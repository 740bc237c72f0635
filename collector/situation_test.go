package collector

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTheSituationOfARegistry(t *testing.T) {
	e := newTestExporter(t, `registries:
- {name: hub, site: eqiad, url: "https://127.0.0.1:1", contacts: {registry: "on-call"},
   swift: {auth_url: "http://127.0.0.1:1/auth/v1.0", username: "docker:registry", key: keykeykey, container: registry, probe: {container: monitoring}}}
- {name: hub, site: codfw, url: "https://codfw.example.org"}
- {name: plain, url: "http://127.0.0.1:1"}
- {name: three, site: a, url: "https://127.0.0.1:1"}
- {name: three, site: b, url: "https://b.example.org"}
- {name: three, site: c, url: "https://c.example.org"}
- {name: odd, url: "http://127.0.0.1:1", swift: {auth_url: "http://127.0.0.1:1/auth/v1.0", username: "docker:registry", key: keykeykey, container: "odd; rm"}}
`)
	for _, c := range []struct {
		name, site, query string
		words             map[string]string
	}{
		{"hub", "eqiad", "registry=hub&site=eqiad", map[string]string{
			"REGISTRY": "hub", "SITE": "eqiad", "EXPORTER": "http://exporter.example.org:10500", "FRONT": "127.0.0.1:1", "https://FRONT": "https://127.0.0.1:1", "FRONT_NAME": "127.0.0.1", "FRONT:443": "127.0.0.1:1",
			"CONTAINER": "registry", "PROBE_CONTAINER": "monitoring", "OTHER_SITE": "codfw", "OTHER_FRONT": "codfw.example.org",
		}},
		{"plain", "", "registry=plain", map[string]string{
			"REGISTRY": "plain", "EXPORTER": "http://exporter.example.org:10500", "FRONT": "127.0.0.1:1", "https://FRONT": "http://127.0.0.1:1", "FRONT_NAME": "127.0.0.1", "FRONT:443": "127.0.0.1:1",
		}},
		{"three", "a", "registry=three&site=a", map[string]string{
			"REGISTRY": "three", "SITE": "a", "EXPORTER": "http://exporter.example.org:10500", "FRONT": "127.0.0.1:1", "https://FRONT": "https://127.0.0.1:1", "FRONT_NAME": "127.0.0.1", "FRONT:443": "127.0.0.1:1",
		}},
		{"odd", "", "registry=odd", map[string]string{ // its container is no word for a shell
			"REGISTRY": "odd", "EXPORTER": "http://exporter.example.org:10500", "FRONT": "127.0.0.1:1", "https://FRONT": "http://127.0.0.1:1", "FRONT_NAME": "127.0.0.1", "FRONT:443": "127.0.0.1:1",
		}},
	} {
		s := e.Situation(httptest.NewRequest(http.MethodGet, "/", nil), c.name, c.site)
		if s == nil {
			t.Errorf("%s at %s is not known", c.name, c.site)
			continue
		}
		if s.Query != c.query || !maps.Equal(s.Words, c.words) {
			t.Errorf("%s at %s: query %s, words %q", c.name, c.site, s.Query, s.Words)
		}
		if len(s.Findings) == 0 || s.Findings[0].Reason != "refused" {
			t.Errorf("%s at %s: nothing is found to be refused", c.name, c.site)
		}
	}
	for _, none := range [][2]string{{"", ""}, {"other", ""}, {"hub", ""}, {"hub", "esams"}} {
		if s := e.Situation(httptest.NewRequest(http.MethodGet, "/", nil), none[0], none[1]); s != nil {
			t.Errorf("%q is that of %s", none, s.Name())
		}
	}
}

package ask_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestSecretFileThatIsGone(t *testing.T) {
	for name, challenge := range map[string]string{"basic auth": `Basic realm="x"`, "token flow": `Bearer realm="http://127.0.0.1:1/token"`} {
		t.Run(name, func(t *testing.T) {
			var seen testserver.Recorder
			server := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", challenge)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			defer server.Close()
			file := testserver.TempFile(t, "password", []byte("right-password"))
			e := collectortest.New(t, collectortest.HubConfig(server.URL, "  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n"))
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			got := collectortest.Scrape(t, e, "api")
			got.WantReason(t, source.ReasonUnauthorized)
			got.WantSamples(t, map[string]float64{"registry_api_up{": 1})
			got.WantNone(t, "registry_api_authorized{")
			if n := len(seen.Requests()); n != 1 {
				t.Errorf("%d requests, want the one without credentials", n)
			}
			_, page := collectortest.Ask(t, e.ServeProbe, "/probe?debug=true&registry=hub&collect[]=api")
			if !strings.Contains(page, "a secret cannot be read: ") {
				t.Errorf("the error does not say so:\n%s", page)
			}
		})
	}
}

package distribution

import (
	"registry_exporter/collector/testserver"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/source"
)

func healthOf(t *testing.T, answer http.HandlerFunc) source.Result {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	return collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.example.org\n  debug: {urls: ['"+server.URL+"']}\n").readOne(t, "health")
}

func TestHealthCheckNames(t *testing.T) {
	for _, c := range []struct{ key, check, kind string }{
		{"storagedriver_swift", "storagedriver_swift", "storagedriver"},
		{"127.0.0.1:6379", "127.0.0.1:6379", "tcp"},
		{"redis.example.org:redis", "redis.example.org:redis", "tcp"},
		{"[fd00::1]:6379", "[fd00::1]:6379", "tcp"},
		{"/etc/registry/maintenance", "/etc/registry/maintenance", "file"},
		{"/srv/a:1", "/srv/a:1", "file"},
		{"http://store.example.org/health", "http://store.example.org/health", "http"},
		{"https://mon:hunter22@store.example.org:8443/health?token=hunter22#hunter22", "https://store.example.org:8443/health", "http"},
		{"https://mon:hunter22@store.example.org", "https://store.example.org", "http"},
		{"https://mon:hunt%er22@store.example.org/", "a URL", "http"},
		{"https://mon:hunter22@store.example.org:port/", "a URL", "http"},
		{"", "", "file"},
	} {
		if check, kind := healthCheck(c.key); check != c.check || kind != c.kind {
			t.Errorf("%q: got %q, %q, want %q, %q", c.key, check, kind, c.check, c.kind)
		}
	}
}

func TestHealthVeryManyChecksFail(t *testing.T) {
	res := healthOf(t, func(w http.ResponseWriter, _ *http.Request) {
		var checks []string
		for i := range 10_000 {
			checks = append(checks, fmt.Sprintf(`"/etc/registry/%d":"file exists"`, i))
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "{"+strings.Join(checks, ",")+"}")
	})
	msr.wantReason(t, res.Err, source.ReasonTooLarge)
	redis.wantValue(t, res, healthOK, 0)
	redis.wantValue(t, res, healthFailing, 1)
	if got := len(res.Samples); got != source.MaxSamples+1 { // and health_ok, which is always there
		t.Errorf("%d samples, want %d", got, source.MaxSamples+1)
	}
}

func TestHealthEndlessAnswer(t *testing.T) {
	for status, want := range map[int]string{http.StatusOK: source.ReasonTooLarge, http.StatusServiceUnavailable: source.ReasonUnavailable} {
		res := healthOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"storagedriver_swift":"`)
			testserver.WriteEndlessly(w)
		})
		msr.wantReason(t, res.Err, want)
		redis.wantValue(t, res, healthOK, 0)
	}
}

func TestHealthConnectionBreaksHalfWay(t *testing.T) {
	res := healthOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"storagedriver_swift":"`)
	})
	msr.wantReason(t, res.Err, source.ReasonShortRead)
	redis.wantValue(t, res, healthOK, 0)
}

package nginx_test

import (
	"registry_exporter/collector/testserver"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/nginx"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/source"
)

const stubStatusPage = "Active connections: 1 \nserver accepts handled requests\n 687 687 1726 \nReading: 0 Writing: 1 Waiting: 0 \n"

// An nginx elsewhere has a path and credentials of its own.
func TestNginxElsewhere(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path != "/status/basic":
			w.WriteHeader(http.StatusNotFound)
		case user != "mon" || password != "nginxnginx":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = w.Write([]byte(stubStatusPage))
		}
	}))
	defer server.Close()
	config := func(path, password string) string {
		return "registries:\n- name: hub\n  url: http://registry.example.org\n  http: {basic_auth: {username: reg, password: hubhubhub}}\n" +
			"  nginx: {urls: ['" + server.URL + path + "'], http: {basic_auth: {username: mon, password: " + password + "}}}\n"
	}
	res := collectortest.New(t, config("/status/basic", "nginxnginx")).readOne(t, "nginx")
	msr.wantReason(t, res.Err, "")
	redis.wantValue(t, res, nginx.requestsTotal, 1726)

	msr.wantReason(t, collectortest.New(t, config("/status/basic", "wrongwrong")).readOne(t, "nginx").Err, source.ReasonUnauthorized)
	msr.wantReason(t, collectortest.New(t, config("/nginx_status", "nginxnginx")).readOne(t, "nginx").Err, source.ReasonNotFound)
}

// stub_status of a replica is open to all: the admin's password has no business there.
func TestNginxOfAReplicaGetsNoCredentials(t *testing.T) {
	var authorization []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = append(authorization, r.URL.Path+" "+r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(stubStatusPage))
	}))
	defer server.Close()
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  msr: {http: {basic_auth: {username: admin, password: adminadmin}}}\n")
	msr.wantReason(t, e.readOne(t, "nginx").Err, "")
	if got := strings.Join(authorization, ","); got != "/nginx_status " {
		t.Errorf("asked %q, want /nginx_status without credentials", got)
	}
}

func TestNginxCredentialsDoNotFollowARedirect(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	res := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.example.org\n  nginx: {urls: ['"+server.URL+
		"/status'], http: {basic_auth: {username: mon, password: nginxnginx}}}\n").readOne(t, "nginx")
	msr.wantReason(t, res.Err, source.ReasonRedirected)
	if asked {
		t.Error("the other host was asked")
	}
}

func TestNginxEndlessPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { testserver.WriteEndlessly(w) }))
	defer server.Close()
	res := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.example.org\n  nginx: {urls: ['"+server.URL+"/status']}\n").readOne(t, "nginx")
	msr.wantReason(t, res.Err, source.ReasonTooLarge)
}

func FuzzStubStatus(f *testing.F) {
	for _, seed := range []string{
		stubStatusPage, strings.ReplaceAll(stubStatusPage, "\n", "\r\n"),
		"Active connections: 3 \nserver accepts handled requests request_time\n 1024 1020 5000 831 \nReading: 0 Writing: 1 Waiting: 2 \n",
		"Active connections: 1 \nserver accepts accepts requests\n 1 2 3 \nReading: 0 Reading: 1 Waiting: 0 \n",
		"Active connections: -1\nserver accepts handled requests\n 9223372036854775808 687 1726\nReading: x Writing: 1 Waiting: 0", "", "\n\n\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := nginx.parseStubStatus(text, "nginx.example.org:80")
		if err != nil {
			if len(samples) > 0 || source.Reason(err) != source.ReasonBadAnswer {
				t.Fatalf("%d samples beside %v", len(samples), err)
			}
			return
		}
		seen := map[uint64]bool{}
		for _, s := range samples {
			if s.Value < 0 || seen[s.Key()] {
				t.Fatalf("%s %q is %v, or stands twice", s.Metric.Name, s.Labels, s.Value)
			}
			seen[s.Key()] = true
		}
		if len(seen) != len(nginx.stubStatus) {
			t.Fatalf("%d samples, want all %d", len(seen), len(nginx.stubStatus))
		}
	})
}

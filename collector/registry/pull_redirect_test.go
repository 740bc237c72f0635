package registry

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestPullFollowsToTheStoreWithoutCredentials(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	var seen testserver.Recorder
	store := httptest.NewServer(seen.Record(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("signature") != "s" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("layer one"))
	}))
	defer store.Close()
	realm := httptest.NewServer(http.HandlerFunc(answerToken))
	defer realm.Close()
	f.guard = refuse("Bearer", realm.URL+"/token")
	f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, store.URL+"/object?signature=s", http.StatusTemporaryRedirect)
	})
	e := f.puller(t, ", http: {basic_auth: {username: monitor, password: right-password}}", "library/base:1.0")
	e.run(t).wantReason(t, "")
	if n := len(seen.Requests()); n != 2 {
		t.Errorf("the store was asked %d times, want 2", n)
	}
	if n := seen.Carrying("Range"); n != 1 {
		t.Errorf("the store was asked %d times for a range, want 1", n)
	}
	for _, r := range seen.Requests() {
		for _, header := range []string{"Authorization", "Cookie"} {
			if r.Header.Get(header) != "" {
				t.Errorf("the store saw %s", header)
			}
		}
	}
}

// The client certificate is for the registry: the store must not see it.
func TestPullShowsTheStoreNoCertificate(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	certFile, keyFile := testserver.KeyPairFiles(t, ca.Issue(t))
	shown := map[string]int{}
	secure := func() *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("127.0.0.1"))}, ClientAuth: tls.RequestClientCert}
	}
	f := startRegistry(t)
	image := f.push("1.0", "layer one")
	store := testserver.TLS(t, secure(), func(w http.ResponseWriter, r *http.Request) {
		shown["store"] += len(r.TLS.PeerCertificates)
		f.ServeHTTP(w, r)
	})
	registry := testserver.TLS(t, secure(), func(w http.ResponseWriter, r *http.Request) {
		shown["registry"] += len(r.TLS.PeerCertificates)
		if strings.HasSuffix(r.URL.Path, image.layers[0].String()) {
			http.Redirect(w, r, store.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		f.ServeHTTP(w, r)
	})
	e := collectHub(t, "pull", registry.URL, "  http: {tls_config: {ca_file: "+ca.File(t)+
		", cert_file: "+certFile+", key_file: "+keyFile+"}}\n  pull: {images: [library/base:1.0]}\n")
	e.run(t).wantReason(t, "")
	if shown["store"] != 0 || shown["registry"] == 0 {
		t.Errorf("certificates were shown: %v", shown)
	}
}

func TestPullOfRedirects(t *testing.T) {
	var asked atomic.Int32
	var store *httptest.Server
	store = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, store.URL+"/loop", http.StatusFound)
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		case "/login":
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer store.Close()
	for _, c := range []struct {
		name, to, options, step, reason, bad string
	}{
		{name: "a loop at the registry", to: "/v2/library/base/manifests/1.0", step: stepManifest, reason: source.ReasonRedirected},
		{name: "a loop at the store", to: store.URL + "/loop", step: stepLayers, reason: source.ReasonRedirected},
		{name: "to nothing", to: "http://[::1", step: stepLayers, reason: source.ReasonBadAnswer},
		{name: "to a file", to: "file:///etc/passwd", step: stepLayers, reason: source.ReasonBadAnswer},
		{name: "to a store that lost it", to: store.URL + "/gone", step: stepLayers, reason: source.ReasonMissingBlob, bad: source.ReasonMissingBlob},
		{name: "to a store that refuses", to: store.URL + "/login", step: stepLayers, reason: source.ReasonStoreRefused},
		{name: "to a store that is down", to: "http://127.0.0.1:1/x", step: stepLayers, reason: source.ReasonRefused},
		{name: "that may not be followed", to: store.URL + "/gone", options: ", http: {follow_redirects: false}", step: stepLayers, reason: source.ReasonRedirected},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked.Store(0)
			badPull{
				step: c.step, reason: c.reason, badReason: c.bad, options: c.options,
				breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
					end := i.layers[1].String()
					if c.step == stepManifest {
						end = "1.0"
					}
					f.answer(end, func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Location", c.to)
						w.WriteHeader(http.StatusFound)
					})
				},
			}.run(t)
			if n := asked.Load(); n > 2*ask.MaxRedirects*ask.MaxRedirects {
				t.Errorf("the store was asked %d times", n)
			}
		})
	}
}

// The URL of a redirect may be as good as a password, down to the last part of its path.
func TestPullErrorsDoNotSayWhereARedirectLed(t *testing.T) {
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaTypeManifest)
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
	}))
	defer store.Close()
	f := startRegistry(t)
	f.push("1.0", "layer one")
	f.answer("1.0", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, store.URL+"/for/jjjjjjjj?signature=ssssssss", http.StatusFound)
	})
	e := f.puller(t, "", "library/base:1.0")
	e.run(t).wantReason(t, source.ReasonShortRead)
	if text := e.last(t).Err.Error(); strings.Contains(text, "jjjjjjjj") || strings.Contains(text, "ssssssss") {
		t.Errorf("the error says %s", text)
	}
}

func TestPullFollowsAFewTimes(t *testing.T) {
	stores := make([]*httptest.Server, 2) // two, since net/http itself follows redirects within one host
	for i := range stores {
		stores[i] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			left, _ := strconv.Atoi(r.URL.Path[1:])
			if left == 0 {
				http.ServeContent(w, r, "", time.Time{}, strings.NewReader("layer one"))
				return
			}
			http.Redirect(w, r, fmt.Sprintf("%s/%d", stores[1-i].URL, left-1), http.StatusFound)
		}))
		defer stores[i].Close()
	}
	for redirects, want := range map[int]string{1: "", ask.MaxRedirects: "", ask.MaxRedirects + 1: source.ReasonRedirected} {
		f := startRegistry(t)
		image := f.push("1.0", "layer one")
		f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, fmt.Sprintf("%s/%d", stores[0].URL, redirects-1), http.StatusFound)
		})
		e := f.puller(t, "", "library/base:1.0")
		e.run(t).wantReason(t, want)
	}
}

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

// slowly sends a byte now and then.
func slowly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000")
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte("x"))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(10 * time.Millisecond):
		case <-r.Context().Done():
		}
	}
}

func TestAnImageThatHangsTakesNothingFromTheOthers(t *testing.T) {
	for name, hanging := range map[string]http.HandlerFunc{"no answer": testserver.Hang, "a byte now and then": slowly} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startRegistry(t)
			f.push("1.0", "layer one")
			f.push("2.0", "layer two")
			f.answer("bad", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", mediaTypeManifest)
				hanging(w, r)
			})
			e := f.puller(t, "", "library/base:bad", "library/base:1.0", "library/worse:bad", "library/base:2.0")
			e.probe().Timeout = 4 * time.Second
			start := time.Now()
			got := e.run(t)
			if took := time.Since(start); took > 12*time.Second {
				t.Errorf("took %s of 4s", took)
			}
			for image, want := range map[string]float64{"library/base:bad": 0, "library/base:1.0": 1, "library/worse:bad": 0, "library/base:2.0": 1} {
				about := fmt.Sprintf(`endpoint="%s",role="front",image="%s"`, f.Listener.Addr(), image)
				got.wantSamples(t, map[string]float64{"registry_pull_success{" + about: want})
				if want == 1 {
					got.wantSamples(t, map[string]float64{"registry_pull_layers_verified{" + about: 1})
				} else {
					got.wantSamples(t, map[string]float64{"registry_pull_failure{" + about + `,step="manifest",reason="timeout",cache=`: 1})
				}
			}
		})
	}
}

// A layer of which only the end comes in time fails the step, and no content is to blame.
func TestALayerThatTakesForEver(t *testing.T) {
	t.Parallel()
	f := startRegistry(t)
	large := strings.Repeat("x", 1000)
	image := f.push("1.0", large)
	e := f.puller(t, "", "library/base:1.0")
	e.probe().Timeout = 2 * time.Second
	f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(large))
			return
		}
		slowly(w, r)
	})
	got := e.run(t)
	got.wantReason(t, source.ReasonTimeout)
	got.wantNone(t, "registry_pull_content_bad{")
	if text := e.last(t).Err.Error(); !strings.Contains(text, "of 1000 bytes came") {
		t.Errorf("the error does not say how much came: %s", text)
	}
}

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

// The store may not learn who we are: a certificate is for the registry.
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
		{name: "to a store that refuses", to: store.URL + "/login", step: stepLayers, reason: source.ReasonForbidden},
		{name: "to a store that is down", to: "http://127.0.0.1:1/x", step: stepLayers, reason: source.ReasonRefused},
		{name: "that may not be followed", to: store.URL + "/gone", options: ", http: {follow_redirects: false}", step: stepLayers, reason: source.ReasonRedirected},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked.Store(0)
			sad{
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

// What a redirect names may be as good as a password, to the last part of its path.
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
	stores := make([]*httptest.Server, 2) // net/http itself follows what stays at one
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

func TestPullFromBackends(t *testing.T) {
	front, bad := startRegistry(t), startRegistry(t)
	front.push("1.0", "layer one", "layer two")
	image := bad.push("1.0", "layer one", "layer two")
	bad.lose(image.layers[0])
	e := collectHub(t, "pull", front.URL, "  backends: ["+bad.URL+"]\n  pull: {images: [library/base:1.0], backends: true}\n")
	got := e.run(t)
	got.wantSamples(t, map[string]float64{
		fmt.Sprintf(`registry_pull_success{endpoint="%s",role="front",`, front.Listener.Addr()):     1,
		fmt.Sprintf(`registry_pull_success{endpoint="%s",role="backend",`, bad.Listener.Addr()):     0,
		fmt.Sprintf(`registry_pull_content_bad{endpoint="%s",role="backend",`, bad.Listener.Addr()): 1,
	})
	for _, r := range bad.Requests() {
		if r.Host != front.Listener.Addr().String() {
			t.Errorf("the backend was asked by the name %s", r.Host)
		}
	}
}

func TestPullByDigest(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one")
	e := f.puller(t, "", "library/base@"+image.manifest.String())
	e.run(t).wantReason(t, "")
	f.manifests[image.manifest.String()] = append(f.manifests[image.manifest.String()], ' ')
	e.run(t).wantReason(t, source.ReasonDigestMismatch)
}

func TestPullOfWhatIsLeftOut(t *testing.T) {
	f := startRegistry(t)
	one, empty := f.blob("layer one"), f.blob("")
	config := f.blob("{}")
	layer := descriptorOf("application/vnd.oci.image.layer.v1.tar", one, len("layer one"))
	foreign := `{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"sha256:` + strings.Repeat("0", 64) + `","size":7,"urls":["http://example.org/x"]}`
	f.document("1.0", `{"config":`+descriptorOf("x", config, 2)+`,"layers":[`+strings.Join([]string{layer, layer, descriptorOf("x", empty, 0), foreign}, ",")+`]}`)
	e := f.puller(t, "", "library/base:1.0")
	got := e.run(t)
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_pull_layers{": 1, "registry_pull_layers_verified{": 1})
	var notes []string
	for _, s := range e.last(t).Steps() {
		notes = append(notes, s.Name+": "+s.Note)
	}
	want := "library/base:1.0 auth: without credentials\n" +
		"library/base:1.0 manifest: " + e.last(t).Steps()[1].Note[:71] + ", 4 layers, 27 bytes\n" +
		"library/base:1.0 config: 2 bytes\n" +
		"library/base:1.0 layers: last bytes of 1 layers, 1 read in full, 3 empty, doubled or foreign ones left out"
	if got := strings.Join(notes, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A step that nobody can judge is not on the page.
func TestPullSaysNothingOfLoggingInWhenNobodyLooksAtIt(t *testing.T) {
	for name, breakIt := range map[string]func(*fakeRegistry){
		"the registry is gone":     func(f *fakeRegistry) { f.Close() },
		"a proxy without registry": func(f *fakeRegistry) { f.answer("1.0", refuseWith(http.StatusBadGateway, "")) },
		"a health check fails":     func(f *fakeRegistry) { f.answer("1.0", refuseWith(http.StatusServiceUnavailable, "UNAVAILABLE")) },
	} {
		t.Run(name, func(t *testing.T) {
			registry := startRegistry(t)
			registry.push("1.0", "layer one")
			e := registry.puller(t, "", "library/base:1.0")
			breakIt(registry)
			got := e.run(t)
			about := fmt.Sprintf(`registry_pull_step_success{endpoint="%s",role="front",image="library/base:1.0",step=`, registry.Listener.Addr())
			got.wantNone(t, about+`"auth"`, about+`"config"`, about+`"layers"`)
			got.wantSamples(t, map[string]float64{about + `"manifest"`: 0})
		})
	}
}

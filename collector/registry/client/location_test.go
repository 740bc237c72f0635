package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

func TestLocations(t *testing.T) {
	for _, c := range []struct{ asked, location, want, reason string }{
		{"http://front:5000/v2/a/blobs/uploads/", "/v2/a/blobs/uploads/1?_state=x%2Fy", "http://front:5000/v2/a/blobs/uploads/1?_state=x%2Fy", ""},
		{"http://front:5000/v2/", "http://other:5000/v2/a/1?d=e", "http://other:5000/v2/a/1?d=e", ""},
		{"http://front:5000/v2/", "https://front:5000/v2/", "https://front:5000/v2/", ""},
		{"http://front/v2/", "http://user:password@front/v2/%41#x", "http://front/v2/%41", ""},
		{"http://front/v2/", "//other/v2/", "http://front//other/v2/", ""}, // as containerd reads it
		{"https://front/v2/", "http://front/v2/", "", source.ReasonBadAnswer},
		{"http://front/v2/", "1?_state=x", "", source.ReasonBadAnswer},
		{"http://front/v2/", "ftp://front/v2/", "", source.ReasonBadAnswer},
		{"http://front/v2/", "http://[::1", "", source.ReasonBadAnswer},
		{"http://front/v2/", "http://front:port/", "", source.ReasonBadAnswer},
	} {
		asked, err := url.Parse(c.asked)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Locate(asked, c.location)
		wantReason(t, err, c.reason)
		if err == nil && got.String() != c.want {
			t.Errorf("%s after %s is %s, want %s", c.location, c.asked, got, c.want)
		}
	}
}

func TestHere(t *testing.T) {
	s := testSession(t, "https://front.example.org", "")
	for text, want := range map[string]bool{
		"https://front.example.org/v2/": true, "https://Front.example.org:443/x": true, "https://front.example.org:5000/": false,
		"http://front.example.org/": false, "http://front.example.org:443/": false, "https://other.example.org/": false,
	} {
		u, err := url.Parse(text)
		if err != nil || s.IsHere(u) != want {
			t.Errorf("%s: want %t, %v", text, want, err)
		}
	}
}

// Another host gets method, headers and body, and no credentials. When it redirects back, the front gets none either.
func TestRequestsElsewhereAreWithoutCredentials(t *testing.T) {
	var secrets, bodies []string
	note := func(r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
		secrets = append(secrets, r.Header.Get("Authorization"))
	}
	var front *httptest.Server
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		http.Redirect(w, r, front.URL+"/back", http.StatusTemporaryRedirect)
	}))
	defer elsewhere.Close()
	front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/back":
			note(r)
		case r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			http.Redirect(w, r, elsewhere.URL, http.StatusPermanentRedirect)
		}
	}))
	defer front.Close()
	s := testSession(t, front.URL, basicLogin)
	resp, err := s.SendTo(t.Context(), http.MethodPut, s.URL, []byte("blob"), http.Header{"Content-Type": {"x"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(bodies) != 2 || bodies[0] != "PUT x blob" || bodies[1] != "PUT x blob" || strings.Join(secrets, "") != "" {
		t.Errorf("others got %q with %q", bodies, secrets)
	}
}

func TestRedirectsOfWrites(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		want   int // status of the answer; 0: an error
	}{
		{http.MethodPost, 307, 204},
		{http.MethodPatch, 308, 204},
		{http.MethodHead, 302, 204},
		{http.MethodPost, 302, 302},   // clients ask with GET then
		{http.MethodDelete, 307, 307}, // what it leads to would be deleted
	} {
		store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
		front := httptest.NewServer(http.RedirectHandler(store.URL, c.status))
		s := testSession(t, front.URL, "")
		resp, err := s.SendTo(t.Context(), c.method, s.URL, nil, nil, "")
		if err != nil || resp.StatusCode != c.want {
			t.Errorf("%s answered with %d: %v, want status %d", c.method, c.status, err, c.want)
		} else {
			resp.Body.Close()
		}
		front.Close()
		store.Close()
	}
}

func TestRedirectsOfWritesEnd(t *testing.T) {
	var other *httptest.Server
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer front.Close()
	other = httptest.NewServer(http.RedirectHandler(front.URL, http.StatusTemporaryRedirect))
	defer other.Close()
	s := testSession(t, front.URL, "")
	_, err := s.SendTo(t.Context(), http.MethodPost, s.URL, nil, nil, "")
	wantReason(t, err, source.ReasonRedirected)
}

func TestFailuresElsewhereAreNotThoseOfTheAccount(t *testing.T) {
	for reason, want := range map[string]string{
		source.ReasonUnauthorized: source.ReasonClientError, source.ReasonForbidden: source.ReasonClientError,
		source.ReasonRefused: source.ReasonRefused,
	} {
		err := Elsewhere(source.Failed(reason, "x"))
		wantReason(t, err, want)
		for _, word := range []string{"X-Forwarded-Proto", "http.host", "relativeurls"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q does not name %s", err, word)
			}
		}
	}
	wantReason(t, Elsewhere(nil), "")
}

package client

import (
	"net/url"
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// Every name that a configuration may have is a repository with a tag or a digest.
func FuzzImage(f *testing.F) {
	for _, name := range []string{
		"library/base:1.0", "base:1", "a/b@sha256:" + strings.Repeat("0", 64), "a/b:1@sha256:" + strings.Repeat("0", 64), "a@sha512:" + strings.Repeat("f", 128),
		"base", "hub/base:1", "a.b/c:1", "localhost/c:1", "a:5000/b:1", strings.Repeat("a", 64), strings.Repeat("a/", 127) + "a:1", "a__b/c--d:_", "",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if _, err := config.ForURL("https://hub", config.Access{Images: []string{name}}); err != nil {
			return
		}
		i, err := ParseImage(name)
		if err != nil {
			t.Fatal(err)
		}
		if i.Repository == "" || i.Tag == "" || !strings.HasPrefix(name, i.Repository) || !strings.HasSuffix(name, i.Tag) || i.Digest != "" && i.Tag != i.Digest.String() {
			t.Errorf("%q is %+v", name, i)
		}
		path := "/v2/" + i.Repository + "/manifests/" + i.Tag
		if u, err := url.Parse("https://hub" + path); err != nil || u.EscapedPath() != path {
			t.Errorf("%s cannot be asked for: %v", path, err)
		}
	})
}

// Every Location is a URL that is not less safe than the one before, or a bad answer.
func FuzzLocation(f *testing.F) {
	for _, location := range []string{
		"/v2/a/blobs/uploads/1?_state=x%2Fy", "http://other:5000/v2/a/1?d=e", "https://front/v2/", "http://user:password@front/v2/%41#x", "//other/v2/",
		"1?_state=x", "ftp://front/v2/", "http://[::1", "http://front:port/", "http:///v2/", "http:front", "/\\other", "http://front\\@other/", "/v2/\u00a0", "?x", "#x", "",
	} {
		f.Add("http", location)
		f.Add("https", location)
	}
	session := testSession(f, "https://front.example.org", "")
	f.Fuzz(func(t *testing.T, scheme, location string) {
		if scheme != "https" {
			scheme = "http"
		}
		u, err := Locate(&url.URL{Scheme: scheme, Host: "front.example.org", Path: "/v2/a/blobs/uploads/"}, location)
		if err != nil {
			if source.Reason(err) != source.ReasonBadAnswer || u != nil {
				t.Errorf("%v with reason %s", err, source.Reason(err))
			}
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Scheme < scheme || u.Host == "" || u.User != nil || u.Fragment != "" {
			t.Errorf("%q after %s is %s", location, scheme, u)
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != u.Host || again.Scheme != u.Scheme {
			t.Errorf("%q is sent as %s, %v", location, u, err)
		} else if session.IsHere(again) != session.IsHere(u) {
			t.Errorf("%s is here or not", u)
		}
	})
}

package msr

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// TestWhatAnErrorOfPingNames is about the words of an error. The pages in testdata/ping test how answers are read.
func TestWhatAnErrorOfPingNames(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"container of the registry", "Failed to connect to container at dtr-registry-f2277ad178f7.dtr-ol:443: timeout", []string{"registry"}},
		{"container of garant", "Failed to connect to container at dtr-garant-f2277ad178f7:443: timeout", []string{"auth"}},
		{"container of a notary", "Failed to connect to container at dtr-notary-signer-f2277ad178f7:4444: timeout", []string{"trust"}},
		{"container in a URL", `Get "https://dtr-garant-f2277ad178f7/_ping": EOF`, []string{"auth"}},
		{"container with a certificate of an unknown authority", "dtr-rethinkdb-f2277ad178f7:28015: x509: certificate signed by unknown authority", []string{"metadata"}},
		{"container that refuses a login", "dtr-rethinkdb-f2277ad178f7:28015: authentication failed for the registry", []string{"metadata"}},
		{"container of something else", "dtr-nginx-f2277ad178f7: x509: certificate signed by unknown authority", nil},
		{"two containers", "dtr-garant-f2277ad178f7: timeout, dtr-registry-f2277ad178f7: timeout", []string{"auth", "registry"}},
		{"container, then words", "dtr-garant-f2277ad178f7: timeout; Notary unhealthy: timeout", []string{"auth", "trust"}},
		{"words for the registry", "Failed to health check registry: timeout", []string{"registry"}},
		{"words for authorization", "Authorization (garant) is unhealthy", []string{"auth"}},
		{"words for authentication", "authentication failed", []string{"auth"}},
		{"words for RethinkDB", "RethinkDB: no primary", []string{"metadata"}},
		{"words for a notary", "notary-server: timeout", []string{"trust"}},
		{"words at the end", `cannot reach the "registry".`, []string{"registry"}},
		{"unknown authority", "x509: certificate signed by unknown authority", nil},
		{"host that begins with registry", "dial tcp: lookup registry.example.org: no such host", nil},
		{"host that ends with registry", "Get https://docker-registry:5000/v2/: EOF", nil},
		{"host that is called registry", "dial tcp: registry:5000: connection refused", nil},
		{"host that looks like a container", "Get https://my-dtr-registry-1.example.org/: EOF", nil},
		{"no words", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := slices.Sorted(maps.Keys(failingComponents(c.text))); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestAnswersThatNestOrRepeatWithoutEnd has answers as large as one may be.
func TestAnswersThatNestOrRepeatWithoutEnd(t *testing.T) {
	for _, c := range []struct{ name, open, repeated string }{
		{"arrays", ``, `[`},
		{"objects", ``, `{"a":`},
		{"arrays in what is read of it", `{"Healthy":`, `[`},
		{"objects in what is read of it", `{"Error":`, `{"Error":`},
		{"errors in errors", ``, `{"errors":[`},
		{"errors without end", `{"errors":[`, `{},`},
		{"one key again and again", `{"a":0`, `,"a":0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := c.open + strings.Repeat(c.repeated, (ask.MaxSmallBody-len(c.open))/len(c.repeated))
			_, _, err := parsePing([]byte(body))
			wantReason(t, err, source.ReasonBadAnswer)
		})
	}
}

func FuzzPing(f *testing.F) {
	files, err := filepath.Glob("testdata/ping/*/ping.http")
	if err != nil || len(files) == 0 {
		f.Fatalf("no answers in testdata/ping: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := bytes.Cut(text, []byte("\n\n"))
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		healthy, ill, err := parsePing(body)
		if err != nil {
			wantReason(t, err, source.ReasonBadAnswer)
			if healthy || ill != "" {
				t.Errorf("healthy %v, %q beside an error", healthy, ill)
			}
		}
		if !utf8.ValidString(ill) {
			t.Errorf("error text %q is not UTF-8", ill)
		}
		for component := range failingComponents(ill) {
			if !slices.Contains(pingComponents, component) {
				t.Errorf("component %q", component)
			}
		}
	})
}

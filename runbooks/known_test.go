package runbooks

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

var hub = Known{
	Registry: "hub@eqiad", Query: "registry=hub&site=eqiad",
	Words: map[string]string{"REGISTRY": "hub", "SITE": "eqiad", "FRONT": "hub.example.org:8443", "https://FRONT": "https://hub.example.org:8443", "FRONT:443": "hub.example.org:8443", "FRONT_NAME": "hub.example.org", "EXPORTER": "https://exporter.example.org"},
	Wrong: []Finding{
		{"api at hub.example.org:8443: the <front> refuses connections", "ss -ltnp 'sport = :8443'"},
		{"second", ""},
		{"third", ""},
		{"fourth", ""},
	},
	Contacts: []Contact{{"hub@eqiad", "swift", "storage team"}},
}

// about serves the page of a path where k is known of hub at eqiad, and nothing of others.
func about(t *testing.T, k Known, path string) string {
	t.Helper()
	handler, err := New(func(_ *http.Request, registry, site string) Known {
		if registry == "hub" && (site == "eqiad" || site == "") {
			return k
		}
		return Known{}
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	http.StripPrefix("/runbooks/", handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/runbooks/"+path, nil))
	return w.Body.String()
}

func want(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("no %s in\n%s", part, page)
		}
	}
}

func wantNone(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(page, part) {
			t.Errorf("%s is in\n%s", part, page)
		}
	}
}

func TestALinkFillsTheCommands(t *testing.T) {
	want(t, about(t, hub, "RegistryDown?registry=hub&site=eqiad"), "curl -sSi https://hub.example.org:8443/v2/ |", "<code>dig hub.example.org</code>", "OTHER_FRONT", "take eqiad out of nothing")
	want(t, about(t, hub, "RegistryCertificateEnding?registry=hub&site=eqiad"), "-connect hub.example.org:8443 -servername hub.example.org &lt;")
	want(t, about(t, hub, "MSRIssues?registry=hub&site=eqiad"), "--connect-to hub.example.org:8443:HOST:443 https://hub.example.org:8443/api/")
	want(t, about(t, hub, "RegistryLoginFails?registry=hub&site=eqiad"), "https://exporter.example.org/probe?registry=hub&amp;site=eqiad&amp;debug=true")
}

func TestALinkSaysWhatIsWrongNow(t *testing.T) {
	page := about(t, hub, "RegistryDown?registry=hub&site=eqiad")
	want(t, page, "</h1>\n<section class=\"now\">\n<p><b>hub@eqiad now:</b></p>", "the &lt;front&gt; refuses", "<pre><code>ss -ltnp &#39;sport = :8443&#39;</code></pre>", "<p>third.</p>",
		`href="../probe?registry=hub&amp;site=eqiad&amp;debug=true"`, "<li>hub@eqiad, swift: storage team</li>")
	wantNone(t, page, "fourth")
	well := hub
	well.Wrong = nil
	want(t, about(t, well, "RegistryDown?registry=hub&site=eqiad"), "the exporter finds nothing wrong")
}

func TestOtherRunbooksAreAboutTheSameRegistry(t *testing.T) {
	page := about(t, hub, "RegistryDown?registry=hub&site=eqiad")
	want(t, page, `href="RegistryStorageDown.md?registry=hub&amp;site=eqiad"`)
	for _, link := range regexp.MustCompile(`href="(\w+\.md)"`).FindAllStringSubmatch(page, -1) {
		t.Errorf("the link to %s names no registry", link[1])
	}
}

func TestARegistryWithoutSites(t *testing.T) {
	k := hub
	k.Registry, k.Query, k.Words = "hub", "registry=hub", map[string]string{"REGISTRY": "hub", "EXPORTER": "https://exporter.example.org"}
	page := about(t, k, "RegistryLoginFails?registry=hub")
	want(t, page, "https://exporter.example.org/probe?registry=hub&amp;debug=true", "https://FRONT/v2/")
	wantNone(t, page, "site=SITE")
}

func TestWithoutALinkNothingIsFilled(t *testing.T) {
	for _, path := range []string{"RegistryDown", "RegistryDown?registry=other", "RegistryDown?site=eqiad"} {
		page := about(t, hub, path)
		want(t, page, "https://FRONT/v2/", `href="RegistryStorageDown.md"`)
		wantNone(t, page, "now:", "<!-- ", "hub")
	}
}

func TestTheIndexExplainsTheWords(t *testing.T) {
	want(t, about(t, hub, "?registry=hub&site=eqiad"), "<code>FRONT</code>: the name that people pull from")
}

func TestPagesStayAsTheyAreAfterALink(t *testing.T) {
	handler, err := New(func(_ *http.Request, registry, _ string) Known {
		if registry == "" {
			return Known{}
		}
		return hub
	})
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, path := range []string{"RegistryDown", "RegistryDown?registry=hub", "RegistryDown"} {
		w := httptest.NewRecorder()
		http.StripPrefix("/", handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+path, nil))
		pages = append(pages, w.Body.String())
	}
	if pages[0] != pages[2] || pages[0] == pages[1] {
		t.Error("the page of one request is in that of another")
	}
}

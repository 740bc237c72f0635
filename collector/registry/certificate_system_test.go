package registry

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// Go reads the CAs of the system once in a process. So another process, which has CAs of its own, asks these servers.
func TestCAsOfTheSystemAreTrustedBesideTheCAFile(t *testing.T) {
	public, company, stranger := testserver.NewAuthority(t, "public", nil), testserver.NewAuthority(t, "company", nil), testserver.NewAuthority(t, "stranger", nil)
	for _, c := range []struct {
		name   string
		signer *testserver.Authority
		reason string
		fact   string // the fact about trust; empty: there is none
	}{
		{"a CA of the system", public, "", "trusted by the system's CAs, not by ca_file"},
		{"a CA of the file", company, "", "trusted by ca_file"},
		{"a CA of neither", stranger, source.ReasonTLSUnknownAuthority, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			shown := c.signer.Issue(t, testserver.ForNames("127.0.0.1"))
			front, backend := testserver.Showing(t, shown, openRegistry), testserver.Showing(t, shown, openRegistry)
			other := exec.Command(os.Args[0], "-test.run=^TestInAProcessWithCAsOfItsOwn$")
			other.Env = append(os.Environ(), "SSL_CERT_FILE="+public.File(t), "SSL_CERT_DIR="+t.TempDir(),
				"TEST_FRONT="+front.URL, "TEST_BACKEND="+backend.URL, "TEST_CA_FILE="+company.File(t), "TEST_REASON="+c.reason, "TEST_FACT="+c.fact)
			if out, err := other.CombinedOutput(); err != nil {
				t.Errorf("%s\n%s", err, out)
			}
		})
	}
}

func TestInAProcessWithCAsOfItsOwn(t *testing.T) {
	front, backend := os.Getenv("TEST_FRONT"), os.Getenv("TEST_BACKEND")
	if front == "" {
		t.Skip("TestCAsOfTheSystemAreTrustedBesideTheCAFile starts this one")
	}
	e := collectHub(t, "api", front, "  http: {tls_config: {ca_file: "+os.Getenv("TEST_CA_FILE")+"}}\n  backends: ["+backend+"]\n")
	got := e.scrape(t)
	for _, res := range got.results {
		if why := source.Reason(res.Err); why != os.Getenv("TEST_REASON") {
			t.Errorf("%s: reason %q: %v", res.Source.Address, why, res.Err)
		}
	}
	for _, u := range []string{front, backend} {
		got.wantSamples(t, map[string]float64{`registry_tls_verified{address="` + u[len("https://"):] + `"`: source.Bool01(os.Getenv("TEST_REASON") == "")})
	}
	fact := os.Getenv("TEST_FACT")
	if fact == "" {
		got.wantNone(t, "registry_tls_trusted_by{")
		return
	}
	res := e.last(t)
	if facts := res.Source.Words.Facts(&source.View{Now: time.Now()}, res); !slices.Contains(facts, fact) {
		t.Errorf("the facts %q do not say %q", facts, fact)
	}
}

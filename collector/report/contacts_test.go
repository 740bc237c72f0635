package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// The report shows contacts below a registry that has a finding, and no contacts below a healthy one.
func TestContactsOfARegistry(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		shown bool
	}{
		{"something is wrong", source.Failed(source.ReasonNoSpace, "full"), true},
		{"all is well", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Subject{Name: "hub", URL: "https://registry.example.org", Contacts: ContactsOf(map[string]string{"swift": "storage <team>, 1234", "network": "#network"})}
			r := &Report{Registries: []*RegistryReport{s.Report(&source.View{Now: time.Now(), Results: []source.Result{result("redis", c.err)}})}}
			r.Summarize()
			var page bytes.Buffer
			if err := r.WriteStatus(&page); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(page.String(), "<p>Whom to call: <b>network</b> #network. <b>swift</b> storage &lt;team&gt;, 1234.</p>"); got != c.shown {
				t.Errorf("on the page: %t\n%s", got, page.String())
			}
			if got := strings.Contains(textOf(t, r, false), "  call for network: #network\n  call for swift: storage <team>, 1234\n"); got != c.shown {
				t.Errorf("in the text: %t", got)
			}
		})
	}
}

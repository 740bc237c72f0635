package runbooks

import (
	"strings"
	"testing"
)

func TestEveryServedPageSaysWhomToCall(t *testing.T) {
	get := served(t, Contact{"hub@eqiad", "swift", "storage team, <b>1234</b>"})
	for name := range runbooks(t) {
		page := get("/runbooks/" + name).Body.String()
		if !strings.Contains(page, "<h2>Whom to call</h2>\n<ul>\n<li>hub@eqiad, swift: storage team, &lt;b&gt;1234&lt;/b&gt;</li>\n</ul>\n</main>") {
			t.Errorf("%s does not", name)
		}
	}
	if page := served(t)("/runbooks/RegistryDown").Body.String(); strings.Contains(page, "Whom to call") {
		t.Error("there is nobody to call")
	}
}

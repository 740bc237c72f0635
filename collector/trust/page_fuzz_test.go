package trust

import (
	"testing"
	"time"
)

// FuzzPage: whatever a page holds, what is taken of it stands in order behind the last change, and its IDs can be sent back.
func FuzzPage(f *testing.F) {
	f.Add([]byte(page(record("6", early, nginx, "update"), record("7", early, nginx, "deletion"))), "5")
	f.Add([]byte(page(record("1", early, nginx, "update"), record("2", early, nginx, "update"))), "1")
	f.Add([]byte(page(record("0a60ec31-1111-2222-3333-444455556666", late, nginx, "update"))), "0a60ec31-1111-2222-3333-444455556665")
	f.Add([]byte(`{"count":0,"records":null}`), "")
	f.Add([]byte(`{"count":1,"records":[{"ID":"18446744073709551616","CreatedAt":"2026-03-01T12:00:00Z"}]}`), "18446744073709551615")
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		at, _ := time.Parse(time.RFC3339, early)
		last := position{ID: id, At: at}
		changes, err := parsePage(body, last, fullPage)
		if err != nil && changes != nil || len(changes) > fullPage {
			t.Errorf("%d changes, %v", len(changes), err)
		}
		for _, c := range changes {
			if !isID(c.ID) || !c.isAfter(last) {
				t.Errorf("%q stands behind %q", c.ID, last.ID)
			}
			last = c.position
		}
	})
}

package trust

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/trust/fakenotary"
)

// record is a record of the feed as JSON.
func record(id, at, gun, category string) string {
	return fmt.Sprintf(`{"ID":%q,"CreatedAt":%q,"GUN":%q,"Version":1,"SHA256":"","Category":%q}`, id, at, gun, category)
}

const (
	early = "2026-03-01T12:00:00Z"
	late  = "2026-03-01T12:00:01Z"
)

// page is an answer with these records.
func page(records ...string) string {
	return fmt.Sprintf(`{"count":%d,"records":[%s]}`, len(records), strings.Join(records, ","))
}

// answersAfter makes the server answer each request for changes after another one with the text, once the reader has begun.
func answersAfter(server *fakenotary.Server, text func() string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if id := r.URL.Query().Get("change_id"); id == "-1" {
			return false
		}
		fmt.Fprint(w, text())
		return true
	}
}

// Each of these answers follows the change 5, or a UUID, and none of their changes is counted.
func TestPagesThatAreRefusedAsAWhole(t *testing.T) {
	const uuid = "0a60ec31-1111-2222-3333-44445555666"
	for _, c := range []struct{ name, page string }{
		{"HTML", "<html>Log in</html>"},
		{"nothing", ""},
		{"null", "null"},
		{"an object of something else", `{"repositories":[]}`},
		{"no count", `{"records":[` + record("6", early, nginx, "update") + `]}`},
		{"a count that is too high", `{"count":2,"records":[` + record("6", early, nginx, "update") + `]}`},
		{"a count that is too low", `{"count":0,"records":[` + record("6", early, nginx, "update") + `]}`},
		{"a negative count", `{"count":-1,"records":null}`},
		{"a count that is a text", `{"count":"1","records":[` + record("6", early, nginx, "update") + `]}`},
		{"more than was asked for", page(strings.Split(strings.TrimSuffix(strings.Repeat(record("6", early, nginx, "update")+"|", 101), "|"), "|")...)},
		{"records of null", `{"count":1,"records":[null]}`},
		{"records that are texts", `{"count":1,"records":["6"]}`},
		{"IDs that are numbers", `{"count":1,"records":[{"ID":6,"CreatedAt":"` + early + `","GUN":"a","Category":"update"}]}`},
		{"an ID that means the newest", page(record("-1", early, nginx, "update"))},
		{"an ID that means the beginning", page(record("0", early, nginx, "update"))},
		{"an ID that would be another query", page(record("6&records=-5", early, nginx, "update"))},
		{"an endless ID", page(record(strings.Repeat("6", 101), early, nginx, "update"))},
		{"a time that is none", page(record("6", "yesterday", nginx, "update"))},
		{"the last change again", page(record("5", early, nginx, "update"))},
		{"a change before it", page(record("4", early, nginx, "update"))},
		{"a change twice", page(record("6", early, nginx, "update"), record("6", early, nginx, "update"))},
		{"backwards", page(record("7", early, nginx, "update"), record("6", early, nginx, "update"))},
		{"a UUID that is older than the last change", page(record(uuid+"0", "2025-03-01T12:00:00Z", nginx, "update"))},
		{"UUIDs backwards", page(record(uuid+"0", late, nginx, "update"), record(uuid+"1", early, nginx, "update"))},
		{"a UUID twice", page(record(uuid+"0", late, nginx, "update"), record(uuid+"0", late, nginx, "update"))},
		{"text behind the page", page(record("6", early, nginx, "update")) + "{}"},
		{"deep nesting", strings.Repeat("[", 20000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakenotary.Start(t)
			for range 5 {
				server.Publish(nginx, "update")
			}
			tt := start(t, server, "")
			server.Instead = answersAfter(server, func() string { return c.page })
			server.Publish(nginx, "update")
			tt.wantShown(tt.run(source.ReasonBadAnswer), "")
			server.Instead = nil
			tt.wantShown(tt.run(""), "1 update")
		})
	}
}

func TestAnEndlessPage(t *testing.T) {
	server := fakenotary.Start(t)
	server.Publish(nginx, "update")
	tt := start(t, server, "")
	server.Publish(nginx, "update")
	server.Instead = answersAfter(server, func() string { return page(record("6", early, strings.Repeat("a", 2<<20), "update")) })
	tt.wantShown(tt.run(source.ReasonTooLarge), "")
}

// A feed that always has 100 more changes, each new, is asked for ten pages a run.
func TestAFeedWithoutEnd(t *testing.T) {
	server := fakenotary.Start(t)
	tt := start(t, server, "")
	server.Publish(nginx, "update")
	made := 0
	server.Instead = answersAfter(server, func() string {
		var records []string
		for range 100 {
			made++
			records = append(records, record(fmt.Sprint(made), early, nginx, "update"))
		}
		return page(records...)
	})
	tt.wantShown(tt.run(""), "1000 update")
	if got := len(server.Asked()); got != 11 {
		t.Errorf("%d requests, want 11", got)
	}
}

// A feed that hands out the same page whatever it is asked for counts once.
func TestAFeedThatRepeatsItself(t *testing.T) {
	for _, ids := range []string{"%d", "0a60ec31-1111-2222-3333-%012d"} {
		server := fakenotary.Start(t)
		tt := start(t, server, "")
		server.Publish(nginx, "update")
		server.Instead = answersAfter(server, func() string {
			var records []string
			for i := range 100 {
				records = append(records, record(fmt.Sprintf(ids, i+2), early, nginx, "update"))
			}
			return page(records...)
		})
		tt.wantShown(tt.run(source.ReasonBadAnswer), "100 update")
		tt.wantShown(tt.run(source.ReasonBadAnswer), "100 update")
	}
}

// The newest change is newer than the last one that is counted, and the server hands out none: it is no lost cursor.
func TestAFeedThatHidesItsChanges(t *testing.T) {
	server := fakenotary.Start(t)
	server.Publish(nginx, "update")
	tt := start(t, server, "")
	server.Publish(nginx, "update")
	server.Instead = answersAfter(server, func() string { return `{"count":0,"records":null}` })
	for range 2 * lostAfter {
		tt.wantLost(tt.run(source.ReasonBadAnswer), 0)
	}
}

func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		status int
		want   string
	}{
		{http.StatusUnauthorized, source.ReasonUnauthorized},
		{http.StatusForbidden, source.ReasonForbidden},
		{http.StatusNotFound, source.ReasonNotFound},
		{http.StatusTooManyRequests, source.ReasonRateLimited},
		{http.StatusFound, source.ReasonRedirected},
		{http.StatusInternalServerError, source.ReasonServerError},
		{http.StatusBadRequest, source.ReasonClientError},
		{http.StatusServiceUnavailable, source.ReasonUnavailable},
	} {
		server := fakenotary.Start(t)
		tt := start(t, server, "")
		server.Publish(nginx, "update")
		server.Instead = func(w http.ResponseWriter, _ *http.Request) bool { fakenotary.Refuse(w, c.status); return true }
		for range 2 * lostAfter { // the newest change cannot be had either: nothing says that the last one is lost
			tt.wantLost(tt.run(c.want), 0)
		}
		server.Instead = nil
		tt.wantShown(tt.run(""), "1 update")
	}
}

func TestTimesInTheFutureAndThoseThatStandForNone(t *testing.T) {
	for name, at := range map[string]time.Time{
		"in the future": time.Now().Add(1000 * time.Hour),
		"never":         time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		"1970":          time.Unix(0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			server := fakenotary.Start(t)
			tt := start(t, server, "")
			server.Instead = answersAfter(server, func() string { return page(record("2", at.Format(time.RFC3339Nano), nginx, "deletion")) })
			server.Publish(nginx, "update")
			res := tt.run("")
			tt.wantShown(res, "1 deletion")
			for _, m := range []*source.Metric{deletionTime, lastChange} {
				for _, s := range res.All(m) {
					if age := time.Since(source.UnixTime(s.Value)); age < 0 || age > time.Minute {
						t.Errorf("%s: %s ago", m.Name, age)
					}
				}
			}
		})
	}
}

func TestRepositoriesWithHostileNames(t *testing.T) {
	for gun, want := range map[string]string{
		"msr.example.org/library/nginx":         "library/nginx 1",
		"MSR.example.org/library/nginx":         "library/nginx 1",
		"msr.example.org:443/library/nginx":     "library/nginx 1",
		"msr.example.org:8443/library/nginx":    "msr.example.org:8443/library/nginx 1",
		"other.example.org/library/nginx":       "other.example.org/library/nginx 1",
		"msr.example.org.evil.example/a":        "msr.example.org.evil.example/a 1",
		"msr.example.org":                       "msr.example.org 1",
		"msr.example.org/":                      "other 1",
		"":                                      "other 1",
		"other":                                 "other 1",
		"msr.example.org/other":                 "other 1",
		"library/\x1b[2Jnginx":                  "other 1",
		"library/nginx\nregistry_up 1":          "other 1",
		"library/\u202egnp.exe":                 "other 1",
		strings.Repeat("a", 201):                "other 1",
		`a",repository="b"} 7`:                  "other 1",
		"library/nginx and more":                "other 1",
		"msr.example.org/msr.example.org/nginx": "msr.example.org/nginx 1",
	} {
		server := fakenotary.Start(t)
		tt := start(t, server, "")
		server.Publish(gun, "update")
		res := tt.run("")
		tt.wantShown(res, "1 update")
		if got := byRepository(res, "update"); got != want {
			t.Errorf("%q: counted as %q, want %q", gun, got, want)
		}
	}
}

// Ten repositories go by name, the busiest of many thousand, and all others as other. No counter vanishes or falls.
func TestManyRepositories(t *testing.T) {
	s := saved{}
	for i := range 20_000 {
		name := fmt.Sprintf("rare/%d", i)
		if i%5 == 0 {
			name = fmt.Sprintf("busy/%d", i/5%5)
		}
		c := change{category: "update"}
		s.count(c, name, 10)
	}
	total := s.Other.Update
	busy := 0
	for _, p := range s.Repositories {
		total += p.Update
		if strings.HasPrefix(p.Repository, "busy/") && p.Update > 700 {
			busy++
		}
	}
	if len(s.Repositories) > 10 || busy != 5 || total != 20_000 || s.changes() != 20_000 || len(s.Candidates) > 40 {
		t.Errorf("%d repositories by name, %d of them busy, %d changes of %d, %d candidates", len(s.Repositories), busy, total, s.changes(), len(s.Candidates))
	}
}

// A thousand deletions at once name as many repositories as are counted by name, and tell of the rest as other.
func TestAThousandDeletions(t *testing.T) {
	server := fakenotary.Start(t)
	tt := start(t, server, "")
	for i := range 1000 {
		server.Publish(fmt.Sprintf("library/%d", i), "deletion")
	}
	res := tt.run("")
	tt.wantShown(res, "1000 deletion")
	named := res.All(deletionTime)
	if len(named) != 11 || named[10].Label("repository") != "other" {
		t.Errorf("%d are named, the last as %s", len(named), named[len(named)-1].Label("repository"))
	}
}

package ask

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// budgetOf is the budget of the requests of an account.
func budgetOf(a *Account) *Budget { return a.Transport.part.budget }

// open sends a request, and leaves the body of the answer open.
func open(ctx context.Context, t testing.TB, a *Account) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := a.Plain.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestARequestIsUnderWayUntilItsBodyIsClosed(t *testing.T) {
	server := testserver.NewRaw(t, testserver.AfterRequest(testserver.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", testserver.Silent)))
	a := accountOf(t, "http://"+server.Address, "", &Lockout{})
	resp := open(t.Context(), t, a)
	wantUnderWay(t, &budgetOf(a).slots, 1, 0)
	resp.Body.Close()
	wantUnderWay(t, &budgetOf(a).slots, 0, 0)
}

func TestARequestWhoseTimeIsOverIsNotUnderWay(t *testing.T) {
	server := testserver.NewRaw(t, testserver.AfterRequest(testserver.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", testserver.Silent)))
	a := accountOf(t, "http://"+server.Address, "", &Lockout{})
	ctx, cancel := context.WithCancel(t.Context())
	resp := open(ctx, t, a)
	defer resp.Body.Close()
	cancel()
	testserver.WaitUntil(t, "the slot is free", func() bool { n, _ := budgetOf(a).UnderWay(); return n == 0 })
}

func TestARequestThatFailsIsNotUnderWay(t *testing.T) {
	a := accountOf(t, "http://127.0.0.1:1", "", &Lockout{})
	_, err := a.Get(t.Context(), a.Plain, "/v2/", MaxSmallBody)
	wantReason(t, err, source.ReasonRefused)
	wantUnderWay(t, &budgetOf(a).slots, 0, 0)
	if n := budgetOf(a).Overloaded(); n != 0 {
		t.Errorf("%d were overloaded", n)
	}
}

// Other bodies hold all memory that large ones share.
func TestABodyForWhichThereIsNoMemoryIsCounted(t *testing.T) {
	server := testserver.NewRaw(t, testserver.AfterRequest(testserver.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat(" ", 100_000), testserver.Silent)))
	a := accountOf(t, "http://"+server.Address, "", &Lockout{})
	b := budgetOf(a)
	if !b.bodies.tiers[0].TryAcquire(bodyTiers[0].room) {
		t.Fatal("it is not free")
	}
	defer b.bodies.tiers[0].Release(bodyTiers[0].room)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := a.Get(ctx, a.Plain, "/v2/", MaxBody)
	wantReason(t, err, source.ReasonExporterOverloaded)
	if n := b.Overloaded(); n != 1 {
		t.Errorf("%d were counted", n)
	}
}

// The registry hangs. Whether it is to blame depends on how long it was asked.
func TestWhoIsToBlameForATimeout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waits time.Duration // of 1.2 s
		want  string
		count uint64
	}{
		"it was asked all the time":                 {0, source.ReasonTimeout, 0},
		"it was asked for most of the time":         {100 * time.Millisecond, source.ReasonTimeout, 0},
		"other requests took most of the time":      {900 * time.Millisecond, source.ReasonExporterOverloaded, 1},
		"other requests took all of the time":       {time.Hour, source.ReasonExporterOverloaded, 1},
		"others took most, and the body is cut off": {900 * time.Millisecond, source.ReasonExporterOverloaded, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := testserver.Silent
			if name == "others took most, and the body is cut off" {
				answer = testserver.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", testserver.Silent)
			}
			server := testserver.NewRaw(t, testserver.AfterRequest(answer))
			a := accountOf(t, "http://"+server.Address, "", &Lockout{})
			slots := &budgetOf(a).slots
			slots.parties["hub"] = &party{quickAt: time.Now()}
			held := hangs(t, slots, maxQuick)
			defer leaveAll(held)
			free := time.AfterFunc(c.waits, held[0].leave)
			defer free.Stop()
			s := &source.Source{Timeout: 1200 * time.Millisecond, Read: func(ctx context.Context) ([]source.Sample, error) {
				_, err := a.Get(ctx, a.Plain, "/v2/", MaxSmallBody)
				return nil, err
			}}
			res := s.Get(t.Context(), time.Minute)
			wantReason(t, res.Err, c.want)
			if n := budgetOf(a).Overloaded(); n != c.count {
				t.Errorf("%d were counted", n)
			}
		})
	}
}

func TestASecretThatWantOfDescriptorsKeepsFromBeingReadIsCounted(t *testing.T) {
	b := NewBudget()
	s := &Secret{SecretReader: failing{fmt.Errorf("opening: %w", syscall.EMFILE)}, part: Part{b, "hub"}}
	_, err := s.Fetch(t.Context())
	wantReason(t, err, source.ReasonExporterOverloaded)
	if err = b.note(err); b.Overloaded() != 1 {
		t.Errorf("%d were counted: %v", b.Overloaded(), err)
	}
}

type failing struct{ err error }

func (f failing) Fetch(context.Context) (string, error) { return "", f.err }
func (failing) Description() string                     { return "test" }
func (failing) Immutable() bool                         { return false }

// A backend gets no password before the front is known. A front that could not be asked is not blamed for its login.
func TestAFrontThatCouldNotBeAskedForWantOfSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := accountOf(t, "https://hub.example.org", "basic_auth: {username: m, password: secret-word}", &Lockout{})
		a.realms = &realmRule{front: a.realms.front, address: "10.0.0.7:5000", seen: a.realms.seen}
		held := hangs(t, &budgetOf(a).slots, maxQuick)
		defer leaveAll(held)
		ctx, cancel := context.WithTimeout(t.Context(), slowAfter/2)
		defer cancel()
		_, err := a.LoginFor(ctx, Challenge{Scheme: basicScheme})
		wantReason(t, err, source.ReasonExporterOverloaded)
	})
}

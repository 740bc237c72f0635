package standin

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// signedEvery is how often somebody pushes a signed image.
const signedEvery = 20 * time.Second

// deletedRepository is the one whose trust data the fault trust-deleted deletes.
const deletedRepository = "library/wordpress"

var signedRepositories = []string{"library/nginx", deletedRepository, "team/app"}

// trustLog is the changefeed of MSR's Notary. An MSR shows a change after a minute; the demo shows it at once.
type trustLog struct {
	tokens *tokenAuth

	mu      sync.Mutex
	signed  time.Time // when the next image is signed
	changes []trustChange
	deleted bool
}

type trustChange struct {
	ID        string
	CreatedAt time.Time
	GUN       string
	Version   int
	SHA256    string
	Category  string
}

func newTrustLog(tokens *tokenAuth, now time.Time) *trustLog {
	t := &trustLog{tokens: tokens, signed: now.Add(-time.Minute)}
	t.grow(now)
	return t
}

// apply deletes the trust data of a repository when the fault is switched on. It is signed anew when the fault is switched off.
func (t *trustLog) apply(f *Faults) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	on := f.On("trust-deleted")
	switch {
	case on && !t.deleted:
		t.add(deletedRepository, "deletion", time.Now())
	case !on && t.deleted:
		t.add(deletedRepository, "update", time.Now())
	}
	t.deleted = on
	return nil
}

// grow adds the signed pushes up to now.
func (t *trustLog) grow(now time.Time) {
	for ; !t.signed.After(now); t.signed = t.signed.Add(signedEvery) {
		t.add(signedRepositories[len(t.changes)%len(signedRepositories)], "update", t.signed)
	}
}

// add adds a change behind all others. IDs are UUIDs, in no order.
func (t *trustLog) add(repository, category string, at time.Time) {
	at = at.UTC().Truncate(time.Millisecond)
	if n := len(t.changes); n > 0 && !at.After(t.changes[n-1].CreatedAt) {
		at = t.changes[n-1].CreatedAt.Add(time.Millisecond)
	}
	random := fnv.New32a()
	fmt.Fprint(random, len(t.changes))
	t.changes = append(t.changes, trustChange{
		ID: fmt.Sprintf("%08x-0000-4000-8000-%012d", random.Sum32(), len(t.changes)), CreatedAt: at, GUN: repository, Category: category,
	})
}

// feed answers GET /v2/_trust/changefeed.
func (t *trustLog) feed(w http.ResponseWriter, r *http.Request) {
	if !t.tokens.isAdmin(w, r) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.grow(time.Now())
	id := r.URL.Query().Get("change_id")
	most, err := strconv.Atoi(r.URL.Query().Get("records"))
	after := slices.IndexFunc(t.changes, func(c trustChange) bool { return c.ID == id }) + 1
	switch {
	case err != nil || most < 1:
		apiErrorWith(w, http.StatusBadRequest, "INVALID_PARAMETERS", "The parameters provided are not valid.", "{}")
		return
	case id == "-1":
		after = max(0, len(t.changes)-most)
	case after == 0 && id != "0":
		apiErrorWith(w, http.StatusInternalServerError, "UNKNOWN", "unknown error", "{}")
		return
	}
	page := slices.Clone(t.changes[after:min(after+most, len(t.changes))])
	for i := range page {
		page[i].GUN = r.Host + "/" + page[i].GUN
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{"count": len(page), "records": page})
}

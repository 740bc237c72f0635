package collector

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"registry_exporter/collector/source"
	"registry_exporter/durable"
)

const (
	// historyFile keeps the history in --state.dir. Whoever reads it learns neither names nor secrets.
	historyFile = "worked"
	// historySaved is how often the history is saved at most: one file for all sources.
	historySaved = 5 * time.Minute
)

// A history knows of each source when it was last read without an error, and with which configuration. It outlives reloads,
// and the process where there is --state.dir. It is for many goroutines.
type history struct {
	file   string // empty: it ends with the process
	logger log.Logger

	mu    sync.Mutex
	kept  keptHistory
	saved time.Time
}

// keptHistory is what the file has.
type keptHistory struct {
	Key     []byte             `json:"key"`     // of the hashes
	Sources map[string]success `json:"sources"` // by hash of registry, site, collector and address
}

// A success is the last reading of a source without an error.
type success struct {
	With string `json:"with"` // hash of configuration and secrets
	At   int64  `json:"at"`   // in seconds since 1970
}

// newHistory reads the history that is kept in a folder. One that is missing or damaged begins anew.
func newHistory(opts Options) *history {
	h := &history{logger: opts.Logger}
	if opts.StateDir != "" {
		h.file = filepath.Join(opts.StateDir, historyFile)
	}
	if folder := cmp.Or(opts.StateDir, opts.HistoryFrom); folder != "" {
		if text, err := durable.Load(filepath.Join(folder, historyFile)); err == nil {
			_ = json.Unmarshal(text, &h.kept) // what is not read begins anew
		}
	}
	if len(h.kept.Key) < sha256.Size || h.kept.Sources == nil {
		h.kept = keptHistory{make([]byte, sha256.Size), map[string]success{}}
		_, _ = rand.Read(h.kept.Key) // never fails
	}
	return h
}

// of is the past of a source, which the parts of its name tell from all others. configuration is what it is read with.
func (h *history) of(configuration func() []string, name ...string) *source.Past {
	id := h.hash(name)
	return &source.Past{
		Note:   func(at time.Time) { h.note(id, h.hash(configuration()), at) },
		Worked: func(now time.Time) bool { return h.worked(id, h.hash(configuration()), now) },
	}
}

// hash hashes texts with the key of the history.
func (h *history) hash(texts []string) string {
	sum := hmac.New(sha256.New, h.kept.Key)
	for _, t := range texts {
		part := sha256.Sum256([]byte(t))
		sum.Write(part[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (h *history) worked(id, with string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, found := h.kept.Sources[id]
	return found && last.With == with && now.Sub(time.Unix(last.At, 0)) < source.Remembered
}

func (h *history) note(id, with string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept.Sources[id] = success{with, at.Unix()}
	if time.Since(h.saved) >= historySaved {
		h.save()
	}
}

// stop saves the history.
func (h *history) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.save()
}

// save is called with h.mu locked. It drops what is too old.
func (h *history) save() {
	h.saved = time.Now()
	maps.DeleteFunc(h.kept.Sources, func(_ string, s success) bool { return h.saved.Sub(time.Unix(s.At, 0)) >= source.Remembered })
	if h.file == "" {
		return
	}
	text, err := json.Marshal(h.kept)
	if err == nil {
		err = durable.SaveUnsynced(h.file, text)
	}
	if err != nil {
		_ = level.Warn(h.logger).Log("msg", "when sources worked last could not be saved", "file", h.file, "err", err)
	}
}

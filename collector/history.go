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
	// historyFile keeps the history in --state.dir. It holds neither names nor secrets, but parts of hashes and their key.
	historyFile = "worked"
	// withDigits are the hex digits that are kept of the hash of a configuration and its secrets. Another password has the same ones
	// once in 65,536 times. Whoever has the file, such as from a backup, and tries passwords is left with too many that fit.
	withDigits = 4
	// historySaved is how often the history is saved at most: one file for all sources.
	historySaved = 5 * time.Minute
)

// A history holds for each source when it was last read without an error, and a hash of its configuration at that time. It
// outlives reloads and, with --state.dir, the process. Many goroutines may use it at once.
type history struct {
	file   string // empty: it ends with the process
	logger log.Logger

	mu    sync.Mutex
	kept  keptHistory
	saved time.Time

	writing sync.Mutex // held while the file is written, which takes long on a disk that hangs
}

// keptHistory is the content of the file.
type keptHistory struct {
	Key     []byte             `json:"key"`     // of the hashes
	Sources map[string]success `json:"sources"` // by hash of registry, site, collector and address
}

// A success is the last reading of a source without an error.
type success struct {
	With string `json:"with"` // the first withDigits of a hash of configuration and secrets
	At   int64  `json:"at"`   // in seconds since 1970
}

// newHistory reads the history from a folder. When the file is missing or damaged, the history is empty.
func newHistory(opts Options) *history {
	h := &history{logger: opts.Logger}
	if opts.StateDir != "" {
		h.file = filepath.Join(opts.StateDir, historyFile)
	}
	if folder := cmp.Or(opts.StateDir, opts.StateFrom); folder != "" {
		if text, err := durable.Load(filepath.Join(folder, historyFile)); err == nil {
			_ = json.Unmarshal(text, &h.kept) // after an error it is empty
		}
	}
	if len(h.kept.Key) < sha256.Size || h.kept.Sources == nil {
		h.kept = keptHistory{make([]byte, sha256.Size), map[string]success{}}
		_, _ = rand.Read(h.kept.Key) // never fails
	}
	for id, s := range h.kept.Sources { // older files have whole hashes
		h.kept.Sources[id] = success{firstDigits(s.With), s.At}
	}
	return h
}

func firstDigits(hash string) string { return hash[:min(withDigits, len(hash))] }

// of is the past of the source with this name: registry, site, collector and address. configuration returns the text of its
// configuration and its secrets.
func (h *history) of(configuration func() []string, name ...string) *source.Past {
	id := h.hash(name)
	return &source.Past{
		Note:   func(at time.Time) { h.note(id, firstDigits(h.hash(configuration())), at) },
		Worked: func(now time.Time) bool { return h.worked(id, firstDigits(h.hash(configuration())), now) },
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
	return found && last.With == with && last.counts(now)
}

// counts says whether the success is within source.Remembered. One that lies in the future is of a wrong clock, or forged.
func (s success) counts(now time.Time) bool {
	age := now.Sub(time.Unix(s.At, 0))
	return age < source.Remembered && age > -time.Hour
}

// note notes a success. The file is written at most every historySaved, and by one reading at a time: while a disk hangs, the
// readings of other sources go on.
func (h *history) note(id, with string, at time.Time) {
	h.mu.Lock()
	h.kept.Sources[id] = success{with, at.Unix()}
	isDue := time.Since(h.saved) >= historySaved
	h.mu.Unlock()
	if isDue && h.writing.TryLock() {
		defer h.writing.Unlock()
		h.save()
	}
}

// stop saves the history.
func (h *history) stop() {
	h.writing.Lock()
	defer h.writing.Unlock()
	h.save()
}

// text drops sources that last worked more than source.Remembered ago. It returns the content of the file.
func (h *history) text() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.saved = time.Now()
	maps.DeleteFunc(h.kept.Sources, func(_ string, s success) bool { return !s.counts(h.saved) })
	return json.Marshal(h.kept)
}

// save writes the file. The caller holds h.writing.
func (h *history) save() {
	text, err := h.text()
	if h.file == "" {
		return
	}
	if err == nil {
		err = durable.SaveUnsynced(h.file, text)
	}
	if err != nil {
		_ = level.Warn(h.logger).Log("msg", "when sources worked last could not be saved", "file", h.file, "err", err)
	}
}

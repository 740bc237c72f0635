package trust

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// maxRunTime bounds a run. It asks for 11 pages at most.
const maxRunTime = 30 * time.Second

// A reader reads the log of one Notary. One run at a time uses it.
type reader struct {
	feed    *feed
	book    *book
	own     []string // hosts of the registry, as they stand before the repository in a GUN
	most    int      // repositories that are counted by name
	doubts  int      // runs in a row in which the server did not know the last change
	restart position // the newest change in the first of those runs
}

// Sources makes the source of the collector trust, a probe, and none for a registry without msr.trust and trust. An error names the
// key of the configuration that is wrong, such as a ca_file that is missing.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	r, every, err := newReader(b)
	if r == nil || err != nil {
		return nil, err
	}
	address := r.feed.account.Address
	s := &source.Source{
		Address: address,
		Down:    []source.Sample{readSuccess.Sample(0, address), interval.Sample(every.Seconds(), address)},
		Words:   words(r.feed.account, b.Trust == nil),
	}
	return []*source.Source{b.Probe(&source.Probe{Every: every, Timeout: min(every, maxRunTime), Run: r.read}, s)}, nil
}

// newReader returns the reader, and how often it runs; nil for a registry without a log.
func newReader(b *ask.Builder) (*reader, time.Duration, error) {
	account, log, err := logOf(b)
	if log == nil || err != nil {
		return nil, 0, err
	}
	return &reader{
		feed: &feed{account: account, pageSize: fullPage},
		book: ask.Kept(b, func() *book { return openBook(stateFile(b, account.Address)) }, account.Address),
		own:  hostsOf(b.URL), most: log.Repositories.Max,
	}, time.Duration(log.Every), nil
}

// logOf returns the account that reads the log: that of the MSR at the front of the registry, or that of trust at its own URL. The
// log is nil for a registry without either.
func logOf(b *ask.Builder) (*ask.Account, *config.TrustLog, error) {
	switch {
	case b.Trust != nil:
		account, err := ask.NewAccount(b.Apart(b.Trust.URL), b.Trust.HTTP, b.Trust.URL, "trust", "http")
		return account, &b.Trust.TrustLog, err
	case b.MSR != nil && b.MSR.Trust != nil:
		account, err := ask.NewAccount(b, b.MSR.HTTP, b.URL, "msr", "http")
		return account, b.MSR.Trust, err
	}
	return nil, nil, nil
}

// stateFile names the file of the book by registry, site and address, as in trust-5b4c922f646a115b; empty without --state.dir.
func stateFile(b *ask.Builder, address string) string {
	if b.StateDir == "" {
		return ""
	}
	about := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", b.Name, b.Site, address))
	return filepath.Join(b.StateDir, fmt.Sprintf("trust-%x", about[:8]))
}

// read is one run. While the log cannot be read, the counters stay on the page.
func (r *reader) read(ctx context.Context) source.Run {
	start, before := time.Now(), r.book.saved.changes()
	err := r.poll(ctx)
	step := source.Step{Name: "changes", Took: time.Since(start), Err: err}
	if err != nil {
		r.feed.session = nil // the next run logs in anew
	} else {
		step.Note = source.Plural(int(r.book.saved.changes()-before), "new change", "new changes")
	}
	return source.Run{Samples: r.samples(err == nil, time.Now()), Steps: []source.Step{step}, Err: err}
}

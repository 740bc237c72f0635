package accesslog

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

const (
	pollEvery = 250 * time.Millisecond // new lines
	lookEvery = time.Second            // new and rotated files
	saveEvery = 5 * time.Second        // when no page wants it sooner
	saveRest  = time.Second            // between two saves
	firstLook = 2 * time.Second        // that a start waits for, where a file system hangs
	// blocksPerTurn bounds what is read of one file before another has its turn: some 2 MiB.
	blocksPerTurn = 32
	// lossShown is how long a loss is a problem; the bytes lost are counted for ever.
	lossShown = 15 * time.Minute
)

// What can be wrong with the logs of a registry. None of it ends the reading of what can be read.
var (
	ErrMissing    = errors.New("no log is there")
	ErrUnreadable = errors.New("log cannot be read")
	ErrLost       = errors.New("lines were lost")
	ErrNotSaved   = errors.New("state cannot be saved")
	ErrListen     = errors.New("cannot listen for syslog")
	ErrNotBegun   = errors.New("logs are not read yet")
	ErrPanic      = errors.New("panic while lines were read")
)

// TailOptions say what a Tailer reads, and where it keeps how far it got.
type TailOptions struct {
	Paths  []string       // patterns as of filepath.Glob
	Listen string         // address for syslog over UDP and TCP; "" for none
	Allow  []netip.Prefix // networks such as 10.0.0.0/8 that syslog is taken from; nil: all
	Lines  Options
	// StateFile outlives the process; "" keeps nothing.
	StateFile string
}

// A Tailer counts the lines of the logs of one registry, from their end at its first start and then each line once,
// whatever is rotated, truncated, compressed, and however the process ends.
type Tailer struct {
	opts  TailOptions
	core  sync.Locker
	stop  context.CancelFunc
	group sync.WaitGroup

	lock      lock // of all that follows
	counts    *Counts
	streams   []*stream  // by path
	known     []string   // patterns that were looked through before
	done      []position // of files read to their end
	lost      uint64
	loss      loss
	problem   error // of the last time that files were looked for
	syslog    syslogServer
	buf       []byte
	looked    time.Time
	begun     bool
	searching bool // a search goes on at the next turn

	rest    time.Duration // between two saves
	saving  lock          // of what follows
	saved   time.Time
	onDisk  []byte
	shown   Report
	stopped bool
}

// A loss is when and how lines were lost.
type loss struct {
	at  time.Time
	err error
}

// A lock is a mutex that one need not wait for.
type lock chan struct{}

func (l lock) take()    { l <- struct{}{} }
func (l lock) release() { <-l }

func (l lock) takeWithin(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the reader of the logs: %w", context.Cause(ctx))
	}
}

// NewTailer checks the options. It opens and reads nothing. Tailers that share a core, which is held while lines are
// counted, use one core of the machine together.
func NewTailer(o TailOptions, core sync.Locker) (*Tailer, error) {
	counts, err := New(o.Lines)
	if err != nil {
		return nil, err
	}
	return &Tailer{
		opts: o, core: core, counts: counts, buf: make([]byte, markSize+maxLine),
		lock: make(lock, 1), saving: make(lock, 1), rest: saveRest,
	}, nil
}

// Start begins to read, where a predecessor in this process stopped, or at what is saved, or at the end of each log.
func (t *Tailer) Start(predecessor []byte) {
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	first := make(chan struct{})
	t.group.Go(func() {
		t.begin(predecessor, time.Now())
		close(first)
		t.run(ctx)
	})
	select {
	case <-first: // what is there now was there before
	case <-time.After(firstLook):
	}
	if t.opts.Listen != "" {
		t.group.Go(func() { t.listenUDP(ctx) })
		t.group.Go(func() { t.listenTCP(ctx) })
	}
}

func (t *Tailer) begin(predecessor []byte, now time.Time) {
	t.guarded(func() {
		t.restore(predecessor, now)
		t.readAll(now)
		t.begun = true
	})
	if t.opts.StateFile != "" {
		_, _ = t.save(context.Background(), now, 0) // killed before the first page, it still knows where it began
	}
}

// guarded does something under the lock. A panic is a problem of the logs, not the end of the process.
func (t *Tailer) guarded(do func()) {
	t.lock.take()
	defer t.lock.release()
	defer func() {
		if p := recover(); p != nil {
			t.loss = loss{time.Now(), fmt.Errorf("%w: %v\n%s", ErrPanic, p, debug.Stack())}
		}
	}()
	do()
}

// Stop ends the reading and saves. What it returns is for the Start of a successor.
func (t *Tailer) Stop() []byte {
	t.stop()
	t.group.Wait()
	_, _ = t.save(context.Background(), time.Now(), 0)
	t.saving.take()
	defer t.saving.release()
	t.stopped = true // what comes now is shown what was saved last
	state, _ := t.encode()
	t.closeFiles()
	return state
}

func (t *Tailer) closeFiles() {
	for _, s := range t.streams {
		for _, l := range s.files {
			l.close()
		}
		for _, l := range s.packed {
			l.close()
		}
		s.endSearch()
	}
}

func (t *Tailer) run(ctx context.Context) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	saved := time.Now()
	for ctx.Err() == nil {
		now := time.Now()
		more := t.turn(now)
		if t.opts.StateFile != "" && now.Sub(saved) >= saveEvery {
			saved = now
			_, _ = t.save(ctx, now, t.rest) // the page says what went wrong
		}
		if !more {
			select {
			case <-poll.C:
			case <-ctx.Done():
			}
		}
	}
}

// turn reads some of each file, and says whether there is more.
func (t *Tailer) turn(now time.Time) (more bool) {
	t.searching = false
	if now.Sub(t.looked) >= lookEvery {
		t.guarded(func() { t.readAll(now) })
	}
	for _, s := range t.streams {
		for _, l := range slices.Clone(s.files) {
			more = t.read(s, l, now) || more
		}
		more = t.readPackedFiles(s, now) || more
	}
	return more || t.searching
}

// read reads some of a file, and says whether there is more. The lock is held for one block at a time.
func (t *Tailer) read(s *stream, l *logFile, now time.Time) (more bool) {
	for block := range blocksPerTurn {
		t.guarded(func() { more = t.readBlock(s, l, block == 0, now) })
		if !more || l.f == nil {
			break
		}
	}
	return more
}

func (t *Tailer) readBlock(s *stream, l *logFile, first bool, now time.Time) (more bool) {
	if l.f == nil {
		return false
	}
	l.broken = nil
	if first {
		l.broken = l.refresh(now)
	}
	var b block
	if l.broken == nil {
		b, l.broken = l.next(t.buf)
	}
	if l.broken == nil && l.Offset == 0 && l == s.newest() && len(b.lines) > 0 && !t.before(s, l, b.lines, now) {
		return false
	}
	switch {
	case errors.Is(l.broken, errReplaced):
		l.truncated()
		t.looked = time.Time{} // a copy is looked for at once
		return true
	case l.broken != nil:
		return false // until the next turn
	case b.lines != nil:
		l.advance(b.lines) // first: lines that make us panic are not read again
		t.count(b.lines, 0)
	default:
		l.advance(b.skipped)
		t.count(nil, b.tooLong)
	}
	if l.atEnd() {
		l.caught = now
		return false
	}
	return true
}

func (t *Tailer) count(lines []byte, tooLong int) {
	t.core.Lock()
	defer t.core.Unlock()
	t.counts.Add(lines)
	t.counts.TooLong(tooLong)
}

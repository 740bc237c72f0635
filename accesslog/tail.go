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
	pollEvery = 250 * time.Millisecond // how often new lines are read
	lookEvery = time.Second            // how often new and rotated files are looked for
	saveEvery = 5 * time.Second        // how often the state is saved when no scrape saves it
	saveRest  = time.Second            // at least, between two saves
	firstLook = 2 * time.Second        // how long Start waits at most, since a file system may hang
	// blocksPerTurn bounds the blocks that are read of one file before the next file has its turn: 32 of 64 KiB.
	blocksPerTurn = 32
	// lossShown is how long a loss of lines is Report.Problem. The counter of lost bytes keeps it for ever.
	lossShown = 15 * time.Minute
)

// The errors in Report.Problem. After each the Tailer goes on with all logs that it can read.
var (
	ErrMissing    = errors.New("no log is there")
	ErrUnreadable = errors.New("log cannot be read")
	ErrLost       = errors.New("lines were lost")
	ErrNotSaved   = errors.New("state cannot be saved")
	ErrListen     = errors.New("cannot listen for syslog")
	ErrNotBegun   = errors.New("logs are not read yet")
	ErrPanic      = errors.New("panic while lines were read")
)

// TailOptions say which logs a Tailer reads, and where it saves its state.
type TailOptions struct {
	Paths  []string       // patterns of filepath.Glob
	Listen string         // host:port for syslog over UDP and TCP; "" for none
	Allow  []netip.Prefix // networks that may send syslog, such as 10.0.0.0/8; nil: all
	Lines  Options
	// Registry has a format where the lines are those of a registry itself, and not those of a web server.
	Registry RegistryOptions
	// StateFile is where positions and counters are saved, to go on from after a restart; "": they are not saved.
	StateFile string
}

// A Tailer counts the lines of the logs of one registry. At its very first start it begins at their ends. From then on it counts
// each line once, also after files were rotated, copied and truncated or compressed, and after the process was killed.
type Tailer struct {
	opts  TailOptions
	core  sync.Locker
	stop  context.CancelFunc
	group sync.WaitGroup

	lock      lock // guards the fields from here to searching
	counts    counter
	streams   []*stream  // by path
	known     []string   // patterns that discover has looked through once
	done      []position // of files read to their end
	lost      uint64     // bytes
	loss      loss       // the last one
	problem   error      // of the last readAll
	syslog    syslogServer
	buf       []byte
	looked    time.Time
	begun     bool
	searching bool // a search in a compressed file goes on at the next turn

	rest    time.Duration // between two saves
	saving  lock          // guards the fields below
	saved   time.Time
	onDisk  []byte
	shown   Report
	stopped bool
}

// A loss says when lines were lost, and which.
type loss struct {
	at  time.Time
	err error
}

// A lock is a mutex. takeWithin gives up waiting for it when a context ends.
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

// NewTailer checks the options. It opens no file. A Tailer locks core while it counts lines: all Tailers with the same core use
// at most one core of the machine.
func NewTailer(o TailOptions, core sync.Locker) (*Tailer, error) {
	counts, err := o.counter()
	if err != nil {
		return nil, err
	}
	return &Tailer{
		opts: o, core: core, counts: counts, buf: make([]byte, markSize+maxLine),
		lock: make(lock, 1), saving: make(lock, 1), rest: saveRest,
	}, nil
}

// A counter counts the lines of one log, and keeps its counters over a restart: Counts or RegistryCounts.
type counter interface {
	Add(lines []byte)
	TooLong(n int)
	MarshalBinary() ([]byte, error)
	UnmarshalBinary(data []byte) error
	show(r *Report) // puts its counters into r
}

func (o *TailOptions) counter() (counter, error) {
	if o.Registry.Format != "" {
		return NewRegistry(o.Registry)
	}
	return New(o.Lines)
}

// Start begins to read: where the predecessor stopped (the result of its Stop, or nil), else at the saved positions, else at
// the end of each log.
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
	case <-first: // the ends of the logs are known now: lines that come after Start are counted
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
		_, _ = t.save(context.Background(), now, 0) // a process that is killed before its first page goes on here
	}
}

// guarded calls do with the lock held. A panic becomes Report.Problem, and does not end the process.
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

// Stop ends the reading, and saves the state. It returns the state, for the Start of the next Tailer.
func (t *Tailer) Stop() []byte {
	t.stop()
	t.group.Wait()
	_, _ = t.save(context.Background(), time.Now(), 0)
	t.saving.take()
	defer t.saving.release()
	t.stopped = true // a Report from now on is the last one that was saved
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
			_, _ = t.save(ctx, now, t.rest) // the next Report has the error
		}
		if !more {
			select {
			case <-poll.C:
			case <-ctx.Done():
			}
		}
	}
}

// turn reads some blocks of each file. more says whether one of them has more.
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

// read reads some blocks of a file. more says whether it has more. It holds the lock for one block at a time.
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
		t.looked = time.Time{} // look for a copy at once
		return true
	case l.broken != nil:
		return false // the next turn tries again
	case b.lines != nil:
		l.advance(b.lines) // before counting: after a panic the same lines are not read again
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

package ask

import (
	"context"
	"slices"
	"time"
)

// A slot is the right of one request to be under way, until leave. A nil slot is that of a request without bounds.
type slot struct {
	of       *slots
	party    *party
	began    chan struct{} // closed when the request may begin
	start    time.Time
	ages     *time.Timer
	answered bool // the headers of an answer have come
	isSlow   bool // holds a slow slot
	left     bool
	ctx      context.Context
	unwatch  func() bool // no longer waits for the end of ctx
}

// grow is called when a request is slowAfter old. It makes place for a quick one, if a slow slot is free.
func (w *slot) grow() {
	s := w.of
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.left {
		return
	}
	w.party.isSlow = w.party.isSlow || !w.answered
	if s.slow == maxSlow {
		w.party.isSlow = true // even if the body is what takes long: there are too many of these
		s.overdue = append(s.overdue, w)
		return
	}
	w.toSlow()
	s.grant()
}

// toSlow moves a request from a quick slot to a slow one. The caller holds s.mu.
func (w *slot) toSlow() {
	w.isSlow = true
	w.of.quick--
	w.of.slow++
}

// leaveWith makes the slot free when ctx ends, at the latest: the connection is closed then.
func (w *slot) leaveWith(ctx context.Context) {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.ctx, w.unwatch = ctx, context.AfterFunc(ctx, w.leave)
}

// hasAnswer notes that the headers of an answer have come.
func (w *slot) hasAnswer() {
	if w == nil {
		return
	}
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.answered = true
	w.party.note(time.Since(w.start))
}

// leave gives the slot back; a second call does nothing.
func (w *slot) leave() {
	if w == nil {
		return
	}
	s := w.of
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.left {
		return
	}
	w.left = true
	w.ages.Stop()
	over := false
	if w.unwatch != nil {
		w.unwatch()
		over = w.ctx.Err() != nil // the answer might still have taken long
	}
	if !w.answered && !over { // such as a connection that is refused
		w.party.note(time.Since(w.start))
	}
	w.party.held--
	switch i := slices.Index(s.overdue, w); {
	case w.isSlow && len(s.overdue) > 0:
		s.slow--
		s.overdue[0].toSlow()
		s.overdue = s.overdue[1:]
	case w.isSlow:
		s.slow--
	case i >= 0:
		s.overdue = slices.Delete(s.overdue, i, i+1)
		s.quick--
	default:
		s.quick--
	}
	s.grant()
}

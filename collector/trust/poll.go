package trust

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registry_exporter/collector/source"
)

const (
	maxPages  = 10 // in a run; the next one goes on where it ended
	lostAfter = 3  // runs in a row in which the server does not know the last change: one alone may be a database that restarts
)

// poll counts the changes since the last run.
func (r *reader) poll(ctx context.Context) error {
	last := r.book.saved
	if !last.Begun {
		return r.begin(ctx)
	}
	newest, err := r.newest(ctx)
	if err != nil {
		return err
	}
	if newest.ID == last.Cursor.ID {
		r.doubts = 0
		return nil
	}
	return r.forward(ctx, newest)
}

// newest is the position of the newest change, and zero in a feed without any.
func (r *reader) newest(ctx context.Context) (position, error) {
	changes, err := r.feed.newest(ctx, 1)
	if err != nil || len(changes) == 0 {
		return position{}, err
	}
	return changes[0].position, nil
}

// begin notes where the feed ends. It counts nothing, and takes the times of the newest changes, and the deletions of the last day,
// from the newest page.
func (r *reader) begin(ctx context.Context) error {
	changes, err := r.feed.newest(ctx, r.feed.pageSize)
	if err != nil {
		return err
	}
	next, now := r.book.saved.clone(), time.Now()
	next.Begun = true
	for _, c := range changes {
		next.remember(c, r.repositoryOf(c.gun), r.most, now, notAfter(c.At, now))
		next.Cursor = c.position
	}
	return r.book.save(next)
}

// forward counts the pages up to the newest change. Each is saved before the next one is asked for.
func (r *reader) forward(ctx context.Context, newest position) error {
	for page := range maxPages {
		changes, err := r.feed.after(ctx, r.book.saved.Cursor)
		var unknown unknownError
		switch {
		case errors.As(err, &unknown):
			return r.doubt(newest, err)
		case err != nil:
			return err
		case len(changes) == 0 && page == 0 && newest.isAfter(r.book.saved.Cursor):
			return source.Failed(source.ReasonBadAnswer, "the feed has a newer change, and hands out none after the last one that is counted")
		case len(changes) == 0 && page == 0:
			return r.doubt(newest, source.Failed(source.ReasonBadAnswer, "the feed ends before the last change that is counted"))
		}
		r.doubts = 0
		if err := r.count(changes); err != nil || len(changes) < r.feed.pageSize-1 { // -1: one may be left out, see neverAsked
			return err
		}
	}
	return nil
}

// count counts the changes of one page, and saves the counters together with the last of them.
func (r *reader) count(changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	next, now := r.book.saved.clone(), time.Now()
	for _, c := range changes {
		next.count(c, r.repositoryOf(c.gun), r.most)
		next.remember(c, r.repositoryOf(c.gun), r.most, now, now)
		next.Cursor = c.position
	}
	return r.book.save(next)
}

// doubt counts the runs in a row in which the server does not know the last change that is counted. After lostAfter of them it has
// lost that: its database was made anew, or replaced. Then the next run goes on behind what was the newest change in the first of these
// runs.
func (r *reader) doubt(newest position, why error) error {
	if r.doubts == 0 {
		r.restart = newest
	}
	r.doubts++
	if r.doubts < lostAfter {
		return why
	}
	next := r.book.saved.clone()
	next.Cursor = r.restart
	next.Lost++
	r.doubts = 0
	if err := r.book.save(next); err != nil {
		return err
	}
	return fmt.Errorf("%w: reading begins again at the newest change, and those in between are not counted", why)
}

// notAfter is the earlier one of two times, and now for a time that stands for none.
func notAfter(at, now time.Time) time.Time {
	if at.Unix() <= 0 || at.After(now) {
		return now
	}
	return at
}

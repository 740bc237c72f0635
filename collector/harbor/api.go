package harbor

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// An api is the API of one Harbor.
type api struct {
	*ask.Account
}

// newAPI makes the API of the registry that is being built. The error names the key of the configuration that is wrong.
func newAPI(b *ask.Builder) (*api, error) {
	account, err := ask.NewAccount(b, b.Harbor.HTTP, b.URL, "harbor", "http")
	if err != nil {
		return nil, err
	}
	return &api{account}, nil
}

// maxPage bounds an answer, in bytes: 100 executions of replication have some 100 KiB. Decoded, short rows take a hundred times as much memory.
const maxPage = 1 << 20

// apiPath is the beginning of all paths.
const apiPath = "/api/v2.0"

// fetch asks for a path, such as "/systeminfo". An answer with another status than 200 is an error.
func (a *api) fetch(ctx context.Context, path string) (*ask.Answer, error) {
	answer, err := a.Get(ctx, a.Login, apiPath+path, maxPage)
	if err = answer.OrRefusal(err, http.StatusOK); err != nil {
		return nil, fmt.Errorf("%s: %w", path, withRight(err, path))
	}
	return answer, nil
}

// get reads the answer to a path into v. now is the time at which Harbor answered, by its own clock: all times in its answers
// are of that clock.
func (a *api) get(ctx context.Context, path string, v any) (now time.Time, err error) {
	answer, err := a.fetch(ctx, path)
	if err != nil {
		return now, err
	}
	if err := ask.FromJSON(answer.Body, v); err != nil {
		return now, fmt.Errorf("%s: %w", path, err)
	}
	return timeOf(answer), nil
}

// pageSize is the most that Harbor puts on one page of a list.
const pageSize = 100

// eachPage reads a list page by page, most pages at most, and hands each to take. path has no query. Rows beyond the last page are
// an error with reason too_large.
func eachPage[T any](ctx context.Context, a *api, path string, most int, take func([]T)) (now time.Time, err error) {
	for page := 1; page <= most; page++ {
		var rows list[T]
		now, err = a.get(ctx, fmt.Sprintf("%s?page=%d&page_size=%d", path, page, pageSize), &rows)
		if err != nil {
			return now, err
		}
		take(rows)
		if len(rows) < pageSize {
			return now, nil
		}
	}
	return now, source.Failed(source.ReasonTooLarge, "%s: more than %d rows", path, most*pageSize)
}

// timeOf is the Date of an answer, or this machine's time when it has none.
func timeOf(a *ask.Answer) time.Time {
	if at, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// A moment is a time in an answer. Harbor writes 0001-01-01T00:00:00.000Z for one that it does not know.
type moment string

// time is the zero time when it is not known.
func (m moment) time() time.Time {
	t, err := time.Parse(time.RFC3339, string(m))
	if err != nil || t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}

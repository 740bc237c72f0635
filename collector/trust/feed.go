package trust

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
)

const (
	feedPath  = "/v2/_trust/changefeed"
	feedScope = "registry:catalog:*" // of the token; a server gives one to everybody, and refuses it here
	fullPage  = 100                  // changes that are asked for; a server takes up to 1,000
)

// Values of change_id that are no change. A page before the newest must be asked for with a positive number of records:
// a negative one with fromStart ends the server's request without an answer.
const (
	fromNewest = "-1" // the newest changes
	fromStart  = "0"  // the oldest changes
	neverAsked = "1"  // documents print it for -1; RethinkDB answers with an error, others leave out the first change
)

// A feed asks for pages of the changefeed. Its token is good for several runs.
type feed struct {
	account  *ask.Account
	pageSize int             // fullPage
	session  *client.Session // nil: the next request begins one
}

// An unknownError is the answer of a server that does not know the change after which it was asked: 500 of an MSR, 400 of a
// Notary on SQL. Other faults have the same answer.
type unknownError struct{ error }

func (u unknownError) Unwrap() error { return u.error }

// newest asks for the newest changes, n at most. The oldest of them comes first.
func (f *feed) newest(ctx context.Context, n int) ([]change, error) {
	a, err := f.ask(ctx, fromNewest, n)
	if err := a.OrRefusal(err, http.StatusOK); err != nil {
		return nil, fmt.Errorf("asking for the newest change: %w", err)
	}
	return parsePage(a.Body, position{}, n)
}

// after asks for the changes after one, pageSize of them at most.
func (f *feed) after(ctx context.Context, last position) ([]change, error) {
	id := last.ID
	if id == "" || id == neverAsked {
		id = fromStart
	}
	a, err := f.ask(ctx, id, f.pageSize)
	err = a.OrRefusal(err, http.StatusOK)
	switch {
	case err == nil:
		return parsePage(a.Body, last, f.pageSize)
	case a != nil && (a.Status == http.StatusInternalServerError || a.Status == http.StatusBadRequest):
		err = unknownError{err}
	}
	return nil, fmt.Errorf("asking for the changes after the last one that is counted: %w", err)
}

func (f *feed) ask(ctx context.Context, id string, records int) (*ask.Answer, error) {
	if f.session == nil {
		f.session = client.NewSession(f.account)
	}
	query := url.Values{"change_id": {id}, "records": {strconv.Itoa(records)}}
	req, err := f.session.Request(ctx, http.MethodGet, feedPath+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := f.session.Send(req, feedScope)
	if err != nil {
		return nil, err
	}
	return ask.AnswerOf(resp, ask.MaxSmallBody)
}

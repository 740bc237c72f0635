package ask

import (
	"context"
	"net/http"
)

type storeKey struct{}

// ToStore is a context for requests to a store, to which a registry has redirected. No credentials go there: what refuses
// them is no account of ours.
func ToStore(ctx context.Context) context.Context { return context.WithValue(ctx, storeKey{}, true) }

// maxHostName bounds a host in a text, in bytes: DNS has names of 253.
const maxHostName = 260

// storeOf is the host:port of the store that answered; empty when it was no store.
func storeOf(resp *http.Response) string {
	if resp.Request == nil || resp.Request.Context().Value(storeKey{}) == nil {
		return ""
	}
	return HostText(resp.Request.URL.Host)
}

package ask

import (
	"context"
	"net/http"
)

type storeKey struct{}

// ToStore marks requests to a store to which a registry has redirected. They carry no credentials, so a refusal is not
// about the exporter's account.
func ToStore(ctx context.Context) context.Context { return context.WithValue(ctx, storeKey{}, true) }

// maxHostName bounds a host in a text, in bytes. Names in DNS have at most 253.
const maxHostName = 260

// storeOf returns the host:port of the store that answered, and nothing when the answer came from no store.
func storeOf(resp *http.Response) string {
	if resp.Request == nil || resp.Request.Context().Value(storeKey{}) == nil {
		return ""
	}
	return HostText(resp.Request.URL.Host)
}

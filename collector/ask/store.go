package ask

import (
	"context"
	"net/http"
	"strings"
)

type storeKey struct{}

// ToStore is a context for requests to a store, to which a registry has redirected. No credentials go there: what refuses
// them is no account of ours.
func ToStore(ctx context.Context) context.Context { return context.WithValue(ctx, storeKey{}, true) }

// maxHostName bounds a host in a text, in bytes: DNS has names of 253.
const maxHostName = 260

// storeOf is the host:port of the store that answered; empty when it was no store. A name that DNS does not have is
// "another host": texts repeat nothing else that a server sent.
func storeOf(resp *http.Response) string {
	if resp.Request == nil || resp.Request.Context().Value(storeKey{}) == nil {
		return ""
	}
	host := resp.Request.URL.Host
	if len(host) > maxHostName || strings.Trim(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") != "" {
		return "another host"
	}
	return host
}

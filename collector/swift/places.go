package swift

import (
	"net/url"
	"sync"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// places is where a login has sent us, with a token that may write. It outlives reloads that leave auth_url, username and
// storage_url as they are.
type places struct {
	mu    sync.Mutex
	first string // host:port of the storage URL of the first login; empty: there was none
}

// allow returns nil when the token may be sent to the storage URL that came with it: never from https to http, and later to
// no other host than the first time. Keystone's catalogue names another host than auth_url as a rule. The reason of an
// error is redirect_refused.
func (p *places) allow(auth, storage *url.URL) error {
	host := ask.HostPort(storage)
	if auth.Scheme == "https" && storage.Scheme == "http" {
		return source.Failed(source.ReasonRedirectRefused, "the login names the store %s with http, behind an auth_url with https: no token was sent there. "+
			"If it is right, say so with storage_url", ask.HostText(host))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == "" {
		p.first = host
	}
	if p.first != host {
		return source.Failed(source.ReasonRedirectRefused, "the login names the store %s, and named %s until now: no token was sent there. If it is right, say so with storage_url, "+
			"or restart the exporter", ask.HostText(host), ask.HostText(p.first))
	}
	return nil
}

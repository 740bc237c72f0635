package ask

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// A realmRule says which token servers may have the password of an account: the challenge names one, and whoever answers
// for a registry, or stands between, can name any.
type realmRule struct {
	front   config.URL // of the registry
	address string     // that the account asks
	named   []string   // realms of the configuration
	seen    *seenRealms
}

// seenRealms are the token servers that a registry has named. They outlive a reload that leaves its url and realms as they
// are.
type seenRealms struct {
	mu     sync.Mutex
	front  frontLogin
	named  map[string]string // by address: the realm of the last challenge
	worked map[string]string // by address: the realm that last gave a token
	labels []string          // realms that are told apart in a label, the first of each name
}

// realmRuleOf is that of an account at u. All accounts of a registry share what they have seen.
func realmRuleOf(b *Builder, u config.URL) *realmRule {
	key := fmt.Sprintf("realms %q %q %q %q", b.Name, b.Site, b.URL.Address(), b.Realms)
	return &realmRule{front: b.URL, address: u.Address(), named: b.Realms, seen: source.Kept(b.Keep, key, func() *seenRealms {
		return &seenRealms{named: map[string]string{}, worked: map[string]string{}}
	})}
}

// maxRealmLabels bounds the series that the challenges of a registry can make.
const maxRealmLabels = 10

// isFront says whether the account asks the front, and not a backend.
func (r *realmRule) isFront() bool { return r.address == r.front.Address() }

// allow returns nil when a password may be sent to the realm. Else the reason is realm_refused, or realm_changed when another
// realm has given tokens to this account before. It notes the realm. The front has to be known.
func (r *realmRule) allow(realm *url.URL) error {
	host := HostPort(realm)
	r.seen.mu.Lock()
	r.seen.named[r.address] = host
	front := r.seen.front.realm
	r.seen.mu.Unlock()
	related := isRelated(r.front.Hostname(), realm.Hostname())
	if isNamed(r.named, realm) || related && (r.isFront() || front == host) {
		return nil
	}
	why := "is neither the registry's own host nor under its domain"
	domain := sharedDomain(r.front.Hostname(), realm.Hostname())
	switch {
	case !related && domain != "":
		why = "is another host than the registry's under " + domain + ", where strangers have names, too"
	case related && front == "":
		why = "the front does not name"
	case related:
		why = "is not the one that the front names, " + HostText(front)
	}
	return r.refusal("the challenge names the token server %s, which %s: no password was sent. If it is right, add to the registry: realms: [%q]", HostText(host), why, HostText(host))
}

// refusal is the error of an address that may not have the password: realm_changed when it had a token server before.
func (r *realmRule) refusal(format string, args ...any) error {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if worked := r.seen.worked[r.address]; worked != "" {
		return source.Failed(source.ReasonRealmChanged, "%s. Until now %s gave the tokens", text, HostText(worked))
	}
	return source.Failed(source.ReasonRealmRefused, "%s", text)
}

// gave notes that the realm gave a token.
func (r *realmRule) gave(realm *url.URL) {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	r.seen.worked[r.address] = HostPort(realm)
}

// Realm is the host:port of the token server that the last challenge to the account named; empty without one.
func (a *Account) Realm() string {
	a.realms.seen.mu.Lock()
	defer a.realms.seen.mu.Unlock()
	if host := a.realms.seen.named[a.realms.address]; host != "" {
		return HostText(host)
	}
	return ""
}

// RealmLabel is Realm for a label. After 10 different ones since the start, each new one is "other": a hostile front could
// name another each time.
func (a *Account) RealmLabel() string {
	realm := a.Realm()
	a.realms.seen.mu.Lock()
	defer a.realms.seen.mu.Unlock()
	labels := &a.realms.seen.labels
	switch {
	case slices.Contains(*labels, realm):
		return realm
	case len(*labels) < maxRealmLabels:
		*labels = append(*labels, realm)
		return realm
	}
	return "other"
}

// isNamed says whether a list has the host of u, with any port, or with this one.
func isNamed(list []string, u *url.URL) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		if _, _, err := net.SplitHostPort(entry); err == nil {
			return hostPort(entry) == HostPort(u)
		}
		return sameHost(strings.Trim(entry, "[]"), u.Hostname())
	})
}

// HostText is a host:port for texts. A name that DNS does not have is "another host": texts repeat nothing else that a
// server sent.
func HostText(host string) string {
	if !isHostName(host) {
		return "another host"
	}
	return cmp.Or(host, "another host")
}

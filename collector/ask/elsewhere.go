package ask

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// A guard says to which other addresses the answers of a system may send the exporter. Whoever answers in place of the
// system could otherwise have the exporter ask for what only this machine reaches, such as the metadata service of a
// cloud.
type guard struct {
	scheme string   // of the system
	own    []string // its hosts
	stores []string // hosts that the configuration names for it; empty: all but local ones
}

// allow returns nil when a request may go to u. Otherwise the reason of the error is redirect_refused.
func (g *guard) allow(u *url.URL) error {
	host := HostText(u.Host)
	switch {
	case isNamed(g.stores, u), g.isOwn(u):
		return nil
	case len(g.stores) > 0:
		return source.Failed(source.ReasonRedirectRefused, "we are sent to %s, which is not in stores: nothing was asked there. If it is right, add it to the stores of the registry", host)
	case g.scheme == "https" && u.Scheme == "http":
		return source.Failed(source.ReasonRedirectRefused, "we are sent to %s, from https to http: nothing was asked there. If it is right, add to the registry: stores: [%q]", host, host)
	}
	return nil
}

// isOwn says whether u has the scheme and a host of the system.
func (g *guard) isOwn(u *url.URL) bool {
	return u.Scheme == g.scheme && slices.ContainsFunc(g.own, func(host string) bool { return sameHost(host, u.Hostname()) })
}

// A locality says how local an address is: of this machine, of its link, or of the cloud that it runs in.
type locality string

// metadata are the addresses outside of links at which clouds tell their machines keys and passwords. Others than these are not
// known here: stores closes them.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),      // AWS
	netip.MustParsePrefix("fd20:ce::254/128"),   // Google
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
}

func localityOf(addr netip.Addr) locality {
	addr = addr.Unmap().WithZone("")
	for _, v4 := range embedded(addr) {
		if where := localityOf(v4); where != "" {
			return where
		}
	}
	switch {
	case addr.IsLoopback(), addr.IsUnspecified():
		return "this machine"
	case addr.IsLinkLocalUnicast(), addr.IsLinkLocalMulticast(), addr.IsInterfaceLocalMulticast():
		return "the link of this machine"
	case slices.ContainsFunc(metadata, func(p netip.Prefix) bool { return p.Contains(addr) }):
		return "the cloud of this machine"
	}
	return ""
}

// refuse returns an error for a dial to an address of this machine or its link, unless the system itself has such an
// address.
func (g *guard) refuse(ctx context.Context, addr netip.Addr) error {
	where := localityOf(addr)
	if where == "" {
		return nil
	}
	for _, host := range g.own {
		found, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", host) // for an address, the address itself
		if slices.ContainsFunc(found, func(own netip.Addr) bool { return localityOf(own) == where }) {
			return nil
		}
	}
	return source.Failed(source.ReasonRedirectRefused, "we are sent to an address of %s: nothing was asked there. If it is right, name the host in stores", where)
}

// transportTo returns the transport for u. It has no client certificate and, unless the configuration names u, dials no
// local address.
func (g *guard) transportTo(t *transport, u *url.URL) (*transport, error) {
	if err := g.allow(u); err != nil {
		return nil, err
	}
	t = t.anonymous()
	if !isNamed(g.stores, u) && !g.isOwn(u) {
		t.refuse = g.refuse
	}
	return t, nil
}

// Elsewhere returns the transport for a host to which an answer has sent the exporter. The host must not learn who asks.
// When the configuration does not allow the host, the reason of the error, here or of a request, is redirect_refused.
func (c *Client) Elsewhere(to *url.URL) (*transport, error) {
	return c.guard.transportTo(c.TransportFor(to.Host), to)
}

// control refuses an address after its name was resolved, and before the connection is made.
func (x *exchange) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	if x.refuse == nil {
		return nil
	}
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading an address: %w", err)
	}
	return x.refuse(ctx, addr.Addr())
}

// NewGuardedTransport is NewTransport for a system at u that is no registry, such as Swift. It dials no address of this
// machine, or of its link, unless the system has such an address, or stores name the host.
func NewGuardedTransport(cas *CAs, cfg *promconfig.HTTPClientConfig, u config.URL, stores []string, part Part) (http.RoundTripper, error) {
	t, err := NewTransport(cas, cfg, part)
	if err != nil {
		return nil, err
	}
	g := &guard{u.Scheme, []string{u.Hostname()}, stores}
	far := t.Clone()
	far.refuse = g.refuse
	return byHost{g, t, far}, nil
}

// byHost sends requests to hosts of the system with one transport, and all others with another.
type byHost struct {
	guard          *guard
	own, elsewhere *transport
}

// RoundTrip implements http.RoundTripper.
func (t byHost) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.guard.isOwn(req.URL) || isNamed(t.guard.stores, req.URL) {
		return t.own.RoundTrip(req)
	}
	return t.elsewhere.RoundTrip(req)
}

package ask

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"registry_exporter/config"
)

// HostPort is the host:port that u asks, written in one way however u writes it: such as auth.example.org:443 for
// https://AUTH.example.org./.
func HostPort(u *url.URL) string { return hostPort(config.URL{URL: u}.Address()) }

func hostPort(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(plainHost(host), port)
}

// plainHost is a host in lower case, without a dot at its end, in Punycode, or an address in its shortest form.
func plainHost(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().String()
	}
	host = strings.TrimSuffix(host, ".")
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	return strings.ToLower(host)
}

// sameHost says whether two host names, or addresses, are the same.
func sameHost(a, b string) bool { return plainHost(a) == plainHost(b) }

// isRelated says whether two hosts are the same, or DNS names under one domain that somebody has registered, such as
// registry.example.org and auth.example.org. An address is under no domain.
func isRelated(a, b string) bool {
	if sameHost(a, b) {
		return true
	}
	one, other := domainOf(a), domainOf(b)
	return one != "" && one == other
}

func domainOf(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(plainHost(host))
	if err != nil {
		return ""
	}
	return domain
}

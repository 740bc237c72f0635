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

// HostPort returns the host:port of u in one spelling: auth.example.org:443 for https://AUTH.example.org./ as well.
func HostPort(u *url.URL) string { return hostPort(config.URL{URL: u}.Address()) }

func hostPort(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(plainHost(host), port)
}

// plainHost writes a host name in lower case, in Punycode and without a dot at its end, and an address in its shortest
// form.
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

// isRelated says whether two hosts are the same, or DNS names under one registered domain, such as registry.example.org
// and auth.example.org. An address is under no domain.
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

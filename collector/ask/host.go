package ask

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
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
// form. An address with a dot at its end is a name, which is looked up in DNS.
func plainHost(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().String()
	}
	short := strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(short); err == nil {
		return host
	}
	host = short
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

// shared are domains below which strangers have names, and that the list of public suffixes lacks.
var shared = []string{"cluster.local", "ec2.internal", "compute.internal", "nip.io", "sslip.io"}

// domainOf is the domain of a host; empty when it has none, or characters that DNS does not have. In Kubernetes it is the namespace:
//
//	registry.example.org              example.org
//	registry.hub.svc.cluster.local    hub.svc.cluster.local
//	a.registry.hub.svc.cluster.local  hub.svc.cluster.local
func domainOf(host string) string {
	host = plainHost(host)
	labels := strings.Split(host, ".")
	if svc := slices.Index(labels, "svc"); svc >= 2 && len(labels) > svc+1 && isHostName(host) {
		return strings.Join(labels[svc-1:], ".")
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if _, isAddress := literal(host); err != nil || isAddress || !isHostName(host) || slices.Contains(shared, domain) {
		return ""
	}
	return domain
}

// sharedDomain is a domain that both hosts are under, and strangers may be, too; empty when there is none that is known:
//
//	registry.10.0.0.1.nip.io        auth.10.0.0.2.nip.io          nip.io
//	registry.hub.svc.cluster.local  auth.login.svc.cluster.local  cluster.local
//	registry.github.io              auth.github.io                github.io
func sharedDomain(a, b string) string {
	a, b = plainHost(a), plainHost(b)
	if !isHostName(a) || !isHostName(b) {
		return ""
	}
	suffix, isOfRegistry := publicsuffix.PublicSuffix(a)
	candidates := shared
	if !isOfRegistry && strings.Contains(suffix, ".") {
		candidates = append([]string{suffix}, shared...)
	}
	if _, cluster, isService := strings.Cut(a, ".svc."); isService {
		candidates = append([]string{cluster}, candidates...)
	}
	for _, domain := range candidates {
		if strings.HasSuffix(a, "."+domain) && strings.HasSuffix(b, "."+domain) {
			return domain
		}
	}
	return ""
}

// isHostName says whether a host, or host:port, has only characters of DNS and of addresses.
func isHostName(host string) bool {
	return len(host) <= maxHostName && strings.Trim(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") == ""
}

package ask

import "net/netip"

// The prefixes of addresses of IPv6 that a gateway (NAT64) translates to an address of IPv4.
var (
	wellKnownNAT64 = netip.MustParsePrefix("64:ff9b::/96")   // RFC 6052
	localNAT64     = netip.MustParsePrefix("64:ff9b:1::/48") // RFC 8215: a network takes a prefix of it, of 48 to 96 bits
)

// An embedding says which bytes of an address of IPv6 are the address of IPv4, after a prefix of some length (RFC 6052, 2.2).
// The byte 8, and those after the address, are 0.
type embedding [4]int

var (
	after48 = embedding{6, 7, 9, 10}
	after56 = embedding{7, 9, 10, 11}
	after64 = embedding{9, 10, 11, 12}
	after96 = embedding{12, 13, 14, 15}
)

// embedded are the addresses of IPv4 to which a gateway may translate an address. Only the network knows the length of its prefix
// for local use, so each length that fits counts:
//
//	64:ff9b::7f00:1        127.0.0.1
//	64:ff9b:1::7f00:1      127.0.0.1, after 96 bits
//	64:ff9b:1:7f00:0:100:: 127.0.0.1, after 48 bits; after 96 it would be 0.0.0.0, which is nobody's address
func embedded(addr netip.Addr) []netip.Addr {
	switch {
	case wellKnownNAT64.Contains(addr):
		return []netip.Addr{after96.of(addr)}
	case localNAT64.Contains(addr):
		var found []netip.Addr
		for _, e := range []embedding{after48, after56, after64, after96} {
			if v4 := e.of(addr); e.fits(addr) && !v4.IsUnspecified() {
				found = append(found, v4)
			}
		}
		return found
	}
	return nil
}

func (e embedding) of(addr netip.Addr) netip.Addr {
	b := addr.As16()
	return netip.AddrFrom4([4]byte{b[e[0]], b[e[1]], b[e[2]], b[e[3]]})
}

// fits says whether the byte 8 and those after the address of IPv4 are 0. After 96 bits there are none, and byte 8 is of the prefix.
func (e embedding) fits(addr netip.Addr) bool {
	b := addr.As16()
	for _, rest := range b[e[3]+1:] {
		if rest != 0 {
			return false
		}
	}
	return e == after96 || b[8] == 0
}

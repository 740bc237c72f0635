package accesslog

import (
	"net/netip"
	"slices"
)

// allows says whether syslog is taken from an address: whoever may send it writes the counters.
func (o *TailOptions) allows(from netip.AddrPort) bool {
	if len(o.Allow) == 0 {
		return true
	}
	return slices.ContainsFunc(o.Allow, func(network string) bool {
		prefix, err := netip.ParsePrefix(network)
		return err == nil && prefix.Contains(from.Addr().Unmap().WithZone(""))
	})
}

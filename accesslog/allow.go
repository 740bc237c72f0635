package accesslog

import (
	"net/netip"
	"slices"
)

// allows says whether the server takes syslog from an address. Whoever may send lines can change the counters.
func (o *TailOptions) allows(from netip.AddrPort) bool {
	addr := from.Addr().Unmap().WithZone("")
	return len(o.Allow) == 0 || slices.ContainsFunc(o.Allow, func(network netip.Prefix) bool { return network.Contains(addr) })
}

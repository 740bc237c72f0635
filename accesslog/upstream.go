package accesslog

import "bytes"

var cacheNames = [...]string{"hit", "miss", "bypass", "expired", "stale", "updating", "revalidated", "other"}

// cacheResult is the index of $upstream_cache_status in cacheNames; -1 when nginx asked no cache.
func cacheResult(status []byte) int {
	status = lastUpstream(status)
	if absent(status) {
		return -1
	}
	switch string(status) {
	case "HIT":
		return 0
	case "MISS":
		return 1
	case "BYPASS":
		return 2
	case "EXPIRED":
		return 3
	case "STALE":
		return 4
	case "UPDATING":
		return 5
	case "REVALIDATED":
		return 6
	}
	return 7
}

// lastUpstream is the last value of a list such as "10.0.0.1:5000, 10.0.0.2:5000": the client got the answer of that upstream.
func lastUpstream(values []byte) []byte {
	if i := bytes.LastIndex(values, []byte(", ")); i >= 0 {
		values = values[i+2:]
	}
	if i := bytes.LastIndex(values, []byte(" : ")); i >= 0 {
		values = values[i+3:]
	}
	return values
}

// upstreamMicros adds up a list such as "0.004, 1.250", the times of upstreams that nginx asked one after the other.
func upstreamMicros(values []byte) (sum uint64, present, valid bool) {
	for len(values) > 0 {
		end := bytes.IndexAny(values, " ,")
		value := values
		if values = nil; end >= 0 {
			value, values = value[:end], bytes.TrimLeft(value[end:], " ,:")
		}
		n, there, good := micros(value)
		if !good {
			return 0, false, false
		}
		sum, present = sum+n, present || there
	}
	return sum, present, true
}

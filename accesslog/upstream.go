package accesslog

import "bytes"

var cacheNames = [...]string{"hit", "miss", "bypass", "expired", "stale", "updating", "revalidated", "other"}

// cacheResult is the place in cacheNames, or -1 where no cache was asked.
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

// lastUpstream is the value of the upstream that was asked last, whose answer the client got.
func lastUpstream(values []byte) []byte {
	if i := bytes.LastIndex(values, []byte(", ")); i >= 0 {
		values = values[i+2:]
	}
	if i := bytes.LastIndex(values, []byte(" : ")); i >= 0 {
		values = values[i+3:]
	}
	return values
}

// upstreamMicros is how long all upstreams took that were asked one after the other.
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

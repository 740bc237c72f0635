package accesslog

import "strconv"

// statuses are counted each by itself, and all others together as other. They are the statuses that nginx knows
// (src/http/ngx_http_request.h and ngx_http_special_response.c), that Distribution and Harbor answer with, and that
// Cloudflare, which stands in front of Docker Hub, answers a cache with (520 to 526, 530).
var statuses = [...]uint16{
	101,
	200, 201, 202, 204, 206, 207,
	300, 301, 302, 303, 304, 307, 308,
	400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417,
	421, 422, 423, 424, 425, 426, 428, 429, 431, 444, 451, 494, 495, 496, 497, 499,
	500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 520, 521, 522, 523, 524, 525, 526, 530,
}

const (
	otherCode = len(statuses) // such as 000, which nginx logs when there was no answer
	codes     = otherCode + 1
)

// places has the index in statuses of each status below 600; otherCode for one that is not there.
var places = func() (all [600]uint8) {
	for status := range all {
		all[status] = uint8(otherCode)
	}
	for place, status := range statuses {
		all[status] = uint8(place)
	}
	return all
}()

// codeOf is the index at which a status is counted.
func codeOf(status int) int {
	if status < len(places) {
		return int(places[status])
	}
	return otherCode
}

// codeName is the label value for an index, such as "200" or "other".
func codeName(code int) string {
	if code == otherCode {
		return "other"
	}
	return strconv.Itoa(int(statuses[code]))
}

// An outcome is how an operation ended for the client.
type outcome uint8

const (
	ok outcome = iota
	unauthorized
	rateLimited
	clientError
	canceled
	serverError
	outcomes // how many there are
)

var outcomeNames = [outcomes]string{"ok", "unauthorized", "rate_limited", "client_error", "canceled", "server_error"}

// outcomeOf is the outcome of a status. A redirect is ok: the client gets its layer from the store. Statuses below 100 and 499
// are a client that hung up.
func outcomeOf(status int) outcome {
	switch {
	case status == 401:
		return unauthorized
	case status == 429:
		return rateLimited
	case status == 499 || status < 100:
		return canceled
	case status >= 500:
		return serverError
	case status >= 400:
		return clientError
	}
	return ok
}

package accesslog

// Statuses are counted by class, but those by themselves that tell apart what went wrong.
const firstServerError = 9 // in codeNames

var codeNames = [...]string{
	"1xx", "2xx", "3xx", "4xx", "401", "404", "416", "429", "499",
	"500", "501", "502", "503", "504", "505", "506", "507", "508", "509", "510", "511", "5xx",
	"other", // nginx logs 000 when there was no answer at all
}

const codes = len(codeNames)

// codeOf is the place of a status in codeNames.
func codeOf(status int) int {
	switch status {
	case 401:
		return 4
	case 404:
		return 5
	case 416:
		return 6
	case 429:
		return 7
	case 499:
		return 8
	}
	switch class := status / 100; {
	case class == 0 || class > 5:
		return codes - 1
	case class < 5:
		return class - 1
	case status <= 511:
		return firstServerError + status - 500
	}
	return codes - 2
}

// An outcome is how an operation ended for the client.
type outcome uint8

const (
	ok outcome = iota
	unauthorized
	clientError
	canceled
	serverError
	outcomes // how many there are
)

var outcomeNames = [outcomes]string{"ok", "unauthorized", "client_error", "canceled", "server_error"}

// outcomeOf takes a redirect for a success: the client gets its layer from the store.
func outcomeOf(status int) outcome {
	switch {
	case status == 401:
		return unauthorized
	case status == 499 || status < 100:
		return canceled
	case status >= 500:
		return serverError
	case status >= 400:
		return clientError
	}
	return ok
}

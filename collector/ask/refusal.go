package ask

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

// Refusal returns the error of an answer with an unwanted status, such as "status 503 UNAVAILABLE", or "status 403 from
// the store at s3.example.org". Its reason is that of the status, or store_refused. It quotes nothing of the body but the
// code of a registry's error, and the right that Harbor names: a body may repeat the credentials.
func (a *Answer) Refusal() error {
	text := fmt.Sprintf("status %d", a.Status)
	code, detail := RegistryError(a.Body)
	if code != "" {
		text += " " + code
	}
	if a.store != "" {
		text += " from the store at " + a.store
	}
	if lacking := harborLacks.FindSubmatch(a.Body); lacking != nil && a.Status == http.StatusUnauthorized {
		return lackOfRightError{source.Failed(a.refusalReason(detail), "%s: no right to %s", text, lacking[1])}
	}
	return source.Failed(a.refusalReason(detail), "%s", text)
}

type lackOfRightError struct{ error }

func (l lackOfRightError) Unwrap() error { return l.error }

// IsLackOfRight says whether err is a 401 in which Harbor names a right that the account has not. To a request without credentials it
// says no more than another 401.
func IsLackOfRight(err error) bool {
	var l lackOfRightError
	return errors.As(err, &l)
}

// harborLacks are the words of Harbor for a right that the account has not. The status is 401, and not 403 as with others.
var harborLacks = regexp.MustCompile(`unauthorized to access repository: [^",]*, action: (pull|push|delete)\b`)

func (a *Answer) refusalReason(detail string) string {
	switch {
	case a.store != "" && (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden):
		return source.ReasonStoreRefused
	case a.Status == http.StatusUnauthorized && ContainsAny(a.Body, "dial tcp", "failed to connect"):
		return source.ReasonServerError // Harbor answers so without its database
	case a.Status == http.StatusUnauthorized:
		return source.ReasonUnauthorized
	case a.Status == http.StatusForbidden:
		return source.ReasonForbidden
	case a.Status == http.StatusNotFound:
		return source.ReasonNotFound
	case a.Status == http.StatusTooManyRequests, a.Status == 498: // Swift
		return source.ReasonRateLimited
	case a.Status == http.StatusRequestEntityTooLarge, a.Status == http.StatusInsufficientStorage:
		return source.ReasonNoSpace
	case a.Status == http.StatusBadRequest && ContainsAny(a.Body, "plain HTTP request was sent to HTTPS port", "HTTP request to an HTTPS server"):
		return source.ReasonHTTPOnHTTPS
	case a.Status == http.StatusBadRequest && ContainsAny(a.Body, "No required SSL certificate", "SSL certificate error"):
		return source.ReasonTLSClientCert
	case a.Status == http.StatusServiceUnavailable && strings.Contains(detail, "health check failed"):
		return source.ReasonHealthCheckFailed
	case a.Status == http.StatusServiceUnavailable:
		return source.ReasonUnavailable
	case a.Status >= 500:
		return source.ReasonServerError
	case a.Status >= 400:
		return source.ReasonClientError
	case a.Status >= 300:
		return source.ReasonRedirected
	}
	return source.ReasonBadAnswer
}

// ContainsAny says whether the body contains any of the words.
func ContainsAny(body []byte, words ...string) bool {
	for _, w := range words {
		if bytes.Contains(body, []byte(w)) {
			return true
		}
	}
	return false
}

// RegistryError reads the first code and the first detail of {"errors":[{"code":"…","detail":"…"}]}, the errors of the
// registry API. It looks at 16 errors at most. A code with other characters than A-Z and _ is left empty, and so is a
// detail that is no string. Both are empty when the body is no such JSON.
func RegistryError(body []byte) (code, detail string) {
	var answer struct {
		Errors [16]struct{ Code, Detail string }
	}
	_ = json.NewDecoder(bytes.NewReader(body)).Decode(&answer) // a field of another type stays empty, and so do all when it is no JSON
	for _, e := range answer.Errors {
		code, detail = cmp.Or(code, e.Code), cmp.Or(detail, e.Detail)
	}
	if len(code) > 40 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
		code = ""
	}
	return code, detail
}

// OrRefusal returns the refusal when the status is none of the wanted ones, and else err. A body that is cut short tells
// less than the status, and a timeout tells more: then it returns err. The answer may be nil when err is not.
func (a *Answer) OrRefusal(err error, wanted ...int) error {
	if a != nil && !slices.Contains(wanted, a.Status) && !errors.Is(err, context.DeadlineExceeded) {
		return a.Refusal()
	}
	return err
}

// RefusalOf reads and closes a response with an unwanted status, and returns its refusal.
func RefusalOf(resp *http.Response) error {
	a, err := AnswerOf(resp, MaxSmallBody)
	if err != nil {
		return fmt.Errorf("status %d: %w", resp.StatusCode, a.OrRefusal(err))
	}
	return a.Refusal()
}

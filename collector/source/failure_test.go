package source

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"registry_exporter/collector/ask"
)

func TestReason(t *testing.T) {
	socket := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"none", nil, ""},
		{"its own", Failed(ReasonNoSpace, "x"), ReasonNoSpace},
		{"its own among others", errors.Join(errors.New("x"), Failed(ReasonNoSpace, "x")), ReasonNoSpace},
		{"no such host", &net.DNSError{Err: "no such host", IsNotFound: true}, ReasonDNS},
		{"DNS server does not answer", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, ReasonDNS},
		{"refused", socket(syscall.ECONNREFUSED), ReasonRefused},
		{"no route to host", socket(syscall.EHOSTUNREACH), ReasonUnreachable},
		{"no route to network", socket(syscall.ENETUNREACH), ReasonUnreachable},
		{"TCP gave up", socket(syscall.ETIMEDOUT), ReasonTimeout},
		{"reset", socket(syscall.ECONNRESET), ReasonReset},
		{"broken pipe", socket(syscall.EPIPE), ReasonReset},
		{"deadline", context.DeadlineExceeded, ReasonTimeout},
		{"deadline of a connection", os.ErrDeadlineExceeded, ReasonTimeout},
		{"canceled", context.Canceled, ReasonCanceled},
		{"closed before an answer", io.EOF, ReasonReset},
		{"closed in the middle", io.ErrUnexpectedEOF, ReasonShortRead},
		{"larger than allowed", &http.MaxBytesError{Limit: 1}, ReasonTooLarge},
		{"certificate of unknown authority", x509.UnknownAuthorityError{}, ReasonTLSUnknownAuthority},
		{"certificate for other uses", x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, ReasonTLSOther},
		{"scheme", http.ErrSchemeMismatch, ReasonHTTPSOnHTTP},
		{"anything else", errors.New("x"), reasonOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, err := range []error{c.err, fmt.Errorf("asking: %w", c.err), &url.Error{Op: "Get", URL: "http://x", Err: c.err}} {
				if c.err == nil {
					err = nil
				}
				if got := Reason(err); got != c.want {
					t.Errorf("%v: got %q, want %q", err, got, c.want)
				}
			}
		})
	}
}

// What net/http quotes from an answer, or from the URL of a redirect, is not for the log.
func TestRequestErrorQuotesNothing(t *testing.T) {
	for _, text := range []string{
		`net/http: HTTP/1.x transport connection broken: malformed HTTP response "SECRET"`,
		`net/http: HTTP/1.x transport connection broken: malformed HTTP status code "SECRET"`,
		`net/http: HTTP/1.x transport connection broken: malformed MIME header line: SECRET`,
		`malformed HTTP version "SECRET"`,
		`bad Content-Length "SECRET"`,
		`http: message cannot contain multiple Content-Length headers; got ["SECRET"]`,
		`unsupported transfer encoding: "SECRET"`,
		`failed to parse Location header "SECRET": parse "SECRET": invalid port`,
		`http: bad trailer key "SECRET"`,
	} {
		err := ask.RequestError(&url.Error{Op: "Get", URL: "http://x/?SECRET", Err: errors.New(text)})
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %s", text, err)
		}
		if got := Reason(err); got != ReasonBadAnswer {
			t.Errorf("%s: got reason %s", text, got)
		}
	}
	kept := ask.RequestError(&url.Error{Op: "Get", URL: "http://x/?SECRET", Err: syscall.ECONNREFUSED})
	if Reason(kept) != ReasonRefused || strings.Contains(kept.Error(), "SECRET") {
		t.Errorf("got %s, reason %s", kept, Reason(kept))
	}
}

func TestRefusal(t *testing.T) {
	const healthCheck = `{"errors":[{"code":"UNAVAILABLE","message":"service unavailable","detail":"health check failed: please see /debug/health"}]}`
	for _, c := range []struct {
		status             int
		body, reason, text string
	}{
		{401, ``, ReasonUnauthorized, "status 401"},
		{401, `{"errors":[{"code":"UNAUTHORIZED"}]}`, ReasonUnauthorized, "status 401 UNAUTHORIZED"},
		{403, `{"errors":[{"code":"NOT_AUTHORIZED"}]}`, ReasonForbidden, "status 403 NOT_AUTHORIZED"},
		{404, `<html>`, ReasonNotFound, "status 404"},
		{407, ``, ReasonClientError, "status 407"},
		{413, ``, ReasonNoSpace, "status 413"},
		{429, ``, ReasonRateLimited, "status 429"},
		{500, `{"errors":[{"code":"a word of its own"}]}`, ReasonServerError, "status 500"},
		{500, `{"errors":[{"code":5},{"code":"UNKNOWN"}]}`, ReasonServerError, "status 500 UNKNOWN"},
		{500, `{"errors":[{"code":"` + strings.Repeat("A", 41) + `"}]}`, ReasonServerError, "status 500"},
		{500, `{"errors":{"code":"UNKNOWN"}}`, ReasonServerError, "status 500"},
		{503, healthCheck, ReasonHealthCheckFailed, "status 503 UNAVAILABLE"},
		{502, healthCheck, ReasonServerError, "status 502 UNAVAILABLE"},
		{503, `health check failed`, ReasonUnavailable, "status 503"},
		{507, ``, ReasonNoSpace, "status 507"},
		{302, ``, ReasonRedirected, "status 302"},
		{204, ``, ReasonBadAnswer, "status 204"},
		{101, ``, ReasonBadAnswer, "status 101"},
	} {
		err := (&ask.Answer{Status: c.status, Body: []byte(c.body)}).Refusal()
		if Reason(err) != c.reason || err.Error() != c.text {
			t.Errorf("%d %s: got %q, reason %s, want %q, %s", c.status, c.body, err, Reason(err), c.text, c.reason)
		}
	}
}

func TestReasonsAreAClosedList(t *testing.T) {
	const agreed = `dns refused unreachable timeout reset tls_unknown_authority tls_hostname tls_no_ip_san tls_expired
		tls_not_yet_valid tls_client_cert tls_other http_on_https https_on_http unauthorized forbidden not_found rate_limited
		client_error server_error unavailable health_check_failed bad_answer redirected too_large digest_mismatch short_read missing_blob
		upload_lost no_space read_only write_accepted pending log_missing log_unreadable lines_lost
		not_listening state_not_saved canceled panic other`
	text, err := os.ReadFile("failure.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\treason\w+\s+= "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
		found[m[1]] = true
	}
	for _, word := range strings.Fields(agreed) {
		if !found[word] {
			t.Errorf("%s is missing", word)
		}
		delete(found, word)
	}
	for word := range found {
		t.Errorf("%s is not in the list: dashboards, alerts and runbooks have to know it first", word)
	}
}

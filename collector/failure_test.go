package collector

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
		{"its own", failed(reasonNoSpace, "x"), reasonNoSpace},
		{"its own among others", errors.Join(errors.New("x"), failed(reasonNoSpace, "x")), reasonNoSpace},
		{"no such host", &net.DNSError{Err: "no such host", IsNotFound: true}, reasonDNS},
		{"DNS server does not answer", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, reasonDNS},
		{"refused", socket(syscall.ECONNREFUSED), reasonRefused},
		{"no route to host", socket(syscall.EHOSTUNREACH), reasonUnreachable},
		{"no route to network", socket(syscall.ENETUNREACH), reasonUnreachable},
		{"TCP gave up", socket(syscall.ETIMEDOUT), reasonTimeout},
		{"reset", socket(syscall.ECONNRESET), reasonReset},
		{"broken pipe", socket(syscall.EPIPE), reasonReset},
		{"deadline", context.DeadlineExceeded, reasonTimeout},
		{"deadline of a connection", os.ErrDeadlineExceeded, reasonTimeout},
		{"canceled", context.Canceled, reasonCanceled},
		{"closed before an answer", io.EOF, reasonReset},
		{"closed in the middle", io.ErrUnexpectedEOF, reasonShortRead},
		{"larger than allowed", &http.MaxBytesError{Limit: 1}, reasonTooLarge},
		{"certificate of unknown authority", x509.UnknownAuthorityError{}, reasonTLSUnknownAuthority},
		{"certificate for other uses", x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, reasonTLSOther},
		{"scheme", http.ErrSchemeMismatch, reasonHTTPSOnHTTP},
		{"anything else", errors.New("x"), reasonOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, err := range []error{c.err, fmt.Errorf("asking: %w", c.err), &url.Error{Op: "Get", URL: "http://x", Err: c.err}} {
				if c.err == nil {
					err = nil
				}
				if got := reason(err); got != c.want {
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
		err := requestError(&url.Error{Op: "Get", URL: "http://x/?SECRET", Err: errors.New(text)})
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %s", text, err)
		}
		if got := reason(err); got != reasonBadAnswer {
			t.Errorf("%s: got reason %s", text, got)
		}
	}
	kept := requestError(&url.Error{Op: "Get", URL: "http://x/?SECRET", Err: syscall.ECONNREFUSED})
	if reason(kept) != reasonRefused || strings.Contains(kept.Error(), "SECRET") {
		t.Errorf("got %s, reason %s", kept, reason(kept))
	}
}

func TestRefusal(t *testing.T) {
	const healthCheck = `{"errors":[{"code":"UNAVAILABLE","message":"service unavailable","detail":"health check failed: please see /debug/health"}]}`
	for _, c := range []struct {
		status             int
		body, reason, text string
	}{
		{401, ``, reasonUnauthorized, "status 401"},
		{401, `{"errors":[{"code":"UNAUTHORIZED"}]}`, reasonUnauthorized, "status 401 UNAUTHORIZED"},
		{403, `{"errors":[{"code":"NOT_AUTHORIZED"}]}`, reasonForbidden, "status 403 NOT_AUTHORIZED"},
		{404, `<html>`, reasonNotFound, "status 404"},
		{407, ``, reasonClientError, "status 407"},
		{413, ``, reasonNoSpace, "status 413"},
		{429, ``, reasonRateLimited, "status 429"},
		{500, `{"errors":[{"code":"a word of its own"}]}`, reasonServerError, "status 500"},
		{500, `{"errors":[{"code":5},{"code":"UNKNOWN"}]}`, reasonServerError, "status 500 UNKNOWN"},
		{500, `{"errors":[{"code":"` + strings.Repeat("A", 41) + `"}]}`, reasonServerError, "status 500"},
		{500, `{"errors":{"code":"UNKNOWN"}}`, reasonServerError, "status 500"},
		{503, healthCheck, reasonHealthCheckFailed, "status 503 UNAVAILABLE"},
		{502, healthCheck, reasonServerError, "status 502 UNAVAILABLE"},
		{503, `health check failed`, reasonUnavailable, "status 503"},
		{507, ``, reasonNoSpace, "status 507"},
		{302, ``, reasonRedirected, "status 302"},
		{204, ``, reasonBadAnswer, "status 204"},
		{101, ``, reasonBadAnswer, "status 101"},
	} {
		err := (&answer{status: c.status, body: []byte(c.body)}).refusal()
		if reason(err) != c.reason || err.Error() != c.text {
			t.Errorf("%d %s: got %q, reason %s, want %q, %s", c.status, c.body, err, reason(err), c.text, c.reason)
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

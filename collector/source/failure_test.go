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
		{"no descriptor left here", socket(syscall.EMFILE), ReasonExporterOverloaded},
		{"no descriptor left on this machine", socket(syscall.ENFILE), ReasonExporterOverloaded},
		{"no buffers left here", socket(syscall.ENOBUFS), ReasonExporterOverloaded},
		{"no memory left here", socket(syscall.ENOMEM), ReasonExporterOverloaded},
		{"no descriptor left to ask the resolver", &net.DNSError{Err: "dial udp 127.0.0.53:53: socket: too many open files"}, ReasonExporterOverloaded},
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

func TestReasonsAreAClosedList(t *testing.T) {
	const agreed = `dns refused unreachable timeout reset tls_unknown_authority tls_hostname tls_no_ip_san tls_expired
		tls_not_yet_valid tls_client_cert tls_other http_on_https https_on_http unauthorized forbidden not_found store_refused upstream_failed realm_refused realm_changed redirect_refused rate_limited
		client_error server_error unavailable health_check_failed component_unhealthy bad_answer redirected too_large digest_mismatch short_read missing_blob
		upload_lost no_space read_only write_accepted write_lost body_too_large policy pending log_missing log_unreadable lines_lost
		not_listening state_not_saved canceled exporter_overloaded panic other`
	text, err := os.ReadFile("failure.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t[rR]eason\w+\s+= "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
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

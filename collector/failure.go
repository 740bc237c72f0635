package collector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// The closed list of reasons: metrics, alerts, pages and logs use no others. A write is accepted by mistake where
// the site is passive; a probe is pending until its first run has ended.
const (
	reasonDNS                 = "dns"
	reasonRefused             = "refused"
	reasonUnreachable         = "unreachable"
	reasonTimeout             = "timeout"
	reasonReset               = "reset"
	reasonTLSUnknownAuthority = "tls_unknown_authority"
	reasonTLSHostname         = "tls_hostname"
	reasonTLSNoIPSAN          = "tls_no_ip_san"
	reasonTLSExpired          = "tls_expired"
	reasonTLSNotYetValid      = "tls_not_yet_valid"
	reasonTLSClientCert       = "tls_client_cert"
	reasonTLSOther            = "tls_other"
	reasonHTTPOnHTTPS         = "http_on_https"
	reasonHTTPSOnHTTP         = "https_on_http"
	reasonUnauthorized        = "unauthorized"
	reasonForbidden           = "forbidden"
	reasonNotFound            = "not_found"
	reasonRateLimited         = "rate_limited"
	reasonClientError         = "client_error"
	reasonServerError         = "server_error"
	reasonUnavailable         = "unavailable"
	reasonHealthCheckFailed   = "health_check_failed"
	reasonBadAnswer           = "bad_answer"
	reasonRedirected          = "redirected"
	reasonTooLarge            = "too_large"
	reasonShortRead           = "short_read"
	reasonDigestMismatch      = "digest_mismatch"
	reasonMissingBlob         = "missing_blob"
	reasonUploadLost          = "upload_lost"
	reasonReadOnly            = "read_only"
	reasonWriteAccepted       = "write_accepted"
	reasonNoSpace             = "no_space"
	reasonPending             = "pending"
	reasonLogMissing          = "log_missing"
	reasonLogUnreadable       = "log_unreadable"
	reasonLinesLost           = "lines_lost"
	reasonNotListening        = "not_listening"
	reasonStateNotSaved       = "state_not_saved"
	reasonCanceled            = "canceled"
	reasonPanic               = "panic"
	reasonOther               = "other"
)

// A failure is an error whose reason is known where it is made.
type failure struct {
	reason string
	text   string
}

func (f *failure) Error() string { return f.text }

// An unaskedError is why no request was made: that says nothing about the one who was to be asked.
type unaskedError struct{ error }

func (u unaskedError) Unwrap() error { return u.error }

// unasked makes err the reason why no request was made.
func unasked(err error) error { return unaskedError{err} }

func isUnasked(err error) bool {
	var u unaskedError
	return errors.As(err, &u)
}

func failed(reason, format string, args ...any) error {
	return &failure{reason, fmt.Sprintf(format, args...)}
}

// reason sorts any error into the closed list; without one it is empty.
func reason(err error) string {
	if err == nil {
		return ""
	}
	var f *failure
	var dns *net.DNSError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f.reason
	case errors.As(err, &dns):
		return reasonDNS
	case errors.As(err, &large):
		return reasonTooLarge
	case isTimeout(err):
		return reasonTimeout
	case errors.Is(err, context.Canceled):
		return reasonCanceled
	}
	for _, find := range []func(error) string{certificateReason, tlsReason, socketReason} {
		if r := find(err); r != "" {
			return r
		}
	}
	if strings.Contains(err.Error(), "tls: ") {
		return reasonTLSOther
	}
	return reasonOther
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

func certificateReason(err error) string {
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &host):
		if net.ParseIP(strings.Trim(host.Host, "[]")) != nil && len(host.Certificate.IPAddresses) == 0 {
			return reasonTLSNoIPSAN
		}
		return reasonTLSHostname
	case errors.As(err, &invalid):
		if invalid.Reason != x509.Expired {
			return reasonTLSOther
		}
		if time.Now().Before(invalid.Cert.NotBefore) {
			return reasonTLSNotYetValid
		}
		return reasonTLSExpired
	case errors.As(err, &unknown):
		return reasonTLSUnknownAuthority
	case errors.As(err, &other):
		return reasonTLSOther
	}
	return ""
}

func tlsReason(err error) string {
	var record tls.RecordHeaderError
	switch alert := remoteAlert(err); {
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return reasonHTTPSOnHTTP
	case strings.Contains(alert, "certificate"), alert == "tls: access denied":
		return reasonTLSClientCert // what a server says of the one we showed, or did not
	case alert != "":
		return reasonTLSOther
	}
	return ""
}

// remoteAlert is what the other side said as it ended the TLS connection. The type of alerts is not exported.
func remoteAlert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}

func socketReason(err error) string {
	for errno, r := range map[syscall.Errno]string{
		syscall.ECONNREFUSED: reasonRefused,
		syscall.ECONNRESET:   reasonReset,
		syscall.ECONNABORTED: reasonReset,
		syscall.EPIPE:        reasonReset,
		syscall.EHOSTUNREACH: reasonUnreachable,
		syscall.ENETUNREACH:  reasonUnreachable,
		syscall.EHOSTDOWN:    reasonUnreachable,
		syscall.ENETDOWN:     reasonUnreachable,
		syscall.ENOSPC:       reasonNoSpace,
	} {
		if errors.Is(err, errno) {
			return r
		}
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return reasonShortRead
	case errors.Is(err, io.EOF):
		return reasonReset
	}
	return ""
}

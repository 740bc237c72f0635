package source

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
	ReasonDNS                 = "dns"
	ReasonRefused             = "refused"
	ReasonUnreachable         = "unreachable"
	ReasonTimeout             = "timeout"
	ReasonReset               = "reset"
	ReasonTLSUnknownAuthority = "tls_unknown_authority"
	ReasonTLSHostname         = "tls_hostname"
	ReasonTLSNoIPSAN          = "tls_no_ip_san"
	ReasonTLSExpired          = "tls_expired"
	ReasonTLSNotYetValid      = "tls_not_yet_valid"
	ReasonTLSClientCert       = "tls_client_cert"
	ReasonTLSOther            = "tls_other"
	ReasonHTTPOnHTTPS         = "http_on_https"
	ReasonHTTPSOnHTTP         = "https_on_http"
	ReasonUnauthorized        = "unauthorized"
	ReasonForbidden           = "forbidden"
	ReasonNotFound            = "not_found"
	ReasonRateLimited         = "rate_limited"
	ReasonClientError         = "client_error"
	ReasonServerError         = "server_error"
	ReasonUnavailable         = "unavailable"
	ReasonHealthCheckFailed   = "health_check_failed"
	ReasonBadAnswer           = "bad_answer"
	ReasonRedirected          = "redirected"
	ReasonTooLarge            = "too_large"
	ReasonShortRead           = "short_read"
	ReasonDigestMismatch      = "digest_mismatch"
	ReasonMissingBlob         = "missing_blob"
	ReasonUploadLost          = "upload_lost"
	ReasonReadOnly            = "read_only"
	ReasonWriteAccepted       = "write_accepted"
	ReasonNoSpace             = "no_space"
	ReasonPending             = "pending"
	ReasonLogMissing          = "log_missing"
	ReasonLogUnreadable       = "log_unreadable"
	ReasonLinesLost           = "lines_lost"
	ReasonNotListening        = "not_listening"
	ReasonStateNotSaved       = "state_not_saved"
	ReasonCanceled            = "canceled"
	ReasonPanic               = "panic"
	reasonOther               = "other"
)

// A Failure is an error whose reason is known where it is made.
type Failure struct {
	reason string
	text   string
}

func (f *Failure) Error() string { return f.text }

// An unaskedError is why no request was made: that says nothing about the one who was to be asked.
type unaskedError struct{ error }

func (u unaskedError) Unwrap() error { return u.error }

// Unasked makes err the reason why no request was made.
func Unasked(err error) error { return unaskedError{err} }

func IsUnasked(err error) bool {
	var u unaskedError
	return errors.As(err, &u)
}

func Failed(reason, format string, args ...any) error {
	return &Failure{reason, fmt.Sprintf(format, args...)}
}

// Reason sorts any error into the closed list; without one it is empty.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	var f *Failure
	var dns *net.DNSError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f.reason
	case errors.As(err, &dns):
		return ReasonDNS
	case errors.As(err, &large):
		return ReasonTooLarge
	case isTimeout(err):
		return ReasonTimeout
	case errors.Is(err, context.Canceled):
		return ReasonCanceled
	}
	for _, find := range []func(error) string{certificateReason, tlsReason, socketReason} {
		if r := find(err); r != "" {
			return r
		}
	}
	if strings.Contains(err.Error(), "tls: ") {
		return ReasonTLSOther
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
			return ReasonTLSNoIPSAN
		}
		return ReasonTLSHostname
	case errors.As(err, &invalid):
		if invalid.Reason != x509.Expired {
			return ReasonTLSOther
		}
		if time.Now().Before(invalid.Cert.NotBefore) {
			return ReasonTLSNotYetValid
		}
		return ReasonTLSExpired
	case errors.As(err, &unknown):
		return ReasonTLSUnknownAuthority
	case errors.As(err, &other):
		return ReasonTLSOther
	}
	return ""
}

func tlsReason(err error) string {
	var record tls.RecordHeaderError
	switch alert := RemoteAlert(err); {
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return ReasonHTTPSOnHTTP
	case strings.Contains(alert, "certificate"), alert == "tls: access denied":
		return ReasonTLSClientCert // what a server says of the one we showed, or did not
	case alert != "":
		return ReasonTLSOther
	}
	return ""
}

// RemoteAlert is what the other side said as it ended the TLS connection. The type of alerts is not exported.
func RemoteAlert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}

func socketReason(err error) string {
	for errno, r := range map[syscall.Errno]string{
		syscall.ECONNREFUSED: ReasonRefused,
		syscall.ECONNRESET:   ReasonReset,
		syscall.ECONNABORTED: ReasonReset,
		syscall.EPIPE:        ReasonReset,
		syscall.EHOSTUNREACH: ReasonUnreachable,
		syscall.ENETUNREACH:  ReasonUnreachable,
		syscall.EHOSTDOWN:    ReasonUnreachable,
		syscall.ENETDOWN:     ReasonUnreachable,
		syscall.ENOSPC:       ReasonNoSpace,
	} {
		if errors.Is(err, errno) {
			return r
		}
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonShortRead
	case errors.Is(err, io.EOF):
		return ReasonReset
	}
	return ""
}

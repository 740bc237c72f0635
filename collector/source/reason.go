package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Reason sorts any error into the closed list; that of nil is "". A Failure in the chain of err has the first word, then
// come faults of this machine, DNS, sizes, timeouts, certificates, TLS and sockets; all else is "other".
func Reason(err error) string {
	if err == nil {
		return ""
	}
	var f *Failure
	var dns *net.DNSError
	var large *http.MaxBytesError
	errors.As(err, &dns)
	switch {
	case errors.As(err, &f):
		return f.reason
	case isOverload(err, dns):
		return ReasonExporterOverloaded
	case dns != nil:
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

// overloads are the errors of a machine that is out of descriptors or memory: this one, not the one that was asked.
var overloads = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

// isOverload says whether err is one of overloads. dns, if it is not nil, is the part of err that is about a name: it has the
// words of such an error, and no error in its chain.
func isOverload(err error, dns *net.DNSError) bool {
	return slices.ContainsFunc(overloads, func(o syscall.Errno) bool {
		return errors.Is(err, o) || dns != nil && strings.HasSuffix(dns.Err, o.Error())
	})
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
	var extension x509.UnhandledCriticalExtension
	var constraint x509.ConstraintViolationError
	var algorithm x509.InsecureAlgorithmError
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
	case errors.As(err, &other), errors.As(err, &extension), errors.As(err, &constraint), errors.As(err, &algorithm):
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
		return ReasonTLSClientCert // such as "tls: certificate required" or "tls: bad certificate", about ours
	case alert != "":
		return ReasonTLSOther
	}
	return ""
}

// RemoteAlert is the text of the TLS alert with which the server ended the connection, such as "tls: handshake failure";
// empty when err is none. crypto/tls does not export the type of alerts.
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

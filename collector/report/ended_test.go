package report

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// When a CA has expired, renewing the server's certificate mends nothing, so the report tells the two apart.
func TestWhichCertificateHasEnded(t *testing.T) {
	for isCA, want := range map[bool]string{true: "the CA that signed the certificate has ended", false: "the certificate has ended"} {
		err := x509.CertificateInvalidError{Cert: &x509.Certificate{IsCA: isCA}, Reason: x509.Expired}
		what, try := adviceFor(source.Result{Source: &source.Source{Address: "front:443"}, Err: err}, source.ReasonTLSExpired)
		if !strings.HasPrefix(what, want) || try == "" {
			t.Errorf("CA %t: %q, try %q", isCA, what, try)
		}
	}
}

// Each fault of a certificate is told as what it is, and a handshake that fails otherwise as that.
func TestWhyACertificateIsRefused(t *testing.T) {
	verification := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"for clients only", "the certificate is not one for servers", verification(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.IncompatibleUsage})},
		{"an extension that nobody knows", "the certificate has an extension that is marked critical", verification(x509.UnhandledCriticalExtension{})},
		{"a CA for other names", "the CA that signed the certificate may not sign for this name", verification(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.CANotAuthorizedForThisName})},
		{"an extension that nobody knows, outside of a handshake", "the certificate has an extension that is marked critical", x509.UnhandledCriticalExtension{}},
		{"a CA that may not sign", "clients refuse the certificate", verification(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.NotAuthorizedToSign})},
		{"no certificate at all", "the TLS handshake fails", errors.New("remote error: tls: handshake failure")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if why := source.Reason(c.err); why != source.ReasonTLSOther {
				t.Fatalf("the reason is %s", why)
			}
			what, try := adviceFor(source.Result{Source: &source.Source{Address: "front:443"}, Err: c.err}, source.ReasonTLSOther)
			if !strings.HasPrefix(what, c.want) || try == "" {
				t.Errorf("%q, try %q", what, try)
			}
		})
	}
}

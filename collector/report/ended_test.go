package report

import (
	"crypto/x509"
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

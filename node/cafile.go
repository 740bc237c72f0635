package node

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"time"
)

// A caFile is a file of CA certificates that a runtime reads.
type caFile struct {
	path  string
	certs []*x509.Certificate
}

// certificatesOf are the certificates of a file that Go reads: PEM blocks without headers.
func certificatesOf(text []byte) (certs []*x509.Certificate) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" || len(block.Headers) > 0 {
			continue
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			certs = append(certs, cert)
		}
	}
	return certs
}

// isDER says whether a file is one certificate in binary form, which runtimes do not read as a CA.
func isDER(text []byte) bool {
	_, err := x509.ParseCertificate(text)
	return err == nil
}

// looksLikeCertificate says whether a file has the beginning of a certificate.
func looksLikeCertificate(text []byte) bool {
	return bytes.Contains(text, []byte("-----BEGIN CERTIFICATE-----"))
}

// ends is when the last of its certificates ends; zero when it has none.
func (c caFile) ends() (last time.Time) {
	for _, cert := range c.certs {
		if cert.NotAfter.After(last) {
			last = cert.NotAfter
		}
	}
	return last
}

// holds says whether the file has a certificate.
func (c caFile) holds(cert *x509.Certificate) bool {
	for _, own := range c.certs {
		if sha256.Sum256(own.Raw) == sha256.Sum256(cert.Raw) {
			return true
		}
	}
	return false
}

// bundles are the files of which programs in Go read the first that is there, and folders those of which they read all files.
var (
	bundles = []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/tls/cacert.pem",                           // OpenELEC
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7
		"/etc/ssl/cert.pem",                                 // Alpine
	}
	folders = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// systemCAs are the CAs of the machine's system, as programs in Go find them.
func (m *machine) systemCAs() *x509.CertPool {
	pool := x509.NewCertPool()
	add := func(path string) bool {
		text, err := m.read(path)
		if err != nil {
			return false
		}
		for _, cert := range certificatesOf(text) {
			pool.AddCert(cert)
		}
		return true
	}
	for _, file := range bundles {
		if add(file) {
			break
		}
	}
	for _, dir := range folders {
		for _, name := range m.list(dir) {
			add(dir + "/" + name)
		}
	}
	return pool
}

// readCA reads a CA file. Without a certificate in it, certs is empty.
func (m *machine) readCA(path string) (caFile, error) {
	text, err := m.read(path)
	return caFile{path, certificatesOf(text)}, err
}

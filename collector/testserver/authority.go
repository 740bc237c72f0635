package testserver

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// Pool returns a pool with the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Self returns the certificate of the authority, for a server to show as its own.
func (a *Authority) Self() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key, Leaf: a.cert}
}

// Crossed returns the authority with the same name and key, signed by another parent. Certificates of a verify with
// parent, too. It is valid from Start to End.
func (a *Authority) Crossed(t testing.TB, parent *Authority) *Authority {
	t.Helper()
	template := NewTemplate(a.cert.Subject.CommonName, nil)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	return &Authority{cert: parent.sign(t, template, a.key), key: a.key}
}

// Package testserver has servers for tests: servers that answer with raw bytes, slowly, endlessly or not at all (raw.go),
// registries (registry.go), and certificates of an authority of their own (certificates.go, authority.go). recorder.go
// keeps requests; ask.go and wait.go ask handlers and wait for events.
package testserver

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An Authority signs certificates. Without a parent it has signed its own.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var (
	Start = time.Now().Add(-24 * time.Hour).Truncate(time.Second).UTC()
	End   = time.Now().Add(24 * time.Hour).Truncate(time.Second).UTC()
)

func NewAuthority(t testing.TB, name string, parent *Authority, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	template := NewTemplate(name, changes)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	a := &Authority{key: newKey(t)}
	if parent == nil {
		parent = &Authority{template, a.key}
	}
	a.cert = parent.sign(t, template, a.key)
	return a
}

func NewTemplate(name string, changes []func(*x509.Certificate)) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: Start, NotAfter: End}
	for _, change := range changes {
		change(template)
	}
	return template
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *Authority) sign(t testing.TB, template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// Issue makes a certificate for a server or a client.
func (a *Authority) Issue(t testing.TB, changes ...func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key := newKey(t)
	cert := a.sign(t, NewTemplate("leaf", changes), key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// File writes the certificate of a, and of others, to a file.
func (a *Authority) File(t testing.TB, others ...*Authority) string {
	t.Helper()
	var text bytes.Buffer
	for _, one := range append([]*Authority{a}, others...) {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: one.cert.Raw})
	}
	return TempFile(t, "ca.pem", text.Bytes())
}

// KeyPairFiles writes a certificate and its key to files.
func KeyPairFiles(t testing.TB, c tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return TempFile(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})),
		TempFile(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// ChainFile writes the certificates that a server shows to a file.
func ChainFile(t testing.TB, c tls.Certificate) string {
	t.Helper()
	var text []byte
	for _, der := range c.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return TempFile(t, "chain.pem", text)
}

func ForNames(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, name)
			}
		}
	}
}

func Valid(from, to time.Time) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

// With adds the certificates of chain to those that a server shows.
func With(c tls.Certificate, chain ...*Authority) tls.Certificate {
	for _, a := range chain {
		c.Certificate = append(c.Certificate, a.cert.Raw)
	}
	return c
}

func TLS(t testing.TB, config *tls.Config, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func Showing(t testing.TB, shown tls.Certificate, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	return TLS(t, &tls.Config{Certificates: []tls.Certificate{shown}}, handler)
}

func TempFile(t testing.TB, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

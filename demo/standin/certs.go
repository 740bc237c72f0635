package standin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const day = 24 * time.Hour

// clientNames are the names and addresses by which people reach the fronts.
var clientNames = []string{"localhost", "127.0.0.1", "registry.example.org"}

// An authority signs the certificates of one run.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of the CA: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "demo CA"},
		NotBefore: time.Now().Add(-30 * day), NotAfter: time.Now().Add(365 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making the CA: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert, key}, err
}

// pem returns the CA file for clients.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue makes a certificate for names and addresses. It expires at end.
func (a *authority) issue(end time.Time, names ...string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of a server: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: time.Now().Add(-30 * day), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of a server: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// good returns the TLS configuration of a healthy server.
func (a *authority) good() (*tls.Config, error) {
	cert, err := a.issue(time.Now().Add(90*day), clientNames...)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{*cert}}, nil
}

// breakable returns a TLS configuration that is good while no fault of the certificate is on.
func (a *authority) breakable(f *Faults) (*tls.Config, error) {
	config, err := a.good()
	if err != nil {
		return nil, err
	}
	expired, err := a.issue(time.Now().Add(-day), clientNames...)
	if err != nil {
		return nil, err
	}
	wrongName, err := a.issue(time.Now().Add(90*day), "old.example.org")
	if err != nil {
		return nil, err
	}
	broken := map[string]*tls.Certificate{"certificate-expired": expired, "certificate-wrong-name": wrongName}
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if cert, found := pick(f, broken); found {
			return &tls.Config{Certificates: []tls.Certificate{*cert}}, nil
		}
		return nil, nil
	}
	return config, nil
}

// WriteCertificate writes ca.pem, and server.pem and server.key for a server on this machine, into dir.
func WriteCertificate(dir string) error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	cert, err := ca.issue(time.Now().Add(90*day), clientNames...)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return fmt.Errorf("encoding the key of a server: %w", err)
	}
	for name, text := range map[string][]byte{
		"ca.pem":     ca.pem(),
		"server.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		"server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("writing a certificate: %w", err)
		}
	}
	return nil
}

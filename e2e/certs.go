package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

// authority signs the certificates of the stack.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// certificates are the certificates that nginx serves, each on a port of its own. Clients refuse all of them but good.
var certificates = map[string]struct {
	hosts      []string
	start, end time.Duration // from now
	unknown    bool          // signed by an authority that nobody trusts
}{
	"good":       {hosts: []string{"localhost", "127.0.0.1"}, start: -time.Hour, end: 24 * 365 * time.Hour},
	"expired":    {hosts: []string{"localhost", "127.0.0.1"}, start: -48 * time.Hour, end: -24 * time.Hour},
	"wrong-name": {hosts: []string{"registry.example.org"}, start: -time.Hour, end: 24 * 365 * time.Hour},
	"no-ip-san":  {hosts: []string{"localhost"}, start: -time.Hour, end: 24 * 365 * time.Hour},
	"unknown-ca": {hosts: []string{"localhost", "127.0.0.1"}, start: -time.Hour, end: 24 * 365 * time.Hour, unknown: true},
}

// makeCertificates writes ca.crt, and NAME.crt and NAME.key for each certificate.
func (s *Stack) makeCertificates() error {
	trusted, err := newAuthority("e2e")
	if err != nil {
		return err
	}
	unknown, err := newAuthority("somebody else")
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(s.dir, "ca.crt"), "CERTIFICATE", trusted.cert.Raw); err != nil {
		return err
	}
	for name, c := range certificates {
		ca := trusted
		if c.unknown {
			ca = unknown
		}
		template := &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(c.start), NotAfter: time.Now().Add(c.end),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		for _, h := range c.hosts {
			if ip := net.ParseIP(h); ip != nil {
				template.IPAddresses = append(template.IPAddresses, ip)
			} else {
				template.DNSNames = append(template.DNSNames, h)
			}
		}
		if err := ca.sign(template, filepath.Join(s.dir, name)); err != nil {
			return fmt.Errorf("certificate %s: %w", name, err)
		}
	}
	return nil
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-100 * time.Hour), NotAfter: time.Now().Add(24 * 3650 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(raw)
	return &authority{cert, key}, err
}

func (a *authority) sign(template *x509.Certificate, path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(path+".crt", "CERTIFICATE", raw); err != nil {
		return err
	}
	return writePEM(path+".key", "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644)
}

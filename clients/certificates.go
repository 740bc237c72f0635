package clients

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"time"
)

// serving makes the front show the certificate that leaf makes.
func serving(leaf func(f *registry) tls.Certificate) func(*registry, *image) {
	return func(f *registry, _ *image) {
		certificate := leaf(f)
		f.shows.Store(&tls.Config{Certificates: []tls.Certificate{certificate}})
	}
}

func leafWith(change func(*x509.Certificate)) func(*registry, *image) {
	return serving(func(f *registry) tls.Certificate { return authorities.front.leaf(f.front.Listener.Addr(), change) })
}

// certificates are rows with certificates of the front.
func certificates() []*behaviour {
	refused := func(reason string) ruling { return ruling{reason: reason} }
	return []*behaviour{
		{name: "certificate-ended", https: true, change: leafWith(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), source: "a certificate that nobody renewed", pull: refused("tls_expired")},
		{name: "certificate-not-yet-valid", https: true, change: leafWith(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), source: "a clock that is wrong", pull: refused("tls_not_yet_valid")},
		{name: "certificate-of-another-name", https: true, change: leafWith(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example.org"} }), source: "a front that serves its default certificate", pull: refused("tls_no_ip_san")},
		{name: "certificate-for-clients-only", https: true, change: leafWith(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), source: "a certificate from the wrong template of the company's CA", pull: refused("tls_other")},
		{name: "certificate-critical-extension", https: true, change: leafWith(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), source: "an extension of a vendor, marked critical", pull: refused("tls_other")},
		{name: "certificate-of-unknown-ca", https: true, change: serving(func(f *registry) tls.Certificate {
			return newAuthority("new").leaf(f.front.Listener.Addr(), nil)
		}), source: "a CA that was changed on one side", pull: refused("tls_unknown_authority")},
		{name: "certificate-of-public-ca", https: true, change: serving(func(f *registry) tls.Certificate {
			return authorities.public.leaf(f.front.Listener.Addr(), nil)
		}), source: "a front that moved from the company's CA to a public one while clients have a CA file: containerd and podman add it to the system's"},
		{name: "intermediate-left-out", https: true, change: serving(func(f *registry) tls.Certificate {
			return intermediate().leaf(f.front.Listener.Addr(), nil)
		}), source: "cert.pem instead of fullchain.pem", pull: refused("tls_unknown_authority")},
		{name: "intermediate-sent", https: true, change: serving(func(f *registry) tls.Certificate {
			i := intermediate()
			c := i.leaf(f.front.Listener.Addr(), nil)
			c.Certificate = append(c.Certificate, i.certificate.Raw)
			return c
		}), source: "fullchain.pem"},
		{
			name: "tls-1-1-only", https: true, change: func(f *registry, _ *image) {
				old := f.front.TLS.Clone()
				old.GetConfigForClient = nil
				old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
				f.shows.Store(old)
			}, source: "appliances of before 2015",
			pull: ruling{follow: "containerd", why: "nodes and docker want TLS 1.2; Debian's skopeo is older", reason: "tls_other"}, push: ruling{follow: "containerd", why: "the same", reason: "tls_other"},
		},
		{
			name: "ca-file-with-negative-serial", https: true, caFile: func() []byte { return append(negativeSerial(), authorities.front.pem...) },
			source: "the system's bundle of old appliances: Go, openssl and docker skip what they cannot read",
		},
		{
			name: "ca-file-with-ended-root", https: true, caFile: func() []byte { return append(endedRoot(newAuthority("ended")), authorities.front.pem...) }, source: "the system's bundle: some of 144 have ended",
			pull: ruling{never: "RegistryCAEndsSoon"}, push: ruling{never: "RegistryCAEndsSoon"},
		},
		{name: "ca-file-with-text", https: true, caFile: func() []byte { return append([]byte("# the CA of the company\n\n"), authorities.front.pem...) }, source: "bundles with comments between certificates"},
		{name: "ca-ended", https: true, caFile: func() []byte { return endedRoot(authorities.front) }, source: "the company's CA has ended: to renew the leaf mends nothing", pull: refused("tls_expired")},
	}
}

// intermediate returns an authority whose certificate the authority of the front has signed.
func intermediate() *authority {
	a := newAuthority("intermediate")
	template := *a.certificate
	template.SerialNumber = big.NewInt(7)
	der := must(x509.CreateCertificate(rand.Reader, &template, authorities.front.certificate, &a.key.PublicKey, authorities.front.key))
	a.certificate = must(x509.ParseCertificate(der))
	return a
}

// endedRoot returns the certificate of an authority with another NotAfter: a minute ago.
func endedRoot(a *authority) []byte {
	template := *a.certificate
	template.NotAfter = time.Now().Add(-time.Minute)
	der := must(x509.CreateCertificate(rand.Reader, &template, &template, &a.key.PublicKey, a.key))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// negativeSerial returns a certificate that Go does not read, since its serial number is -1. Go does not write one, so
// the number is changed afterwards.
func negativeSerial() []byte {
	a := newAuthority("negative")
	serial := []byte{2, 1, 1} // INTEGER 1, after the version
	at := bytes.Index(a.certificate.Raw, append([]byte{0xa0, 3, 2, 1, 2}, serial...))
	der := bytes.Clone(a.certificate.Raw)
	der[at+7] = 0xff // -1
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

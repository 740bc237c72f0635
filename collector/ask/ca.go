package ask

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// CAs are the CAs of one configuration, each file read once, however many registries name it: a bundle has some 150 certificates.
// The next configuration, after a reload, reads the files again. A nil *CAs reads a file each time. It is used by one goroutine.
type CAs struct{ read map[caSource]*CA }

// NewCAs are CAs of which none has been read.
func NewCAs() *CAs { return &CAs{map[caSource]*CA{}} }

// A caSource is ca_file, or else ca, of a tls_config.
type caSource struct{ file, text string }

// A CA is what a CA file holds (ca_file, or inline ca). It does not change.
type CA struct {
	End     time.Time // the latest NotAfter of its certificates; zero: it holds none
	Skipped int       // certificates that Go does not read, such as one with a negative serial number: they are not used

	certs      map[[sha256.Size]byte]bool // those that it holds, by their hash
	own        *x509.CertPool             // of the file; nil without one
	withSystem *x509.CertPool             // beside those of the system; nil without a file, which means those of the system alone
}

// Read returns the CA file of cfg, and a CA without certificates when cfg names none. An error names the file: it cannot be
// read, is no regular file, has more than 4 MiB, or holds no certificate that Go reads.
func (c *CAs) Read(cfg *promconfig.TLSConfig) (*CA, error) {
	from := caSource{file: cfg.CAFile, text: cfg.CA}
	if from == (caSource{}) {
		return &CA{}, nil
	}
	if c != nil && c.read[from] != nil {
		return c.read[from], nil
	}
	text := []byte(from.text)
	if from.file != "" {
		var err error
		if text, err = inTime(func() ([]byte, error) { return readTLSFile(from.file) }); err != nil {
			return nil, err
		}
	}
	ca := newCA(text)
	if !ca.Found() {
		return nil, fmt.Errorf("%s holds no certificate that can be read", from)
	}
	if c != nil {
		c.read[from] = ca
	}
	return ca, nil
}

// String is the file, or words for the text of the configuration itself.
func (s caSource) String() string {
	if s.file != "" {
		return s.file
	}
	return "ca"
}

// newCA reads the certificates of text. As in Go's own pools, one with headers in its PEM block is not used.
func newCA(text []byte) *CA {
	c := &CA{certs: map[[sha256.Size]byte]bool{}, own: x509.NewCertPool()}
	var err error
	if c.withSystem, err = x509.SystemCertPool(); err != nil { // this machine has none
		c.withSystem = x509.NewCertPool()
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || len(block.Headers) > 0 {
			c.Skipped++
			continue
		}
		c.certs[sha256.Sum256(cert.Raw)] = true
		c.own.AddCert(cert)
		c.withSystem.AddCert(cert)
		if cert.NotAfter.After(c.End) {
			c.End = cert.NotAfter
		}
	}
	return c
}

// Found says whether there is a CA file.
func (c CA) Found() bool { return len(c.certs) > 0 }

// IsRootOf says whether a verified chain ends in a certificate of the file.
func (c CA) IsRootOf(chain []*x509.Certificate) bool {
	return c.certs[sha256.Sum256(chain[len(chain)-1].Raw)]
}

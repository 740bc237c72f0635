package ask

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// maxTLSFile bounds a file of certificates, in bytes. The CAs of a system have some 220 KiB.
const maxTLSFile = 4 << 20

// NewTLSConfig returns the TLS configuration of cfg, with the CAs of its CA file. prometheus/common reads any file: a pipe
// until somebody writes, a device until memory ends. NewTLSConfig refuses such files first. An error names the file.
func NewTLSConfig(cas *CAs, cfg *promconfig.TLSConfig) (*tls.Config, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	ca, err := cas.Read(cfg)
	if err != nil {
		return nil, err
	}
	rest := *cfg
	rest.CA, rest.CAFile = "", ""
	if err := areReadable(&rest); err != nil {
		return nil, err
	}
	c, err := promconfig.NewTLSConfig(&rest)
	if err != nil {
		return nil, err
	}
	c.RootCAs = ca.own
	if own := c.GetClientCertificate; own != nil { // it reads the files of the client certificate at each use
		c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if err := areReadable(&rest); err != nil {
				return nil, err
			}
			return own(info)
		}
	}
	return c, nil
}

// areReadable returns nil when the client certificate of cfg and its key are regular files, and can be read within maxLoad.
func areReadable(cfg *promconfig.TLSConfig) error {
	if cfg.CertFile+cfg.KeyFile == "" {
		return nil
	}
	_, err := inTime(func() ([]byte, error) {
		var all error
		for _, file := range []string{cfg.CertFile, cfg.KeyFile} {
			if file != "" {
				_, err := readTLSFile(file)
				all = errors.Join(all, err)
			}
		}
		return nil, all
	})
	return err
}

// readTLSFile is the text of a regular file of at most maxTLSFile.
func readTLSFile(file string) ([]byte, error) {
	f, _, err := openRegular(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTLSFile+1))
	if err == nil && len(text) > maxTLSFile {
		err = fmt.Errorf("%s has more than 4 MiB", file)
	}
	return text, err
}

// inTime is what read returns, or an error when that takes more than maxLoad. Where the file system hangs, a goroutine hangs until it
// is back.
func inTime(read func() ([]byte, error)) ([]byte, error) {
	type outcome struct {
		text []byte
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		text, err := read()
		done <- outcome{text, err}
	}()
	select {
	case o := <-done:
		return o.text, o.err
	case <-time.After(maxLoad):
		return nil, fmt.Errorf("the files of tls_config cannot be read within %s: their file system hangs", maxLoad)
	}
}

// ReadCertificates reads the certificates of a PEM file, at least one. An error names the file: it cannot be read within 5 s, is no
// regular file, has more than 4 MiB, or holds no certificate that Go reads.
func ReadCertificates(file string) (certs []*x509.Certificate, err error) {
	text, err := inTime(func() ([]byte, error) { return readTLSFile(file) })
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			certs = append(certs, cert)
		}
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s holds no certificate that can be read", file)
	}
	return certs, nil
}

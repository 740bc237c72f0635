package ask

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// maxTLSFile bounds a file of certificates, in bytes. The CAs of a system take some 220 KiB.
const maxTLSFile = 4 << 20

// NewTLSConfig returns the TLS configuration of cfg. prometheus/common reads any file: a pipe until somebody writes, a
// device until memory ends. NewTLSConfig refuses such files first. An error names the file.
func NewTLSConfig(cfg *promconfig.TLSConfig) (*tls.Config, error) {
	if err := areReadable(cfg); err != nil {
		return nil, err
	}
	c, err := promconfig.NewTLSConfig(cfg)
	if err != nil {
		return nil, err
	}
	if own := c.GetClientCertificate; own != nil { // it reads the files of the client certificate at each use
		c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if err := areReadable(cfg); err != nil {
				return nil, err
			}
			return own(info)
		}
	}
	return c, nil
}

// areReadable returns nil when each file of cfg is a regular one that can be read within maxLoad. When the file system
// hangs, a goroutine hangs until the file system is back.
func areReadable(cfg *promconfig.TLSConfig) error {
	read := make(chan error, 1)
	go func() {
		var all error
		for _, file := range []string{cfg.CAFile, cfg.CertFile, cfg.KeyFile} {
			if file != "" {
				all = errors.Join(all, isReadable(file))
			}
		}
		read <- all
	}()
	select {
	case err := <-read:
		return err
	case <-time.After(maxLoad):
		return fmt.Errorf("the files of tls_config cannot be read within %s: their file system hangs", maxLoad)
	}
}

func isReadable(file string) error {
	f, _, err := openRegular(file)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(f, maxTLSFile+1))
	if err == nil && n > maxTLSFile {
		err = fmt.Errorf("%s has more than 4 MiB", file)
	}
	return err
}

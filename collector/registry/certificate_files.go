package registry

import (
	"crypto/x509"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	tlsFileServed = source.Gauge("registry_tls_file_served",
		"1 if the served certificate is the first one of this file, 0 if another is served: the file was renewed and what serves it was not reloaded (tls.files; TLS handshake). Absent while one of the two cannot be read.",
		"address", "file")
	tlsFileComplete = source.Gauge("registry_tls_file_chain_complete",
		"1 if the certificates of this file lead from its first one to a CA of tls_config or of the system, 0 if one between is missing (tls.files).",
		"address", "file")
	tlsFileExpiry = source.Gauge("registry_tls_file_expiry_timestamp_seconds",
		"NotAfter of the first certificate of this file, in seconds since 1970 (tls.files).", "address", "file")
	tlsCAFileExpiry = source.Gauge("registry_tls_ca_file_expiry_timestamp_seconds",
		"The latest NotAfter of the certificates of this file, which is handed to nodes and clients, in seconds since 1970 (tls.ca_files).", "address", "file")
)

// diskFiles are the files of a front's certificate on this machine: those that it should serve, and CA files that clients get. They
// are read at each scrape: a file that is renewed counts at once.
type diskFiles struct{ served, cas []string }

// check reads each file once. An error names it: it cannot be read, is no regular file of at most 4 MiB, or holds no certificate.
func (d diskFiles) check(b *ask.Builder) error {
	for key, files := range map[string][]string{"files": d.served, "ca_files": d.cas} {
		for i, file := range files {
			if _, err := ask.ReadCertificates(file); err != nil {
				return b.Errorf([]any{"tls", key, i}, "%s", err)
			}
		}
	}
	return nil
}

// samples are those of the files. leaf is the certificate that is served; nil: none was shown. roots are the CAs of the client; nil: those
// of the system.
func (d diskFiles) samples(address string, leaf *x509.Certificate, roots *x509.CertPool) (out []source.Sample) {
	for _, file := range d.served {
		certs, err := ask.ReadCertificates(file)
		if err != nil {
			continue // findings tell it
		}
		if leaf != nil {
			out = append(out, tlsFileServed.Sample(source.Bool01(leaf.Equal(certs[0])), address, file))
		}
		out = append(out,
			tlsFileComplete.Sample(source.Bool01(isComplete(certs, roots)), address, file),
			tlsFileExpiry.Sample(source.Unix(certs[0].NotAfter), address, file))
	}
	for _, file := range d.cas {
		if certs, err := ask.ReadCertificates(file); err == nil {
			out = append(out, tlsCAFileExpiry.Sample(source.Unix(latestRoot(chainsOf(certs))), address, file))
		}
	}
	return out
}

// chainsOf is each certificate as a chain of its own.
func chainsOf(certs []*x509.Certificate) (chains [][]*x509.Certificate) {
	for _, cert := range certs {
		chains = append(chains, []*x509.Certificate{cert})
	}
	return chains
}

// isComplete says whether the certificates lead to a CA, at the time at which the first of them begins: its end is told apart.
func isComplete(certs []*x509.Certificate, roots *x509.CertPool) bool {
	intermediates := x509.NewCertPool()
	for _, c := range certs[1:] {
		intermediates.AddCert(c)
	}
	_, err := certs[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: certs[0].NotBefore})
	return source.Reason(err) != source.ReasonTLSUnknownAuthority
}

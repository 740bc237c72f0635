package registry

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"sync"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	tlsVerified = source.Gauge("registry_tls_verified",
		"1 if the served certificate chain is trusted, in date and fits the name, even with insecure_skip_verify (TLS handshake).",
		"address", "role")
	tlsExpiry = source.Gauge("registry_tls_expiry_timestamp_seconds",
		"When clients begin to refuse the served certificate, in seconds since 1970 (TLS handshake). A chain of certificates ends with the earliest NotAfter in it. If several chains verify, the one that ends last counts. If none verifies, it is NotAfter of the certificate itself.",
		"address", "role")
	tlsStart = source.Gauge("registry_tls_start_timestamp_seconds",
		"NotBefore of the served certificate, in seconds since 1970 (TLS handshake).", "address", "role")
	tlsNameCovered = source.Gauge("registry_tls_name_covered",
		"1 if the served certificate covers this configured name or address (TLS handshake: subject alternative names).",
		"address", "name")
	tlsTrustedBy = source.Gauge("registry_tls_trusted_by",
		"Always 1. The label by says where the CA of the served certificate is (TLS handshake). ca_file: in tls_config.ca_file or ca. system: only among the CAs of the system. There is no sample without a CA file in the configuration. There is none while the certificate does not verify.",
		"address", "by")
	tlsCAExpiry = source.Gauge("registry_tls_ca_expiry_timestamp_seconds",
		"When the CA of the served certificate ends, in seconds since 1970: NotAfter of the root. If several chains verify, the root that ends last counts. If none verifies, it is the certificate in tls_config.ca_file that ends last.",
		"address")
)

// served is the certificate that an address showed in one TLS handshake, and whether it verifies.
type served struct {
	mu     sync.Mutex
	leaf   *x509.Certificate // nil: the handshake did not show a certificate
	expiry time.Time         // when the certificate verifies no longer; when the leaf expires, if it does not verify now
	caEnd  time.Time         // when the CA that signed it expires; zero: it does not verify
	err    error             // of verifying it
	file   ask.CA            // the CA file that is configured for the address; zero: none
	byFile bool              // a CA of the file signed it
}

// inspect returns a copy of base that verifies the certificate itself and keeps it in s. So s has the certificate even
// when it is refused, and its faults even with insecure_skip_verify. While proxy returns the host of a proxy, the
// handshake is with the proxy: then inspect verifies the proxy's certificate, and keeps nothing.
func (s *served) inspect(base *tls.Config, host string, proxy func() string) *tls.Config {
	c := base.Clone()
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(state tls.ConnectionState) error {
		peer, keep := host, s
		if p := proxy(); p != "" {
			peer, keep = p, &served{}
		}
		err := keep.verify(state.PeerCertificates, base.RootCAs, cmp.Or(state.ServerName, base.ServerName, peer))
		if base.InsecureSkipVerify {
			return nil
		}
		return err
	}
	return c
}

// verify verifies the certificates of a handshake for a name, as clients do. The first is the server's own, the others
// are its intermediates. roots are the CAs; nil: those of the system.
func (s *served) verify(certs []*x509.Certificate, roots *x509.CertPool, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaf, s.expiry = certs[0], certs[0].NotAfter
	intermediates := x509.NewCertPool()
	for _, c := range certs[1:] {
		intermediates.AddCert(c)
	}
	chains, err := s.leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, Intermediates: intermediates})
	s.err = err
	if err == nil {
		s.expiry = latestEnd(chains)
		s.caEnd = latestRoot(chains)
		s.byFile = slices.ContainsFunc(chains, s.file.IsRootOf)
	}
	return err
}

// latestEnd returns when the last of the chains expires. A leaf may have two chains while a CA is replaced.
func latestEnd(chains [][]*x509.Certificate) time.Time {
	var latest time.Time
	for _, chain := range chains {
		if end := earliestEnd(chain); end.After(latest) {
			latest = end
		}
	}
	return latest
}

// latestRoot returns when the last of the chains' CAs expires.
func latestRoot(chains [][]*x509.Certificate) time.Time {
	var latest time.Time
	for _, chain := range chains {
		if end := chain[len(chain)-1].NotAfter; end.After(latest) {
			latest = end
		}
	}
	return latest
}

// earliestEnd returns when the first of the certificates expires.
func earliestEnd(certs []*x509.Certificate) time.Time {
	end := certs[0].NotAfter
	for _, c := range certs[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

// ca returns when the CA of the certificate expires; zero when the certificate does not verify.
func (s *served) ca() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caEnd
}

// own is the certificate of the server itself; nil when it showed none.
func (s *served) own() *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaf
}

// samples returns registry_tls_*, but the sample about the CA file. It returns none while no handshake has ended.
func (s *served) samples(address, role string, names []string) []source.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaf == nil {
		return nil
	}
	out := []source.Sample{
		tlsVerified.Sample(source.Bool01(s.err == nil), address, role),
		tlsExpiry.Sample(source.Unix(s.expiry), address, role),
		tlsStart.Sample(source.Unix(s.leaf.NotBefore), address, role),
	}
	if s.file.Found() && s.err == nil {
		out = append(out, tlsTrustedBy.Sample(1, address, map[bool]string{true: "ca_file", false: "system"}[s.byFile]))
	}
	for _, name := range names {
		out = append(out, tlsNameCovered.Sample(source.Bool01(s.leaf.VerifyHostname(name) == nil), address, name))
	}
	return out
}

package node

import (
	"crypto/x509"
	"path"
	"slices"
)

// caFolders are the folders in which CA files lie, for some runtime or for the system. Folders in them are looked at, too.
var caFolders = []string{
	dockerCert, containersCert, containerdCerts, "/etc/rancher/k3s", "/etc/rancher/rke2",
	"/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors", "/etc/registry_exporter",
}

// maxCAs bounds the CA files that are looked through.
const maxCAs = 500

// allCAs are the CA files of the machine, and those that the configuration names for registries.
func (m *machine) allCAs(registries []*Registry) (all []caFile) {
	add := func(file string) {
		if ca, err := m.readCA(file); err == nil && len(ca.certs) > 0 && len(all) < maxCAs {
			all = append(all, ca)
		}
	}
	for _, dir := range caFolders {
		for _, name := range m.list(dir) {
			file := path.Join(dir, name)
			if !m.isFolder(file) {
				add(file)
				continue
			}
			for _, inner := range m.list(file) {
				add(path.Join(file, inner))
			}
		}
	}
	here := &machine{root: "/"}
	for _, r := range registries {
		if ca, err := here.readCA(r.CAFile); r.CAFile != "" && err == nil {
			all = append(all, ca)
		}
	}
	return all
}

// caOf is a CA file that signs what was shown, with which nobody refuses it for its issuer; found is false when none on the machine does.
func (l *look) caOf(s *shown) (ca caFile, found bool) {
	s.mu.Lock()
	certs := s.certs
	s.mu.Unlock()
	if len(certs) == 0 {
		return caFile{}, false
	}
	i := slices.IndexFunc(l.cas, func(ca caFile) bool {
		pool := x509.NewCertPool()
		for _, cert := range ca.certs {
			pool.AddCert(cert)
		}
		return isSignedBy(certs, pool)
	})
	if i < 0 {
		return caFile{}, false
	}
	return l.cas[i], true
}

// isSignedBy says whether a CA of the pool signs what a server showed, whatever its name is.
func isSignedBy(certs []*x509.Certificate, pool *x509.CertPool) bool {
	_, err := certs[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: intermediates(certs)})
	return err == nil
}

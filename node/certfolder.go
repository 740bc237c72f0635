package node

import (
	"crypto/tls"
	"fmt"
	"path"
	"strings"
)

// A pair is a client certificate and its key.
type pair struct {
	certFile, keyFile string // keyFile may be the same
	cert, key         []byte
}

// valid returns an error unless the key is that of the certificate. It repeats nothing of the files.
func (p pair) valid() error {
	if _, err := tls.X509KeyPair(p.cert, p.key); err != nil {
		return fmt.Errorf("%s and %s are no client certificate and its key", p.certFile, p.keyFile)
	}
	return nil
}

// A certFolder is the folder of a registry in certs.d, such as /etc/docker/certs.d/10.0.0.5:5000, as docker, podman and CRI-O read it:
// *.crt are CAs, *.cert client certificates, *.key their keys. All other files are left out.
type certFolder struct {
	dir   string
	cas   []caFile
	pairs []pair
	wrong *fault // why nothing is pulled from the registry
	key   *fault // of a key or a certificate without the other, for which docker, podman and CRI-O pull nothing, and containerd does
	notes []Note
}

// readCertFolder reads a folder; it may be missing.
func (m *machine) readCertFolder(dir string) *certFolder {
	f := &certFolder{dir: dir}
	names := m.list(dir)
	has := map[string]bool{}
	for _, name := range names {
		has[name] = true
	}
	for _, name := range names {
		base, ext := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
		file := path.Join(dir, name)
		switch ext {
		case ".crt":
			f.addCA(m, file)
		case ".cert":
			f.addPair(m, file, path.Join(dir, base+".key"), has[base+".key"])
		case ".key":
			if !has[base+".cert"] {
				f.key = &fault{
					reasonClientCertificate, fmt.Sprintf("%s has no client certificate beside it: %s", file, path.Join(dir, base+".cert")),
					fmt.Sprintf("put the certificate at %s, or take %s away", path.Join(dir, base+".cert"), file),
				}
			}
		default:
			f.addOther(m, file)
		}
	}
	return f
}

func (f *certFolder) addCA(m *machine, file string) {
	ca, err := m.readCA(file)
	if err != nil {
		f.wrong = &fault{reasonConfigInvalid, fmt.Sprintf("%s cannot be read: %s", file, err), "ls -lL " + file}
		return
	}
	if len(ca.certs) == 0 {
		note := Note{What: file + " has no certificate in PEM: it is not used"}
		if text, err := m.read(file); err == nil && isDER(text) {
			note = Note{What: file + " is a certificate in DER: it is not used", Try: fmt.Sprintf("openssl x509 -inform DER -in %s -out %s.pem && mv %s.pem %s", file, file, file, file)}
		}
		f.notes = append(f.notes, note)
	}
	f.cas = append(f.cas, ca)
}

func (f *certFolder) addPair(m *machine, cert, key string, hasKey bool) {
	p := pair{certFile: cert, keyFile: key}
	text, err := m.read(cert)
	if err == nil {
		p.cert = text
		if !hasKey {
			f.missingKey(cert, key, text)
			if alone := (pair{cert, cert, text, text}); alone.valid() == nil { // the key is in it, too
				f.key, f.wrong = f.wrong, nil
				f.pairs = append(f.pairs, alone)
			}
			return
		}
		p.key, err = m.read(key)
	}
	if err == nil {
		err = p.valid()
	}
	if err != nil {
		f.wrong = &fault{reasonClientCertificate, err.Error(), fmt.Sprintf("openssl x509 -noout -pubkey -in %s; openssl pkey -pubout -in %s    # both have to be the same", cert, key)}
		return
	}
	f.pairs = append(f.pairs, p)
}

// missingKey tells a CA that was named *.cert from a client certificate.
func (f *certFolder) missingKey(cert, key string, text []byte) {
	certs := certificatesOf(text)
	if len(certs) > 0 && certs[0].IsCA {
		f.wrong = &fault{
			reasonClientCertificate, fmt.Sprintf("%s is a CA, and its name that of a client certificate, which needs a key: CA files end in .crt", cert),
			fmt.Sprintf("mv %s %s.crt", cert, strings.TrimSuffix(cert, ".cert")),
		}
		return
	}
	f.wrong = &fault{reasonClientCertificate, fmt.Sprintf("the client certificate %s has no key beside it: %s", cert, key), "put the key at " + key}
}

// addOther notes a certificate in a file whose name nobody reads, such as ca.pem.
func (f *certFolder) addOther(m *machine, file string) {
	text, err := m.read(file)
	if err != nil || !looksLikeCertificate(text) {
		return
	}
	crt := strings.TrimSuffix(file, path.Ext(file)) + ".crt"
	f.notes = append(f.notes, Note{What: file + " is not read: the names of CA files end in .crt", Try: fmt.Sprintf("mv %s %s", file, crt)})
}

// foldersBeside are the folders of the same host in certs.d with another port, or none: 10.0.0.5 beside 10.0.0.5:5000.
func (m *machine) foldersBeside(certsDir, address string) (beside []string) {
	for _, name := range m.list(certsDir) {
		if name != address && hostOf(name) == hostOf(address) && len(m.list(path.Join(certsDir, name))) > 0 {
			beside = append(beside, path.Join(certsDir, name))
		}
	}
	return beside
}

// noteBeside notes folders of the same host when the registry itself has none.
func (p *plan) noteBeside(m *machine, program, certsDir, address string) {
	if m.isFolder(path.Join(certsDir, address)) {
		return
	}
	for _, dir := range m.foldersBeside(certsDir, address) {
		own := path.Join(certsDir, address)
		p.note(fmt.Sprintf("cp -r %s %s", dir, own), fmt.Sprintf("%s is not read: %s looks in %s, named as the registry is in images, with its port", dir, program, own))
	}
}

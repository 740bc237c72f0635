package node

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/source"
)

// The states of a verdict.
const (
	StateOK      = "ok"
	StateWarning = "warning" // the runtime would pull, and something is not as it should be
	StateFailed  = "failed"
)

// A Report says of each runtime of a machine whether it would pull from each registry.
type Report struct {
	Root     string     `json:"root"`
	Image    string     `json:"image,omitempty"`
	Runtimes []string   `json:"runtimes"`
	Verdicts []*Verdict `json:"verdicts"`
}

// A Verdict says whether one runtime would pull from one registry.
type Verdict struct {
	Runtime   string      `json:"runtime"`
	Registry  string      `json:"registry"` // name in the configuration, or else the address
	Site      string      `json:"site,omitempty"`
	Address   string      `json:"address"` // as it stands before the names of images
	State     string      `json:"state"`
	Reason    string      `json:"reason,omitempty"`
	What      string      `json:"what,omitempty"`
	Try       string      `json:"try,omitempty"`
	Files     []string    `json:"files"` // that were read for it
	Login     string      `json:"login"` // none, the file that has it, or "helper NAME"
	Endpoints []*Endpoint `json:"endpoints"`
	Notes     []Note      `json:"notes,omitempty"`
}

// An Endpoint is an address that the runtime would ask, and what it answered. Those behind one that answers are not asked.
type Endpoint struct {
	URL         string       `json:"url"`
	Mirror      bool         `json:"mirror"`
	NamedBy     string       `json:"named_by,omitempty"` // file
	Proxy       string       `json:"proxy,omitempty"`    // host and port
	Verifies    bool         `json:"verifies"`
	NotBy       string       `json:"not_verified_by,omitempty"` // file and setting that switch it off
	CAs         []CA         `json:"ca_files"`
	ClientCert  string       `json:"client_certificate,omitempty"`
	Certificate *Certificate `json:"certificate,omitempty"`
	Asked       bool         `json:"asked"`
	Plain       bool         `json:"plain_http"` // it answered over plain HTTP
	Status      int          `json:"status,omitempty"`
	Reason      string       `json:"reason,omitempty"`
	Error       string       `json:"error,omitempty"`
	Pulled      bool         `json:"pulled"` // the image, up to the heads of its layers
}

// A CA is a file of CA certificates that the runtime trusts for the registry.
type CA struct {
	File string    `json:"file"`
	Ends time.Time `json:"ends"` // the last of its certificates
}

// A Certificate is the one that the registry showed.
type Certificate struct {
	Names     []string  `json:"names"`
	Covers    bool      `json:"covers_name"`
	Issuer    string    `json:"issuer"`
	Ends      time.Time `json:"ends"`
	TrustedBy string    `json:"trusted_by,omitempty"` // file, or "system"; empty: it does not verify
	CAEnds    time.Time `json:"ca_ends,omitzero"`     // the CA by which it verifies, of several the last
}

// Failed says whether a runtime would not pull.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Verdicts, func(v *Verdict) bool { return v.State == StateFailed })
}

// maxShown bounds the names of a certificate that are shown.
const maxShown = 20

// plain is a text of others, for people.
func plain(text string) string { return source.Mask(nil).Plain(text) }

// certificate is the report of the one that was shown.
func (s *shown) report(host string, cas []caFile) *Certificate {
	leaf := s.leaf()
	if leaf == nil {
		return nil
	}
	c := &Certificate{Covers: leaf.VerifyHostname(host) == nil, Issuer: plain(issuerOf(leaf)), Ends: leaf.NotAfter, TrustedBy: s.signedBy(cas), CAEnds: s.caEnds(), Names: []string{}}
	for _, name := range leaf.DNSNames {
		c.Names = append(c.Names, plain(name))
	}
	for _, ip := range leaf.IPAddresses {
		c.Names = append(c.Names, ip.String())
	}
	c.Names = c.Names[:min(len(c.Names), maxShown)]
	return c
}

// issuerOf is the name of the CA that has signed a certificate.
func issuerOf(leaf *x509.Certificate) string {
	if name := leaf.Issuer.CommonName; name != "" {
		return name
	}
	return strings.Join(leaf.Issuer.Organization, " ")
}

// report is what is known of an endpoint before it is asked.
func (e *endpoint) report() *Endpoint {
	r := &Endpoint{URL: e.url(), Mirror: e.mirror, NamedBy: e.named, Verifies: e.skip == "" && e.scheme == "https", NotBy: e.skip, CAs: []CA{}}
	for _, ca := range e.cas {
		r.CAs = append(r.CAs, CA{ca.path, ca.ends()})
	}
	if len(e.pairs) > 0 {
		r.ClientCert = e.pairs[0].certFile
	}
	if _, after, found := strings.Cut(e.proxy, "://"); found {
		r.Proxy = after[strings.LastIndexByte(after, '@')+1:]
	}
	return r
}

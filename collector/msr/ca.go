package msr

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	caExpiry = source.Gauge("registry_msr_ca_expiry_timestamp_seconds",
		"When the CA ends that MSR hands out for clients, in seconds since 1970: of several the one that signed the served certificate, else the one that ends last (GET /ca).")
	caSigned = source.Gauge("registry_msr_ca_signed_served",
		"1 if the CA that MSR hands out for clients signed the certificate that the replica serves: who has only that CA trusts it; absent without TLS (GET /ca, TLS handshake).")
)

const caPath = "/ca"

// readCA asks for the CA, without the account. A 404 is that of an MSR which hands out none.
func (r *listRun) readCA(ctx context.Context) (note string, err error) {
	found, err := r.send(ctx, func(ctx context.Context, c *ask.Client) (*ask.Answer, error) {
		return c.Get(ctx, c.Plain, caPath, ask.MaxSmallBody)
	}, func(a *ask.Answer) (listed, error) {
		switch a.Status {
		case http.StatusOK:
			samples, err := parseCA(a.Body, a.Served)
			return listed{samples: samples}, err
		case http.StatusNotFound:
			return listed{note: "it hands out none"}, nil
		}
		return listed{}, a.Refusal()
	})
	r.samples = append(r.samples, found.samples...)
	return found.note, err
}

// maxCAs bounds the certificates that are read of an answer.
const maxCAs = 100

// parseCA reads CAs in PEM. served is the chain that the server showed, its own certificate first; nil without TLS.
func parseCA(body []byte, served []*x509.Certificate) ([]source.Sample, error) {
	var cas []*x509.Certificate
	for block, rest := pem.Decode(body); block != nil && len(cas) < maxCAs; block, rest = pem.Decode(rest) {
		if ca, err := x509.ParseCertificate(block.Bytes); err == nil {
			cas = append(cas, ca)
		}
	}
	if cas == nil {
		return nil, source.Failed(source.ReasonBadAnswer, "no certificate in PEM")
	}
	ends := func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }
	last := slices.MaxFunc(cas, ends)
	if served == nil {
		return []source.Sample{caExpiry.Sample(source.Unix(last.NotAfter))}, nil
	}
	signer := signerOf(served, cas)
	if signer != nil {
		last = signer
	}
	return []source.Sample{caExpiry.Sample(source.Unix(last.NotAfter)), caSigned.Sample(source.Bool01(signer != nil))}, nil
}

// signerOf is the CA that the first certificate of served stands on; nil: none of cas. Whether one of them has ended does not
// matter here: the time that counts is the first at which both were valid.
func signerOf(served, cas []*x509.Certificate) *x509.Certificate {
	intermediates := x509.NewCertPool()
	for _, c := range served[1:] {
		intermediates.AddCert(c)
	}
	for _, ca := range cas {
		at := served[0].NotBefore
		if ca.NotBefore.After(at) {
			at = ca.NotBefore
		}
		roots := x509.NewCertPool()
		roots.AddCert(ca)
		options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: at.Add(time.Second), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
		if _, err := served[0].Verify(options); err == nil {
			return ca
		}
	}
	return nil
}

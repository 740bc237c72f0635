package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// maxAsk bounds a request to /v2/, and maxPull what is asked for an image at one address.
const (
	maxAsk  = 10 * time.Second
	maxPull = 30 * time.Second
)

// An answer is what an endpoint answered to GET /v2/, or why there was none.
type answer struct {
	status  int    // of /v2/; 0: none came
	scheme  string // of the challenge of a 401, in lower case; empty: none
	err     error  // why a runtime does not go on
	plain   bool   // plain HTTP was tried after HTTPS
	shown   *shown // the certificate; nil: none was shown
	account *ask.Account
}

// shown is the certificate of a handshake, held against the CAs of the endpoint.
type shown struct {
	mu     sync.Mutex
	certs  []*x509.Certificate
	chains [][]*x509.Certificate
	err    error // of verification: nil when it is trusted, in date and for the name
}

// leaf is the server's own certificate; nil when none was shown.
func (s *shown) leaf() *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.certs) == 0 {
		return nil
	}
	return s.certs[0]
}

// verify verifies the certificates of a handshake for a host against roots.
func (s *shown) verify(certs []*x509.Certificate, roots *x509.CertPool, host string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.certs = certs
	s.chains, s.err = certs[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: host, Intermediates: intermediates(certs)})
	return s.err
}

func intermediates(certs []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, cert := range certs[1:] {
		pool.AddCert(cert)
	}
	return pool
}

// signedBy is the file that holds the CA of the certificate; "system" for those of the machine's system; empty when it does not verify.
func (s *shown) signedBy(cas []caFile) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || len(s.chains) == 0 {
		return ""
	}
	for _, ca := range cas {
		for _, chain := range s.chains {
			if ca.holds(chain[len(chain)-1]) {
				return ca.path
			}
		}
	}
	return bySystem
}

const bySystem = "system"

// caEnds is when the last CA ends by which the certificate verifies; zero when it does not.
func (s *shown) caEnds() (last time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, chain := range s.chains {
		if end := chain[len(chain)-1].NotAfter; end.After(last) {
			last = end
		}
	}
	return last
}

// verifies says whether the certificate is trusted, in date and for the name, also where nobody verifies it.
func (s *shown) verifies() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err == nil
}

// asker asks endpoints as a runtime does.
type asker struct {
	system  *x509.CertPool
	lockout *ask.Lockout // a wrong password is sent once, whatever runtimes share it
}

// ask asks an endpoint for /v2/: over HTTPS first, and where the runtime does so over plain HTTP after it.
func (a *asker) ask(ctx context.Context, e *endpoint, l login) *answer {
	got := a.askOnce(ctx, e, l)
	if got.err == nil || got.status != 0 || !e.fallback || e.scheme != "https" {
		return got
	}
	plain := *e
	plain.scheme, plain.fallback = "http", false
	second := a.askOnce(ctx, &plain, l)
	if second.err != nil && second.status == 0 {
		return got
	}
	second.plain = true
	return second
}

func (a *asker) askOnce(ctx context.Context, e *endpoint, l login) *answer {
	ctx, cancel := context.WithTimeout(ctx, maxAsk)
	defer cancel()
	account, err := a.account(e, l)
	if err != nil {
		return &answer{err: err}
	}
	got := &answer{account: account, shown: &shown{}}
	t := account.Transport.Clone()
	t.TLSClientConfig = a.inspecting(t.TLSClientConfig, e, got.shown)
	resp, err := account.Get(ctx, account.HTTPClient(t), e.path+"/", ask.MaxSmallBody)
	if resp != nil {
		got.status = resp.Status
		got.scheme = ask.ChallengeOf(resp.Header).Scheme
	}
	got.err = resp.OrRefusal(err, http.StatusOK, http.StatusUnauthorized)
	if got.err == nil && got.status == http.StatusUnauthorized && got.scheme == "" {
		got.err = resp.Refusal()
	}
	return got
}

// inspecting returns a copy of base that verifies the certificate itself, and keeps it also where it is refused. A proxy's own is
// not kept.
func (a *asker) inspecting(base *tls.Config, e *endpoint, s *shown) *tls.Config {
	c := base.Clone()
	c.InsecureSkipVerify = true
	host := hostOf(e.host)
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if name := state.ServerName; name != "" && name != host && net.ParseIP(host) == nil {
			return errors.New("the proxy asks for TLS itself")
		}
		err := s.verify(state.PeerCertificates, base.RootCAs, host)
		if e.skip != "" {
			return nil
		}
		return err
	}
	return c
}

// account is the client of an endpoint, with its CAs and client certificate. The login goes only to where TLS is verified.
func (a *asker) account(e *endpoint, l login) (*ask.Account, error) {
	access := config.Access{}
	if l.usable() && e.scheme == "https" && e.skip == "" {
		access.Username, access.Password = l.username, l.password
	}
	c, err := config.ForURL(e.scheme+"://"+e.host, access)
	if err != nil {
		return nil, source.Failed(source.ReasonBadAnswer, "the address cannot be asked: %s", err)
	}
	r := c.Registries[0]
	if len(e.pairs) > 0 {
		r.HTTP.TLSConfig.Cert, r.HTTP.TLSConfig.Key = string(e.pairs[0].cert), promconfig.Secret(e.pairs[0].key)
	}
	r.HTTP.TLSConfig.InsecureSkipVerify = e.skip != ""
	if e.proxy != "" {
		u, err := url.Parse(e.proxy)
		if err != nil {
			return nil, errors.New("the proxy is no URL") // it may hold a password
		}
		r.HTTP.ProxyURL = promconfig.URL{URL: u}
	}
	b := ask.NewBuilder(c, 0, ask.Options{Lockout: a.lockout, Keep: source.NewKeep(nil)})
	account, err := ask.NewAccount(b, r.HTTP, r.URL, "http")
	if err != nil {
		return nil, err
	}
	account.TrustOnly(a.pool(e))
	return account, nil
}

// pool is the CAs of an endpoint: its own files beside those of the machine's system.
func (a *asker) pool(e *endpoint) *x509.CertPool {
	pool := a.system.Clone()
	for _, ca := range e.cas {
		for _, cert := range ca.certs {
			pool.AddCert(cert)
		}
	}
	return pool
}

// pull asks for an image at an endpoint that has answered: manifest, configuration, and the head of each layer.
func (got *answer) pull(ctx context.Context, e *endpoint, i *client.Image) error {
	ctx, cancel := context.WithTimeout(ctx, maxPull)
	defer cancel()
	if e.path != "/v2" {
		got.account.Plain = below(got.account.Plain, e.path)
		got.account.Login = below(got.account.Login, e.path)
	}
	return pullImage(ctx, client.NewSession(got.account), e.repository(i.Repository), i.Tag)
}

// below returns a client that asks below another path than /v2: the path of override_path.
func below(c *http.Client, path string) *http.Client {
	return &http.Client{Transport: belowPath{c.Transport, path}, CheckRedirect: c.CheckRedirect}
}

type belowPath struct {
	next http.RoundTripper
	path string
}

// RoundTrip implements http.RoundTripper. A redirect names its path itself.
func (t belowPath) RoundTrip(req *http.Request) (*http.Response, error) {
	rest, isOurs := strings.CutPrefix(req.URL.Path, "/v2/")
	if !isOurs || req.Response != nil {
		return t.next.RoundTrip(req)
	}
	req = req.Clone(req.Context())
	req.URL.Path = t.path + "/" + rest
	req.URL.RawPath = ""
	return t.next.RoundTrip(req)
}

package ask

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/config"
)

// UserAgent is the header User-Agent of every request.
const UserAgent = "registry_exporter"

// Bounds of an answer.
const (
	maxHeaderBytes = 1 << 20  // bytes, of the status and all headers; Go's clients, such as containerd, take up to 10 MiB
	MaxBody        = 16 << 20 // bytes, of an answer that grows with the registry, such as cluster_status of an MSR
	MaxSmallBody   = 1 << 20  // bytes, of all others
	MaxRedirects   = 5
)

// A Client asks one address over HTTP. It opens a connection for each request. An old connection may go on to work while
// new ones fail, such as after the certificate has expired.
type Client struct {
	URL       *url.URL
	Address   string         // host:port of the URL, for the label address
	Host      string         // header Host; empty: that of the URL
	Transport *transport     // shared by Plain and Login
	Plain     *http.Client   // sends no credentials
	Login     *http.Client   // sends the credentials of the configuration; the same as Plain when it has none
	Follow    bool           // redirects to the same scheme, host and port
	elsewhere *x509.CertPool // CAs for other hosts: those of the system and of the CA file; nil: those of the system alone
	guard     *guard
	lockout   *Lockout
	secretOf  func(*http.Request) string // for the lockout
	tls       promconfig.TLSConfig       // for the curl command
	user      string                     // of basic_auth, for the curl command
}

// newClient builds the client of u. The header Host and the name in the certificate are those of front: a backend at
// 10.0.0.1 is asked as registry.example.org. path is that of cfg in the configuration, for errors.
func newClient(b *Builder, cfg *promconfig.HTTPClientConfig, u, front config.URL, path ...any) (*Client, error) {
	t, err := NewTransport(b.CAs, cfg, b.Part())
	if err != nil {
		return nil, b.Errorf(append(path, "tls_config"), "%s", err)
	}
	b.HideTransport(cfg.TLSConfig, cfg.ProxyConfig)
	c := &Client{URL: u.URL, Address: u.Address(), Transport: t, guard: &guard{u.Scheme, []string{u.Hostname(), front.Hostname()}, b.Stores}, lockout: b.Lockout, secretOf: secretHeaders(cfg), Follow: cfg.FollowRedirects}
	if front.Host != u.Host {
		c.Host = front.Host
		if t.TLSClientConfig.ServerName == "" {
			t.TLSClientConfig.ServerName = front.Hostname()
		}
	}
	ca, err := b.CAs.Read(&cfg.TLSConfig)
	if err != nil {
		return nil, b.Errorf(append(path, "tls_config", "ca_file"), "%s", err)
	}
	c.elsewhere = ca.withSystem
	auth, err := b.credentials(cfg, c.withLockout(t), path)
	if err != nil {
		return nil, err
	}
	c.tls = cfg.TLSConfig
	if cfg.BasicAuth != nil {
		c.user = cfg.BasicAuth.Username
	}
	c.Plain = c.HTTPClient(t)
	c.Login = c.Plain
	if auth != nil {
		c.Login = c.HTTPClient(auth)
	}
	return c, nil
}

// withLockout sends with next, and does not send credentials that were refused a short while ago.
func (c *Client) withLockout(next http.RoundTripper) http.RoundTripper {
	return NewLockoutTransport(next, c.lockout, c.secretOf)
}

// HTTPClient returns an HTTP client that sends with rt, and follows redirects as the configuration says.
func (c *Client) HTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{Transport: rt, CheckRedirect: c.checkRedirect}
}

// checkRedirect follows a redirect only to the same scheme, host and port: credentials go nowhere else. It follows none of DELETE: one
// of several instances behind a front could send it on to an image, and the others would delete that.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	if via[0].Method == http.MethodDelete {
		return http.ErrUseLastResponse
	}
	if !c.Follow || len(via) > MaxRedirects || req.URL.Scheme != from.Scheme || req.URL.Host != from.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// Get asks with hc for path, which may have a query, or for the URL of the client when path is empty. The answer is nil when none came. When the
// connection breaks in the body, Get returns the answer with the beginning of the body, and an error. A body of more than
// limit bytes is cut there, and the reason of the error is too_large.
func (c *Client) Get(ctx context.Context, hc *http.Client, path string, limit int64) (*Answer, error) {
	req, err := c.request(ctx, path)
	if err != nil {
		return nil, err
	}
	return do(hc, req, limit)
}

// Use is Get for an answer that may be large. use gets what Get returns, and keeps nothing of the body: its memory is for other
// answers then.
func (c *Client) Use(ctx context.Context, hc *http.Client, path string, limit int64, use func(*Answer, error)) {
	req, err := c.request(ctx, path)
	if err != nil {
		use(nil, err)
		return
	}
	a, free, err := send(hc, req, limit)
	defer free()
	use(a, err)
}

// GetJSON is like Get, and accepts JSON alone. The path may end in a query, such as /api/v0/jobs?limit=200.
func (c *Client) GetJSON(ctx context.Context, hc *http.Client, path string, limit int64) (*Answer, error) {
	path, query, _ := strings.Cut(path, "?")
	req, err := c.request(ctx, path)
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = query
	req.Header.Set("Accept", "application/json")
	return do(hc, req, limit)
}

// request makes a GET for path, or for the URL of the client when path is empty.
func (c *Client) request(ctx context.Context, path string) (*http.Request, error) {
	u := *c.URL
	if path != "" {
		u.Path, u.RawQuery, _ = strings.Cut(path, "?")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Host = c.Host
	return req, nil
}

// do sends req.
func do(hc *http.Client, req *http.Request, limit int64) (*Answer, error) {
	a, free, err := send(hc, req, limit)
	free()
	return a, err
}

// send sends req. The caller calls free when it no longer uses the body.
func send(hc *http.Client, req *http.Request, limit int64) (a *Answer, free func(), err error) {
	req.Header.Set("User-Agent", UserAgent)
	resp, err := hc.Do(req)
	if err != nil {
		return nil, func() {}, Ended(req.Context(), RequestError(err))
	}
	return answerOf(resp, limit)
}

// TransportFor returns the transport for a host, with or without port. At another host than that of the client, the
// certificate is verified for that host, and not for the front. A CA of the CA file or of the system may have signed it:
// a store or a token server may be a public one.
func (c *Client) TransportFor(host string) *transport {
	if host == c.URL.Host {
		return c.Transport
	}
	t := c.Transport.Clone()
	t.TLSClientConfig.ServerName, t.TLSClientConfig.RootCAs = "", c.elsewhere
	return t
}

// TrustOnly makes roots the CAs of the address, and of other hosts to which its answers lead: those of another machine than this one.
func (c *Client) TrustOnly(roots *x509.CertPool) {
	c.Transport.TLSClientConfig.RootCAs, c.elsewhere = roots, roots
}

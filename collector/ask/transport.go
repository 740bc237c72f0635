package ask

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"

	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
)

// A transport opens a connection for each request, and closes it when the context of the request ends at the
// latest. That of net/http alone goes on to dial and to shake hands with a server that hangs, for ever.
type transport struct{ *http.Transport }

func NewTransport(cfg *promconfig.HTTPClientConfig) (*transport, error) {
	tlsConfig, err := promconfig.NewTLSConfig(&cfg.TLSConfig)
	if err != nil {
		return nil, err
	}
	NoteCertificateRequest(tlsConfig)
	return &transport{&http.Transport{
		Proxy:                  cfg.Proxy(),
		ProxyConnectHeader:     cfg.GetProxyConnectHeader(),
		OnProxyConnectResponse: proxyRefusal,
		DialContext:            dial,
		TLSClientConfig:        tlsConfig,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}}, nil
}

func (t *transport) Clone() *transport { return &transport{t.Transport.Clone()} }

// An exchange is one request, as its connections see it.
type exchange struct {
	ctx                  context.Context
	certificateRequested atomic.Bool // of us, by the server
}

type exchangeKey struct{}

// exchangeOf is the exchange that a connection is for: net/http hands on the values of a request's context, but not its end.
func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{ctx: req.Context()}
	resp, err := t.Transport.RoundTrip(req.WithContext(context.WithValue(req.Context(), exchangeKey{}, x)))
	if err != nil {
		return nil, x.explain(err)
	}
	return resp, nil
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx = exchangeOf(ctx).ctx
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return conn, nil
}

// NoteCertificateRequest makes c tell the exchange when a server asks for a certificate.
func NoteCertificateRequest(c *tls.Config) {
	own := c.GetClientCertificate
	c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		exchangeOf(info.Context()).certificateRequested.Store(true)
		if own == nil {
			return &tls.Certificate{}, nil
		}
		return own(info)
	}
}

// explain gives err its reason: up to TLS 1.2 a server that misses our certificate says no more than "handshake failure".
func (x *exchange) explain(err error) error {
	if x.certificateRequested.Load() && source.RemoteAlert(err) == "tls: handshake failure" {
		return errors.Join(source.Failed(source.ReasonTLSClientCert, "the server asks for a client certificate"), err)
	}
	return err
}

// Ended is the error of ctx when it has ended: a connection closed for that says other things.
func Ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && !source.IsUnasked(err) {
		return ctx.Err()
	}
	return err
}

// proxyRefusal comes before the error of net/http, which repeats the proxy's words and has no reason.
func proxyRefusal(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("the proxy does not connect: %w", (&Answer{Status: resp.StatusCode}).Refusal())
}

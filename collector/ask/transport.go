package ask

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"

	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
)

// A transport opens a connection for each request. It closes the connection when the context of the request ends, at the
// latest. With http.Transport alone, a dial or a TLS handshake with a server that hangs goes on after the context has
// ended.
type transport struct {
	*http.Transport
	refuse func(context.Context, netip.Addr) error // returns an error for an address that neither transport nor proxy may dial; nil: it may dial all
	part   Part                                    // the part of the budget that requests take from
}

// NewTransport returns a transport with the TLS and proxy configuration of cfg. Its requests are part of the budget. An
// error is about a file of tls_config.
func NewTransport(cas *CAs, cfg *promconfig.HTTPClientConfig, part Part) (*transport, error) {
	tlsConfig, err := NewTLSConfig(cas, &cfg.TLSConfig)
	if err != nil {
		return nil, err
	}
	NoteCertificateRequest(tlsConfig)
	return &transport{part: part, Transport: &http.Transport{
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

// Clone returns a copy whose TLS configuration can be changed.
func (t *transport) Clone() *transport { return &transport{t.Transport.Clone(), t.refuse, t.part} }

// anonymous returns the transport without its client certificate, for hosts that must not learn who asks.
func (t *transport) anonymous() *transport {
	t = t.Clone()
	t.TLSClientConfig.Certificates, t.TLSClientConfig.GetClientCertificate = nil, nil
	NoteCertificateRequest(t.TLSClientConfig)
	return t
}

// An exchange is one request, together with the connection that is opened for it.
type exchange struct {
	ctx                  context.Context // of the request
	certificateRequested atomic.Bool     // the server asked for a client certificate
	refuse               func(context.Context, netip.Addr) error
	part                 Part
}

type exchangeKey struct{}

// exchangeOf returns the exchange for which a connection is opened. http.Transport hands the values of the request's
// context to a dial, and not its end.
func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{ctx: req.Context(), part: t.part}
	if !t.isProxied(req) {
		x.refuse = t.refuse
	} else if addr, isAddress := literal(req.URL.Hostname()); isAddress && t.refuse != nil {
		if err := t.refuse(req.Context(), addr); err != nil {
			return nil, err
		}
	}
	slot, err := t.part.enter(x.ctx)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.Transport.RoundTrip(req.WithContext(context.WithValue(x.ctx, exchangeKey{}, x)))
	if err != nil {
		slot.leave()
		return nil, t.part.Blame(x.ctx, x.explain(err))
	}
	slot.hasAnswer()
	resp.Body = &answerBody{resp.Body, slot, x}
	return resp, nil
}

// An answerBody holds the slot of its request until it is closed.
type answerBody struct {
	io.ReadCloser
	slot *slot
	of   *exchange
}

// Read implements io.Reader.
func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = b.of.part.Blame(b.of.ctx, err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *answerBody) Close() error {
	defer b.slot.leave()
	return b.ReadCloser.Close()
}

// literal returns the address that a host is without being looked up: 10.0.0.1, or localhost. A proxy looks up all other
// names by itself.
func literal(host string) (addr netip.Addr, isAddress bool) {
	if host = plainHost(strings.TrimSuffix(host, ".")); host == "localhost" || strings.HasSuffix(host, ".localhost") {
		host = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(host)
	return addr, err == nil
}

// isProxied says whether the request goes through the proxy that the configuration names.
func (t *transport) isProxied(req *http.Request) bool {
	if t.Proxy == nil {
		return false
	}
	proxy, err := t.Proxy(req)
	return err == nil && proxy != nil
}

// dial closes the connection when the context of the request ends.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	x := exchangeOf(ctx)
	ctx = x.ctx
	d := net.Dialer{ControlContext: x.control}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return quietConn{conn}, nil
}

// NoteCertificateRequest makes c note in the exchange when a server asks for a client certificate.
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

// explain adds reason tls_client_cert to a "handshake failure" of a server that has asked for a client certificate. Up to
// TLS 1.2 a server that misses the certificate says nothing else.
func (x *exchange) explain(err error) error {
	if x.certificateRequested.Load() && source.RemoteAlert(err) == "tls: handshake failure" {
		return errors.Join(source.Failed(source.ReasonTLSClientCert, "the server asks for a client certificate"), err)
	}
	return err
}

// Ended returns the error of ctx when ctx has ended, and else err. The end of ctx closes the connection, so err would be
// "use of closed network connection". An err that is source.Unasked stays.
func Ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && !source.IsUnasked(err) {
		return ctx.Err()
	}
	return err
}

// proxyRefusal returns the refusal of a proxy. The error of net/http would quote the proxy, and have no reason.
func proxyRefusal(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("the proxy does not connect: %w", (&Answer{Status: resp.StatusCode}).Refusal())
}

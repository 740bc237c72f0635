package registry

import (
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"registry_exporter/collector/source"
)

// phases has the moments of one request at which a phase begins or ends: dns, connect, tls and first_byte. A zero moment
// was not reached. The hooks of httptrace set them from several goroutines.
type phases struct {
	mu                                      sync.Mutex
	proxyHost                               string // host of an HTTPS proxy, until the TLS handshake with it has ended
	dnsStart, dnsDone, dialStart, dialDone  time.Time
	tlsStart, tlsDone, requestSent, answers time.Time
}

// throughProxy wraps the Proxy function of a transport, and notes the host of an HTTPS proxy. The first TLS handshake of
// the connection is with the proxy then, and the second one with the registry.
func (p *phases) throughProxy(proxyOf func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if proxyOf == nil {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		proxy, err := proxyOf(req)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.proxyHost = ""
		if proxy != nil && proxy.Scheme == "https" {
			p.proxyHost = proxy.Hostname()
		}
		return proxy, err
	}
}

// proxy returns the host of the proxy while the TLS handshake with it goes on, and nothing while the handshake is with
// the registry.
func (p *phases) proxy() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proxyHost
}

// handshakeDone is called at the end of each TLS handshake. After a handshake with a proxy the next one is with the registry,
// and only the latter sets a moment.
func (p *phases) handshakeDone(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.proxyHost != "":
		p.proxyHost = ""
	case err == nil:
		p.tlsDone = time.Now()
	}
}

// trace sets the moments as net/http reaches them. When it tries several addresses, the last one counts.
func (p *phases) trace() *httptrace.ClientTrace {
	mark := func(t *time.Time) {
		p.mu.Lock()
		defer p.mu.Unlock()
		*t = time.Now()
	}
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { mark(&p.dnsStart) },
		DNSDone: func(i httptrace.DNSDoneInfo) {
			if i.Err == nil {
				mark(&p.dnsDone)
			}
		},
		ConnectStart: func(string, string) { mark(&p.dialStart) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				mark(&p.dialDone)
			}
		},
		TLSHandshakeStart: func() { mark(&p.tlsStart) },
		TLSHandshakeDone:  func(_ tls.ConnectionState, err error) { p.handshakeDone(err) },
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			if i.Err == nil {
				mark(&p.requestSent)
			}
		},
		GotFirstResponseByte: func() { mark(&p.answers) },
	}
}

// samples returns the seconds of each phase that has ended.
func (p *phases) samples(address, role string) []source.Sample {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []source.Sample
	for _, phase := range []struct {
		name       string
		start, end time.Time
	}{
		{"dns", p.dnsStart, p.dnsDone},
		{"connect", p.dialStart, p.dialDone},
		{"tls", p.tlsStart, p.tlsDone},
		{"first_byte", p.requestSent, p.answers},
	} {
		if !phase.start.IsZero() && !phase.end.IsZero() {
			out = append(out, apiPhase.Sample(max(0, phase.end.Sub(phase.start).Seconds()), address, role, phase.name))
		}
	}
	return out
}

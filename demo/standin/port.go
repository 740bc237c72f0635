package standin

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// A port is an address whose server faults can stop and start.
type port struct {
	name     string
	address  string
	scheme   string
	closedBy []string // faults that stop the server
	serve    func(net.Listener) (stop func())
	stop     func() // nil while closed
}

// apply starts or stops the server as the faults say.
func (p *port) apply(f *Faults) error {
	closed := f.On(p.closedBy...)
	switch {
	case closed && p.stop != nil:
		p.stop()
		p.stop = nil
	case !closed && p.stop == nil:
		l, err := net.Listen("tcp", p.address)
		if err != nil {
			return fmt.Errorf("opening the port of %s again: %w", p.name, err)
		}
		p.stop = p.serve(l)
	}
	return nil
}

// Ports of stand-ins. They are below the ports that Linux gives to clients: while a server is stopped, no client may take
// its port.
const (
	firstPort = 10510
	lastPort  = 10999
)

// Listen takes the first free port of 127.0.0.1 in the range for stand-ins.
func Listen() (net.Listener, error) {
	var l net.Listener
	err := fmt.Errorf("no port")
	for n := firstPort; n <= lastPort && err != nil; n++ {
		l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", n))
	}
	if err != nil {
		return nil, fmt.Errorf("finding a free port between %d and %d: %w", firstPort, lastPort, err)
	}
	return l, nil
}

// serveHTTP serves h, over TLS when secure is set.
func serveHTTP(h http.Handler, secure *tls.Config) func(net.Listener) func() {
	return func(l net.Listener) func() {
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		inner := l
		if secure != nil {
			inner = tls.NewListener(l, secure)
		}
		go func() { _ = server.Serve(inner) }() // ends when the port is closed
		return func() {
			l.Close()
			server.Close()
		}
	}
}

// hang does not answer. It returns when the client gives up or the server stops.
func hang(r *http.Request) { <-r.Context().Done() }

// wait waits for d. It returns false when the client gave up before.
func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

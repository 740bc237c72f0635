package clients

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// limit is how long one pull or push of a client may take.
const limit = 30 * time.Second

const (
	username = "monitor"
	password = "right"
	pushed   = "2.0" // the tag that clients push
)

// A site is a fake registry for one client, with the client's files.
type site struct {
	*registry
	*behaviour
	stored *image
	dir    string // for files of the client
	caFile string // empty on a front without TLS
}

// newSite starts a registry with the behaviour b. For a row with warm, the client first does before on the healthy
// registry.
func newSite(b *behaviour, dir string, before func(*site) result) (*site, error) {
	s := &site{registry: newRegistry(b.https), behaviour: b, dir: dir}
	stored := b.stored
	if stored == nil {
		stored = func(f *registry) *image { return f.add(tag, newImage("stored", 1500, 700)) }
	}
	s.stored = stored(s.registry)
	if b.https {
		s.caFile = filepath.Join(dir, "certs", "ca.crt")
		text := authorities.front.pem
		if b.caFile != nil {
			text = b.caFile()
		}
		if err := os.MkdirAll(filepath.Dir(s.caFile), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(s.caFile, text, 0o644); err != nil {
			return nil, err
		}
	}
	if b.warm {
		if r := before(s); !r.ok() {
			s.close()
			return nil, fmt.Errorf("before it behaved so: %s: %w", r.step, r.err)
		}
	}
	if b.change != nil {
		b.change(s.registry, s.stored)
	}
	return s, nil
}

// patience returns how long a client waits for an answer: 8 s, or 1 s in rows whose server hangs.
func (s *site) patience() time.Duration {
	if s.slow != "" {
		return time.Second
	}
	return 8 * time.Second
}

// user returns the user and password that clients log in with; empty when the row has no login.
func (s *site) user() (name, pass string) {
	switch {
	case s.wrongPassword:
		return username, "wrong"
	case s.account:
		return username, password
	}
	return "", ""
}

func (s *site) nodePlatform() string {
	for _, p := range []string{s.clientPlatform, s.behaviour.platform} {
		if p != "" {
			return p
		}
	}
	return "linux/amd64"
}

// transport returns a transport that trusts the CAs of the system and of the CA file, as containerd, podman and docker
// do.
func (s *site) transport() *http.Transport {
	roots := must(x509.SystemCertPool())
	if s.caFile != "" {
		roots.AppendCertsFromPEM(must(os.ReadFile(s.caFile)))
	}
	return &http.Transport{
		DialContext:           dialLoopback,
		TLSClientConfig:       &tls.Config{RootCAs: roots},
		ResponseHeaderTimeout: s.patience(),
		DisableKeepAlives:     true,
	}
}

func dialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	if !strings.HasPrefix(address, "127.") {
		return nil, fmt.Errorf("%s is not on loopback", address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// readBack makes the result of pulling an image that was pushed.
func readBack(r result) result {
	if r.ok() {
		return r
	}
	return result{step: "read_back", err: fmt.Errorf("pushed, but cannot be pulled: %s: %w", r.step, r.err)}
}

// newPushed returns the image that clients push.
func (s *site) newPushed() *image { return newImage("pushed", max(s.behaviour.layer, 1000)) }

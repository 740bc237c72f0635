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

// limit is how long a client may take in all.
const limit = 30 * time.Second

const (
	username = "monitor"
	password = "right"
	pushed   = "2.0" // the tag that clients push
)

// A site is one registry, fresh for one client, and what the client has of it.
type site struct {
	*registry
	*behaviour
	stored *image
	dir    string // for files of the client
	caFile string // empty on a front without TLS
}

// newSite starts a registry that behaves so. Where people say it was well before, before is what they did then.
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

// patience is how long a client waits for an answer: not for long where none comes.
func (s *site) patience() time.Duration {
	if s.slow != "" {
		return time.Second
	}
	return 8 * time.Second
}

// user is who logs in, if anybody does.
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

// transport is that of a client which trusts the system and the CA file, as containerd, podman and docker do.
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

// readBack pulls what was pushed.
func readBack(r result) result {
	if r.ok() {
		return r
	}
	return result{step: "read_back", err: fmt.Errorf("pushed, but cannot be pulled: %s: %w", r.step, r.err)}
}

// newPushed is the image that clients push.
func (s *site) newPushed() *image { return newImage("pushed", max(s.behaviour.layer, 1000)) }

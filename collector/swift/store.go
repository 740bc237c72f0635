package swift

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ncw/swift/v2"
	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

var (
	reachable = source.Gauge("registry_swift_reachable",
		"1 if Swift let us in and the container answers (HEAD of the container).", "address", "swift_container")
	containerObjects = source.Gauge("registry_swift_container_objects",
		"Objects in the container (X-Container-Object-Count).", "address", "swift_container")
	containerBytes = source.Gauge("registry_swift_container_bytes",
		"Bytes in the container (X-Container-Bytes-Used).", "address", "swift_container")
	stepSeconds = source.Gauge("registry_swift_step_seconds",
		"Seconds by step: auth (only when a new token was needed) and container.", "address", "step")
)

// A store is the Swift under a registry. All sources of the registry share it, and its token with it.
type store struct {
	cfg       *config.Swift
	address   string // host:port of the auth_url
	key       *ask.Secret
	transport http.RoundTripper
	places    *places
	lockout   *ask.Lockout

	mu        sync.Mutex
	session   *swift.Connection // nil until the first login
	since     time.Time         // when the login of session began
	loginTook time.Duration     // of that login, until a reading has shown it
	renewing  bool              // a login is under way that replaces session
}

// Sources makes the source of the collector swift: HEAD of the registry's container. It makes none of a registry
// without a section swift. The error names the line of a key_file or a file in tls_config that cannot be read.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	if b.Swift == nil {
		return nil, nil
	}
	s, err := ask.Shared(b, newStore)
	if err != nil {
		return nil, err
	}
	return []*source.Source{{
		Address: s.address,
		Down:    []source.Sample{reachable.Sample(0, s.address, s.cfg.Container)},
		Read:    s.read,
		Words:   s.words(),
	}}, nil
}

// newStore makes the store of a registry. ask.Shared calls it once for all sources of the registry.
func newStore(b *ask.Builder) (*store, error) {
	s := &store{cfg: b.Swift, address: b.Swift.AuthURL.Address(), lockout: b.Lockout}
	var err error
	if s.key, err = b.Secret(s.cfg.Key, s.cfg.KeyFile, "swift", "key_file"); err != nil {
		return nil, err
	}
	httpConfig := promconfig.DefaultHTTPClientConfig
	if s.cfg.TLSConfig != nil {
		httpConfig.TLSConfig = *s.cfg.TLSConfig
	}
	if s.transport, err = ask.NewGuardedTransport(b.CAs, &httpConfig, s.cfg.AuthURL, b.Stores, b.Part()); err != nil {
		return nil, b.Errorf([]any{"swift", "tls_config"}, "%s", err)
	}
	s.places = source.Kept(b.Keep, fmt.Sprintf("swift %q %q %q %q %q", b.Name, b.Site, s.cfg.AuthURL.String(), s.cfg.Username, s.cfg.StorageURL), func() *places { return &places{} })
	b.HideTransport(httpConfig.TLSConfig, httpConfig.ProxyConfig)
	return s, nil
}

// read asks for the container. When that fails, it keeps the token: a login in each scrape would load a Swift that is
// slow.
func (s *store) read(ctx context.Context) ([]source.Sample, error) {
	var containerSamples []source.Sample
	err := s.withSession(ctx, func(session *swift.Connection) (err error) {
		if containerSamples, err = s.readContainer(ctx, session); err != nil {
			return fmt.Errorf("asking for the container: %w", err)
		}
		return nil
	})
	return append(s.takeLogin(), containerSamples...), err
}

// readContainer sends HEAD of the container.
func (s *store) readContainer(ctx context.Context, session *swift.Connection) ([]source.Sample, error) {
	start := time.Now()
	info, _, err := session.Container(ctx, s.cfg.Container)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	if info.Count < 0 || info.Bytes < 0 {
		return nil, source.Failed(source.ReasonBadAnswer, "the container has a negative count")
	}
	return []source.Sample{
		stepSeconds.Sample(time.Since(start).Seconds(), s.address, "container"),
		reachable.Sample(1, s.address, s.cfg.Container),
		containerObjects.Sample(float64(info.Count), s.address, s.cfg.Container),
		containerBytes.Sample(float64(info.Bytes), s.address, s.cfg.Container),
	}, nil
}

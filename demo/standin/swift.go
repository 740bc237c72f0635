package standin

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"

	client "github.com/ncw/swift/v2"
	"github.com/ncw/swift/v2/swifttest"
)

const (
	swiftUser      = "docker:registry"
	swiftContainer = "docker_registry"
	probeContainer = "monitoring"
)

// swift is an object store in memory. The one behind knows a single account: the user that the exporter has
// is translated to it.
type swift struct {
	faults *Faults
	key    *secret
	store  *swifttest.SwiftServer
	proxy  http.Handler
}

func newSwift(f *Faults, key *secret) (*swift, error) {
	store, err := swifttest.NewSwiftServer("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting Swift: %w", err)
	}
	s := &swift{faults: f, key: key, store: store}
	behind := &url.URL{Scheme: "http", Host: store.Listener.Addr().String()}
	s.proxy = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }}
	return s, s.fill()
}

// fill puts in what a registry keeps.
func (s *swift) fill() error {
	ctx := context.Background()
	c := &client.Connection{AuthUrl: s.store.AuthURL, UserName: swifttest.TEST_ACCOUNT, ApiKey: swifttest.TEST_ACCOUNT, AuthVersion: 1}
	for _, container := range []string{swiftContainer, probeContainer} {
		if err := c.ContainerCreate(ctx, container, nil); err != nil {
			return fmt.Errorf("creating a container in Swift: %w", err)
		}
	}
	for i := range 12 {
		name := fmt.Sprintf("files/docker/registry/v2/blobs/sha256/%02x/data", i)
		if err := c.ObjectPutBytes(ctx, swiftContainer, name, make([]byte, 1000+i), "application/octet-stream"); err != nil {
			return fmt.Errorf("putting an object into Swift: %w", err)
		}
	}
	return nil
}

// announce tells the store which address clients use.
func (s *swift) announce(address string) {
	s.store.Lock()
	defer s.store.Unlock()
	s.store.URL = "http://" + address + "/v1"
}

func (s *swift) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/v1.0", s.login)
	mux.HandleFunc("/v1/", s.objects)
	return mux
}

func (s *swift) login(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Auth-User") != swiftUser || !s.key.is(r.Header.Get("X-Auth-Key")) {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	r.URL.Path = "/v1.0"
	r.Header.Set("X-Auth-User", swifttest.TEST_ACCOUNT)
	r.Header.Set("X-Auth-Key", swifttest.TEST_ACCOUNT)
	s.proxy.ServeHTTP(w, r)
}

func (s *swift) objects(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.key.isChanged() || len(r.Header.Get("X-Auth-Token")) < len("AUTH_tk"): // the store cannot bear shorter ones
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	case s.faults.On("swift-container-gone"):
		http.Error(w, "The resource could not be found.", http.StatusNotFound)
	default:
		s.proxy.ServeHTTP(w, r)
	}
}

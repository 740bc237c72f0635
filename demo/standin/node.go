package standin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A node pulls the image of the hub again and again, as the nodes of a cluster do. Its requests are in the access log,
// those that fail as well.
type node struct {
	client   *http.Client
	front    string // https://host:port
	layers   []string
	password func() string
	stop     context.CancelFunc
	done     chan struct{}
}

// startNode starts to pull at once, and again after each interval.
func (s *Stack) startNode(ca *authority, h *hub, every time.Duration) {
	trusted := x509.NewCertPool()
	trusted.AddCert(ca.cert)
	ctx, stop := context.WithCancel(context.Background())
	s.node = &node{
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true,
		}},
		front: "https://" + s.Address("hub front"), layers: h.image.layers, password: h.monitor.now,
		stop: stop, done: make(chan struct{}),
	}
	go s.node.run(ctx, every)
}

func (n *node) run(ctx context.Context, every time.Duration) {
	defer close(n.done)
	for {
		n.pull(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}

// pull asks for /v2/, the manifest and each layer. It stops at the first request that is refused.
func (n *node) pull(ctx context.Context) {
	paths := []string{"/v2/", "/v2/" + image + "/manifests/1.0"}
	for _, digest := range n.layers {
		paths = append(paths, "/v2/"+image+"/blobs/"+digest)
	}
	for _, path := range paths {
		if n.get(ctx, path) != nil {
			return
		}
	}
}

func (n *node) get(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.front+path, nil)
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("User-Agent", "containerd/2.1.0")
	req.SetBasicAuth("monitor", n.password())
	resp, err := n.client.Do(req)
	if err != nil {
		return fmt.Errorf("pulling from the hub: %w", err)
	}
	defer resp.Body.Close()
	if _, err = io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("pulling from the hub: status %d", resp.StatusCode)
	}
	return err
}

// close ends a pull under way, and waits for its end.
func (n *node) close() {
	n.stop()
	<-n.done
}

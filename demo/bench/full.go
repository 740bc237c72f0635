package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"registry_exporter/demo/child"
)

// The goals. The binary alone takes some 15 MB of RSS. maxBeyond is how much longer than its slowest source a page may
// take: promhttp writes and compresses the page.
const (
	maxRSS    = 32.0 // MB
	maxBeyond = 6 * time.Millisecond
)

// full measures a registry with every source.
func (b *bench) full() error {
	fmt.Printf("\nOne registry with everything: an MSR of three replicas (RethinkDB tables of 80 KB each), nginx, /v2/ over TLS with a token, Swift, Redis; %d scrapes\n", scrapes)
	return b.withExporter(b.fullConfig(), func(c *child.Child, address string) error {
		defer b.startProfile(address)()
		got, err := measure(b.ctx, "registry_exporter", c.PID(), "http://"+address+"/metrics", scrapes)
		if err != nil {
			return err
		}
		printCosts(got)
		beyond := quantile(0.5, got.beyond)
		goal(beyond <= maxBeyond, "median wall %.1f ms beyond the slowest source, at most %.0f", ms(beyond), ms(maxBeyond))
		goal(got.rss <= maxRSS, "RSS %.1f MB, at most %.0f", got.rss, maxRSS)
		return nil
	})
}

func (b *bench) fullConfig() string {
	at := b.standIns.address
	_, front, _ := strings.Cut(at["msr front"], ":")
	return fmt.Sprintf(`registries:
- name: full
  url: https://localhost:%s
  http: &http
    basic_auth: {username: monitor, password_file: msr-monitor.secret}
    tls_config: {ca_file: ca.pem}
  tls: {names: [localhost, 127.0.0.1]}
  msr:
    replicas: ["https://%s", "https://%s", "https://%s"]
    http:
      basic_auth: {username: admin, password_file: msr-admin.secret}
      tls_config: {ca_file: ca.pem}
  nginx: {urls: ["http://%s/nginx_status"]}
  swift: {auth_url: "http://%s/auth/v1.0", username: "docker:registry", key_file: swift.secret, container: docker_registry}
  redis: {addr: "%s", username: monitor, password_file: redis.secret}
`, front, at["msr replica 1"], at["msr replica 2"], at["msr replica 3"], at["hub nginx"], at["swift"], at["redis"])
}

// profileTime is how long the CPU profile takes: less than the measurement.
const profileTime = 5 * time.Second

// startProfile writes a CPU profile during the measurement, when one is wanted. end waits for it.
func (b *bench) startProfile(address string) (end func()) {
	if b.profile == "" {
		return func() {}
	}
	done := make(chan error, 1)
	go func() { done <- writeProfile(b.ctx, address, b.profile) }()
	return func() {
		if err := <-done; err != nil {
			fmt.Println("  no profile:", err)
		}
	}
}

func writeProfile(ctx context.Context, address, file string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%.0f", address, profileTime.Seconds())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}

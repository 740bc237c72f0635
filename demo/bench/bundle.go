package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"registry_exporter/demo/child"
)

const (
	bundle           = "/etc/ssl/certs/ca-certificates.crt"
	bundleRegistries = 1000
	maxBundleStart   = time.Second
	maxBundleRSS     = 100.0 // MB
)

// sharedBundle measures a start and a reload with very many registries that name the CAs of the system as their CA file.
func (b *bench) sharedBundle() error {
	if _, err := os.Stat(bundle); err != nil {
		fmt.Printf("\nCA file of many registries: not measured without %s\n", bundle)
		return nil
	}
	fmt.Printf("\n%d registries with the CA file %s\n", bundleRegistries, bundle)
	begin := time.Now()
	return b.withExporter(bundleConfig(), func(c *child.Child, address string) error {
		started := time.Since(begin)
		first, err := usageOf(c.PID())
		if err != nil {
			return err
		}
		begin = time.Now()
		if err := b.reload(address); err != nil {
			return err
		}
		reloaded := time.Since(begin)
		second, err := usageOf(c.PID())
		if err != nil {
			return err
		}
		fmt.Printf("  start: %.2f s, RSS %.1f MB; reload: %.2f s, RSS %.1f MB\n", started.Seconds(), first.rss, reloaded.Seconds(), second.rss)
		goal(started < maxBundleStart, "the start takes %.2f s, less than %.0f", started.Seconds(), maxBundleStart.Seconds())
		goal(second.rss <= maxBundleRSS, "RSS %.1f MB after a reload, at most %.0f", second.rss, maxBundleRSS)
		return nil
	})
}

func bundleConfig() string {
	var text strings.Builder
	text.WriteString("registries:\n")
	for i := range bundleRegistries {
		fmt.Fprintf(&text, "- {name: r%d, url: \"https://127.0.0.1:1\", http: {tls_config: {ca_file: %s}}}\n", i, bundle)
	}
	return text.String()
}

// reload returns when the exporter at the address has read its configuration again.
func (b *bench) reload(address string) error {
	req, err := http.NewRequestWithContext(b.ctx, http.MethodPost, "http://"+address+"/-/reload", nil)
	if err != nil {
		return fmt.Errorf("reloading: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("reloading: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("reloading: status %d", resp.StatusCode)
	}
	return nil
}

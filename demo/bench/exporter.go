package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"registry_exporter/demo/child"
	"registry_exporter/demo/standin"
)

// withExporter runs the exporter with a configuration while it calls use with the exporter's address. Each scrape reads.
func (b *bench) withExporter(config string, use func(c *child.Child, address string) error) error {
	return b.withSharing(config, 0, use)
}

// withSharing is withExporter where scrapes within minAge share a reading.
func (b *bench) withSharing(config string, minAge time.Duration, use func(c *child.Child, address string) error) error {
	file := filepath.Join(b.dir, "bench.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return fmt.Errorf("writing a configuration: %w", err)
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	args := []string{"--config.file=" + file, "--web.listen-address=" + address, "--web.min-age=" + minAge.String(), "--web.enable-pprof", "--web.enable-lifecycle", "--log.level=warn"}
	return b.with(b.exporter, args, "http://"+address+"/-/ready", func(c *child.Child) error { return use(c, address) })
}

// with runs a program while it calls use.
func (b *bench) with(program string, args []string, ready string, use func(*child.Child) error) error {
	var log tail
	c, err := child.Start(&log, program, args...)
	if err != nil {
		return err
	}
	defer c.Stop()
	if err := c.WaitFor(b.ctx, ready); err != nil {
		c.Stop()
		return fmt.Errorf("%s does not get ready: %w\n%s", program, err, log)
	}
	return use(c)
}

// tail keeps the first bytes of a program's output.
type tail []byte

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(p []byte) (int, error) {
	if room := 4096 - len(*t); room > 0 {
		*t = append(*t, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// freeAddress returns an address that was free a moment ago. Linux gives its port to no client, so it stays free.
func freeAddress() (string, error) {
	var l net.Listener
	l, err := standin.Listen()
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

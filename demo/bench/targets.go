package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"registry_exporter/demo/child"
	"registry_exporter/demo/standin"
)

// targets are the real programs that the exporters read.
type targets struct {
	dir                    string
	status, secured, redis string // addresses
	running                []*child.Child
}

func (t *targets) nginxStatus() string    { return "http://" + t.status + "/nginx_status" }
func (t *targets) registry() string       { return "https://" + t.secured }
func (t *targets) blackboxConfig() string { return filepath.Join(t.dir, "blackbox.yml") }

const nginxConfig = `
daemon off;
pid %[1]s/nginx.pid;
error_log stderr;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  server {
    listen %[2]s;
    location = /nginx_status { stub_status; }
  }
  server {
    listen %[3]s ssl;
    ssl_certificate %[1]s/server.pem;
    ssl_certificate_key %[1]s/server.key;
    location = /v2/ {
      default_type application/json;
      add_header Docker-Distribution-Api-Version registry/2.0;
      return 200 "{}";
    }
  }
}
`

const blackboxConfig = `
modules:
  registry:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      fail_if_not_ssl: true
      tls_config: {ca_file: %s/ca.pem}
`

func (b *bench) startTargets() (*targets, error) {
	t := &targets{dir: filepath.Join(b.dir, "targets")}
	err := t.prepare()
	if err == nil {
		err = t.start(b.ctx)
	}
	if err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

// prepare finds free addresses and writes the configurations.
func (t *targets) prepare() error {
	for _, address := range []*string{&t.status, &t.secured, &t.redis} {
		l, err := standin.Listen()
		if err != nil {
			return err
		}
		defer l.Close() // held until all addresses are found
		*address = l.Addr().String()
	}
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	for name, text := range map[string]string{
		"nginx.conf":   fmt.Sprintf(nginxConfig, t.dir, t.status, t.secured),
		"blackbox.yml": fmt.Sprintf(blackboxConfig, t.dir),
	} {
		if err := os.WriteFile(filepath.Join(t.dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing a configuration: %w", err)
		}
	}
	return standin.WriteCertificate(t.dir)
}

func (t *targets) start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(t.redis)
	if err != nil {
		return fmt.Errorf("starting Redis: %w", err)
	}
	if err := t.run(ctx, t.status, "nginx", "-e", "stderr", "-p", t.dir, "-c", filepath.Join(t.dir, "nginx.conf")); err != nil {
		return err
	}
	return t.run(ctx, t.redis, "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", t.dir, "--save", "", "--appendonly", "no")
}

// run starts a program and waits until its port is open.
func (t *targets) run(ctx context.Context, address, program string, args ...string) error {
	var log tail
	c, err := child.Start(&log, program, args...)
	if err != nil {
		return err
	}
	t.running = append(t.running, c)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for !listens(ctx, address) {
		select {
		case <-c.Ended():
			return fmt.Errorf("%s ended: %w\n%s", program, c.Err(), log)
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", program, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func listens(ctx context.Context, address string) bool {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func (t *targets) stop() {
	for _, c := range t.running {
		c.Stop()
	}
}

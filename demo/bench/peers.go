package main

import (
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"

	"registry_exporter/demo/child"
)

// A peer is an exporter for one of the systems that our exporter reads, too.
type peer struct {
	program string // name of the program, and of its Debian package
	ready   string
	scraped string
	args    func(t *targets, address string) []string
}

var peers = []peer{
	{"prometheus-nginx-exporter", "/metrics", "/metrics", func(t *targets, address string) []string {
		return []string{"-nginx.scrape-uri=" + t.nginxStatus(), "-web.listen-address=" + address}
	}},
	{"prometheus-redis-exporter", "/", "/metrics", func(t *targets, address string) []string {
		return []string{"-redis.addr=redis://" + t.redis, "-web.listen-address=" + address}
	}},
	{"prometheus-blackbox-exporter", "/-/healthy", "/probe?module=registry&target=", func(t *targets, address string) []string {
		return []string{"--config.file=" + t.blackboxConfig(), "--web.listen-address=" + address}
	}},
}

// peers measures the exporter beside the peers.
func (b *bench) peers() error {
	fmt.Printf("\nA real nginx (stub_status, and /v2/ over TLS) and a real Redis; ours beside one exporter for each; %d scrapes\n", scrapes)
	if missing := missingOf("nginx", "redis-server"); missing != "" {
		fmt.Println("  skipped, install these packages:", missing)
		return nil
	}
	t, err := b.startTargets()
	if err != nil {
		return err
	}
	defer t.stop()
	ours, err := b.ours(t)
	if err != nil {
		return err
	}
	theirs, err := b.theirs(t)
	if err != nil {
		return err
	}
	printCosts(slices.Concat(ours, theirs)...)
	one := ours[0]
	goal(one.rss <= maxRSS, "RSS %.1f MB, at most %.0f", one.rss, maxRSS)
	if len(theirs) == 0 {
		return nil
	}
	together := theirs[len(theirs)-1]
	for _, c := range ours {
		goal(5*c.cpu <= 4*together.cpu, "%.2f ms CPU a scrape of %s, at most 0.8 times their %.2f", ms(c.cpu), c.name, ms(together.cpu))
	}
	return nil
}

// missingOf returns the programs that are not installed.
func missingOf(programs ...string) string {
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if p == "nginx" {
				p = "nginx-light"
			}
			missing = append(missing, p)
		}
	}
	return strings.Join(missing, " ")
}

// ours returns the cost of /probe and of /metrics. /probe shows the same three targets as the peers, and /metrics shows
// the exporter itself, too.
func (b *bench) ours(t *targets) (ours []*cost, err error) {
	config := fmt.Sprintf(`registries:
- name: same
  url: %s
  http: {tls_config: {ca_file: targets/ca.pem}}
  nginx: {urls: [%q]}
  redis: {addr: %q}
`, t.registry(), t.nginxStatus(), t.redis)
	err = b.withExporter(config, func(c *child.Child, address string) error {
		for _, path := range []string{"/probe?registry=same", "/metrics"} {
			got, err := measure(b.ctx, "registry_exporter "+path, c.PID(), "http://"+address+path, scrapes)
			if err != nil {
				return err
			}
			ours = append(ours, got)
		}
		return nil
	})
	return ours, err
}

// theirs returns the costs of the peers and, at the end, their sum. When one of them cannot be measured it returns none.
func (b *bench) theirs(t *targets) ([]*cost, error) {
	together := &cost{name: "these together"}
	var all []*cost
	for _, p := range peers {
		if missing := missingOf(p.program); missing != "" {
			fmt.Println("  no comparison, install this package:", missing)
			return nil, nil
		}
		got, err := b.peer(p, t)
		if err != nil {
			return nil, err
		}
		all = append(all, got)
		together.cpu += got.cpu
		together.rss += got.rss
		together.peak += got.peak
		together.series += got.series
	}
	return append(all, together), nil
}

func (b *bench) peer(p peer, t *targets) (got *cost, err error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	scraped := "http://" + address + p.scraped
	if strings.HasSuffix(scraped, "=") {
		scraped += url.QueryEscape(t.registry() + "/v2/")
	}
	err = b.with(p.program, p.args(t, address), "http://"+address+p.ready, func(c *child.Child) error {
		got, err = measure(b.ctx, p.program, c.PID(), scraped, scrapes)
		return err
	})
	return got, err
}

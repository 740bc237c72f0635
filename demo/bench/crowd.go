package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"registry_exporter/demo/child"
	"registry_exporter/demo/standin"
)

const (
	hungRegistries = 100 // of manyRegistries
	maxBesideHung  = time.Second
	pairScrapes    = 3
	betweenPair    = time.Second
	maxPairRatio   = 1.05 // requests for two Prometheis, over those for one
)

// besideHung measures scrapes of registries that are well, while others hang, all at once: the second round, in which the exporter
// knows who hangs.
func (b *bench) besideHung() error {
	fmt.Printf("\n%d registries scraped at once, by /probe, of which %d hang\n", manyRegistries, hungRegistries)
	hang, err := standin.Listen() // nobody accepts: the kernel does, and no answer comes
	if err != nil {
		return err
	}
	defer hang.Close()
	config := b.manyConfig()
	for i := range hungRegistries {
		own := fmt.Sprintf("{name: r%d, url: \"http://", i)
		at := strings.Index(config, own)
		line, rest, _ := strings.Cut(config[at:], "\n")
		config = config[:at] + strings.ReplaceAll(line, b.standIns.address["slow"], hang.Addr().String()) + "\n" + rest
	}
	return b.withExporter(config, func(c *child.Child, address string) error {
		for round, name := range []string{"nothing is known", "it is known who hangs"} {
			took, err := b.scrapeAtOnce(address)
			if err != nil {
				return err
			}
			fmt.Printf("  %s: p50 %.0f ms, slowest %.0f ms\n", name, ms(quantile(0.5, took)), ms(quantile(1, took)))
			if round == 1 {
				goal(quantile(1, took) < maxBesideHung, "the slowest takes %.0f ms, less than %.0f", ms(quantile(1, took)), ms(maxBesideHung))
			}
		}
		used, err := usageOf(c.PID())
		fmt.Printf("  peak %.1f MB\n", used.peak)
		return err
	})
}

// scrapeAtOnce scrapes all registries, and returns how long it took for each that does not hang, sorted.
func (b *bench) scrapeAtOnce(address string) ([]time.Duration, error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var all error
	for i := range manyRegistries {
		group.Go(func() {
			page, err := scrapeWithin(b.ctx, fmt.Sprintf("http://%s/probe?registry=r%d", address, i), "10")
			mu.Lock()
			defer mu.Unlock()
			if i < hungRegistries {
				return
			}
			if all = errors.Join(all, err); err == nil {
				took = append(took, page.wall)
			}
		})
	}
	group.Wait()
	slices.Sort(took)
	return took, all
}

// pair measures how often a registry is asked by two Prometheis with the same configuration, whose scrapes are a second apart.
func (b *bench) pair() error {
	fmt.Printf("\nA registry scraped by two Prometheis, %s apart, each %d times\n", betweenPair, pairScrapes)
	var asked atomic.Int64
	l, err := standin.Listen()
	if err != nil {
		return err
	}
	defer l.Close()
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			slowRegistry(w, r)
		}))
	}()
	config := "registries:\n- {name: hub, url: \"http://" + l.Addr().String() + "\"}\n"
	return b.withSharing(config, defaultMinAge, func(_ *child.Child, address string) error {
		for range pairScrapes {
			for range 2 {
				if _, err := scrape(b.ctx, "http://"+address+"/metrics"); err != nil {
					return err
				}
				time.Sleep(betweenPair)
			}
			time.Sleep(defaultMinAge)
		}
		ratio := float64(asked.Load()) / pairScrapes
		fmt.Printf("  %d requests\n", asked.Load())
		goal(ratio <= maxPairRatio, "%.2f times the requests for one Prometheus, at most %.2f", ratio, maxPairRatio)
		return nil
	})
}

// defaultMinAge is the default of --web.min-age.
const defaultMinAge = 5 * time.Second

// starts measures when the first runs of very many probes begin.
func (b *bench) starts() error {
	fmt.Printf("\nThe first runs of %d pulls, each every %s, by second\n", manyRegistries, startsEvery)
	var mu sync.Mutex
	var bySecond []int
	l, err := standin.Listen()
	if err != nil {
		return err
	}
	defer l.Close()
	begin := time.Now()
	go func() {
		countStarts(l, func() {
			mu.Lock()
			defer mu.Unlock()
			at := int(time.Since(begin) / time.Second)
			for len(bySecond) <= at {
				bySecond = append(bySecond, 0)
			}
			bySecond[at]++
		})
	}()
	return b.withExporter(startsConfig(l.Addr().String()), func(*child.Child, string) error {
		select {
		case <-time.After(startsEvery + 2*time.Second):
		case <-b.ctx.Done():
			return b.ctx.Err()
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("  %v\n", bySecond)
		most := slices.Max(append(bySecond, 0))
		goal(most <= maxStarts, "%d begin in one second, at most %d", most, maxStarts)
		return nil
	})
}

const (
	startsEvery = 30 * time.Second
	maxStarts   = 30 // of 200 within 19 s and more
)

// countStarts answers manifests with 404, and calls count for each first request of a run.
func countStarts(l net.Listener, count func()) {
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			count()
		}
		http.NotFound(w, r)
	}))
}

func startsConfig(address string) string {
	var text strings.Builder
	text.WriteString("registries:\n")
	for i := range manyRegistries {
		fmt.Fprintf(&text, "- {name: r%d, url: \"http://%s\", pull: {images: [\"library/base:1\"], every: %s}}\n", i, address, startsEvery)
	}
	return text.String()
}

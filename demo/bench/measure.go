package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	scrapes = 300
	warmUp  = 20
)

// A cost is what an exporter used for its scrapes.
type cost struct {
	name      string
	cpu       time.Duration // of one scrape
	rss, peak float64
	series    int
	wall      []time.Duration // of each scrape, sorted
	beyond    []time.Duration // of each scrape, its time without that of its slowest source, sorted
}

func (c *cost) perSeries() time.Duration { return c.cpu / time.Duration(max(c.series, 1)) }

// measure scrapes url n times, and reads how much CPU time and memory process pid used for that.
func measure(ctx context.Context, name string, pid int, url string, n int) (*cost, error) {
	for range min(warmUp, n) {
		if _, err := scrape(ctx, url); err != nil {
			return nil, err
		}
	}
	before, err := usageOf(pid)
	if err != nil {
		return nil, err
	}
	c := &cost{name: name}
	for range n {
		page, err := scrape(ctx, url)
		if err != nil {
			return nil, err
		}
		c.series = page.series
		c.wall = append(c.wall, page.wall)
		c.beyond = append(c.beyond, page.wall-page.slowest)
	}
	after, err := usageOf(pid)
	if err != nil {
		return nil, err
	}
	c.cpu = (after.cpu - before.cpu) / time.Duration(n)
	c.rss, c.peak = after.rss, after.peak
	slices.Sort(c.wall)
	slices.Sort(c.beyond)
	return c, nil
}

// quantile returns the quantile q of sorted durations.
func quantile(q float64, sorted []time.Duration) time.Duration {
	return sorted[int(q*float64(len(sorted)-1))]
}

// A scraped is a page that the bench has scraped.
type scraped struct {
	wall    time.Duration // until its last byte came, without what the bench does with it afterwards
	series  int
	slowest time.Duration // the longest registry_collector_duration_seconds
}

// client does not decompress pages.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true}}

// scrape scrapes url without a timeout of Prometheus.
func scrape(ctx context.Context, url string) (*scraped, error) { return scrapeWithin(ctx, url, "") }

// scrapeWithin scrapes url as a Prometheus does that waits for so many seconds.
func scrapeWithin(ctx context.Context, url, timeout string) (*scraped, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("scraping: %w", err)
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("Accept-Encoding", "gzip") // as Prometheus does
	if timeout != "" {
		req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
	}
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("scraping: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("scraping %s: %w", url, err)
	}
	page := &scraped{wall: time.Since(start)}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scraping %s: status %d", url, resp.StatusCode)
	}
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if body, err = unzip(body); err != nil {
			return nil, fmt.Errorf("unpacking the page of %s: %w", url, err)
		}
	}
	return page, page.read(string(body))
}

func unzip(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// read counts the series and finds the slowest source. A source that fails is an error: it makes the numbers worthless.
func (p *scraped) read(body string) error {
	for line := range strings.Lines(body) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "#") {
			continue
		}
		p.series++
		if strings.HasPrefix(line, "registry_collector_failure") {
			return errors.New("a source fails: " + line)
		}
		if strings.HasPrefix(line, "registry_collector_duration_seconds") {
			seconds, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			if err != nil {
				return fmt.Errorf("reading %s: %w", line, err)
			}
			p.slowest = max(p.slowest, time.Duration(seconds*float64(time.Second)))
		}
	}
	return nil
}

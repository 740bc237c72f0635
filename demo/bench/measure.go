package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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

// A cost is what an exporter needed for its scrapes.
type cost struct {
	name      string
	cpu       time.Duration // a scrape
	rss, peak float64
	series    int
	wall      []time.Duration // of each scrape, sorted
	beyond    []time.Duration // of each scrape what its slowest source does not explain, sorted
}

func (c *cost) perSeries() time.Duration { return c.cpu / time.Duration(max(c.series, 1)) }

// measure scrapes url n times and reads what process pid needs for that.
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

// quantile is one of sorted durations.
func quantile(q float64, sorted []time.Duration) time.Duration {
	return sorted[int(q*float64(len(sorted)-1))]
}

// A scraped page, as far as the bench looks at it.
type scraped struct {
	wall    time.Duration
	series  int
	slowest time.Duration // the longest registry_collector_duration_seconds
}

func scrape(ctx context.Context, url string) (*scraped, error) {
	start := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("scraping: %w", err)
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := http.DefaultClient.Do(req) // asks for gzip, as Prometheus does
	if err != nil {
		return nil, fmt.Errorf("scraping: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scraping %s: status %d", url, resp.StatusCode)
	}
	var lines []string
	body := bufio.NewScanner(resp.Body)
	for body.Scan() {
		if !strings.HasPrefix(body.Text(), "#") {
			lines = append(lines, body.Text())
		}
	}
	if err := body.Err(); err != nil {
		return nil, fmt.Errorf("scraping %s: %w", url, err)
	}
	page := &scraped{wall: time.Since(start), series: len(lines)}
	return page, page.read(lines)
}

// read finds the slowest source. A source that fails makes the numbers worthless.
func (p *scraped) read(lines []string) error {
	for _, line := range lines {
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

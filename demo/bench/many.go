package main

import (
	"fmt"
	"strings"
	"time"

	"registry_exporter/demo/child"
)

const (
	manyRegistries = 200
	manyScrapes    = 20
	maxMany        = time.Second
)

// many measures one scrape of many registries.
func (b *bench) many() error {
	fmt.Printf("\n%d registries in one scrape, each /v2/, /debug/health and nginx_status that take %s; %d scrapes\n", manyRegistries, slowAnswer, manyScrapes)
	return b.withExporter(b.manyConfig(), func(c *child.Child, address string) error {
		got, err := measure(b.ctx, "registry_exporter", c.PID(), "http://"+address+"/metrics", manyScrapes)
		if err != nil {
			return err
		}
		printCosts(got)
		worst := quantile(1, got.wall)
		goal(worst < maxMany, "the slowest scrape takes %.0f ms, less than %.0f", ms(worst), ms(maxMany))
		return nil
	})
}

func (b *bench) manyConfig() string {
	var text strings.Builder
	text.WriteString("registries:\n")
	for i := range manyRegistries {
		fmt.Fprintf(&text, "- {name: r%d, url: \"http://%[2]s\", debug: {urls: [\"http://%[2]s\"]}, nginx: {urls: [\"http://%[2]s/nginx_status\"]}}\n", i, b.standIns.address["slow"])
	}
	return text.String()
}

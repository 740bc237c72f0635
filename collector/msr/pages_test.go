package msr_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"registry_exporter/collector/collectortest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

func TestPages(t *testing.T) {
	for _, name := range []string{"msr", "ping"} {
		t.Run(name, func(t *testing.T) {
			collectortest.Pages(t, collectortest.Collector{
				Name:    name,
				Config:  "  msr:\n",
				Answers: map[string]string{"/api/v0/meta/cluster_status": "cluster_status", "/_ping": "ping"},
			})
		})
	}
}

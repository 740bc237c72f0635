package config

import (
	"testing"
	"time"

	"registry_exporter/accesslog"
)

func TestAccessLogOptions(t *testing.T) {
	for given, want := range map[string]accesslog.Options{
		"{paths: [a]}": {Format: "combined", Depth: accesslog.AllButLast, MaxProjects: 100, SlowAfter: 5 * time.Second},
		"{paths: [a], projects: {depth: 0, max: 7}, slow: {after: 1s, below: 1KiB}}": {
			Format: "combined", Depth: accesslog.WholeName, MaxProjects: 7, SlowAfter: time.Second, SlowBelow: 1024,
		},
		"{paths: [a], projects: {depth: 2}, format: $request $status $hostname, node: $hostname}": {
			Format: "$request $status $hostname", Depth: 2, MaxProjects: 100, SlowAfter: 5 * time.Second, Node: "$hostname",
		},
	} {
		if got := mustParse(t, hub+"  access_log: "+given+"\n").Registries[0].AccessLog.Options(); got != want {
			t.Errorf("%s: %+v, want %+v", given, got, want)
		}
	}
}

package e2e

import (
	"slices"
	"time"
)

// instances are the registries that work while nothing is broken.
var instances = []string{"hub@eqiad", "hub@codfw", "tcp-check", "keystone", "basic", "basic-anonymous", "token", "content", "pair", "cached", "msr"}

// A Fault is one way to break the stack, and all that the pages must say then. Anything more on a page is an error, too.
type Fault struct {
	Name  string
	Start func(*Stack) error
	End   func(*Stack) error
	// Asks is the registry to scrape; empty: all instances.
	Asks string
	// Bad are the verdicts that become 0, as "METRIC PROGRAM", without registry_ in front.
	Bad []string
	// Fails are the sources that fail, as "COLLECTOR PROGRAM: REASON".
	Fails []string
	// Flaps are lines of Bad and Fails that come and go.
	Flaps []string
	// Values are other samples that show the fault, as METRIC{LABEL="…"} and its value.
	Values map[string]float64
	// AtLeast are samples that must have at least this value.
	AtLeast map[string]float64
	// Alerts reach people, each as "RECEIVER ALERT REGISTRY@SITE". Prometheus raises Silenced besides, and an inhibition of
	// Alertmanager keeps them from people. Maybe are silenced, too, if they are raised at all before the fault is over.
	Alerts, Silenced, Maybe []string
	// Notice is how long the broken system may take to show the fault, besides the intervals of probes.
	Notice time.Duration
	// Recover is how long the system may take to work again.
	Recover time.Duration
	// CI says that every test run makes this fault; CIAlerts, that it then waits for the alerts, too.
	CI, CIAlerts bool
}

// Faults are all faults, in the order in which the tests make them.
var Faults = slices.Concat(sourceFaults, certificateFaults, msrFaults, []Fault{everythingStopped}, probeFaults, clientFaults)

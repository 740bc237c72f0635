package e2e

import (
	"slices"
	"time"
)

// instances are the registries that are well while nothing is broken.
var instances = []string{"hub@eqiad", "hub@codfw", "tcp-check", "keystone", "basic", "basic-anonymous", "token", "content", "pair", "cached", "msr"}

// A Fault is one way to break the stack and what the pages must say then: nothing more and nothing less.
type Fault struct {
	Name  string
	Start func(*Stack) error
	End   func(*Stack) error
	// Asks is the registry to ask; empty: all that are well otherwise.
	Asks string
	// Bad are the verdicts that become 0, as "METRIC PROGRAM", without registry_ in front.
	Bad []string
	// Fails are the sources that fail, as "COLLECTOR PROGRAM: REASON".
	Fails []string
	// Flaps are lines of both that come and go.
	Flaps []string
	// Values are other samples that tell of the fault, as METRIC{LABEL="…"} and its value.
	Values map[string]float64
	// AtLeast are samples that must have grown to a value.
	AtLeast map[string]float64
	// Alerts are what reaches people, as "RECEIVER ALERT REGISTRY@SITE"; Silenced is what Prometheus raises besides
	// and an inhibition keeps from them. Maybe is silenced, too, if it is raised at all before the fault is over.
	Alerts, Silenced, Maybe []string
	// Notice is how long the system itself may take until it shows, besides the clocks of probes.
	Notice time.Duration
	// Recover is how long the system itself may take to be well again.
	Recover time.Duration
	// CI says that this one is run by every test run; CIAlerts, that its alerts are then waited for, too.
	CI, CIAlerts bool
}

// Faults are all of them.
var Faults = slices.Concat(sourceFaults, certificateFaults, msrFaults, []Fault{everythingStopped}, probeFaults, clientFaults)

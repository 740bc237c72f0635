package collector

import "time"

// What is worth telling people, as in alerts/thresholds.yml: a test holds the two together.
const (
	certificateEndsSoon          = 21 * 24 * time.Hour
	certificateEndsSoonLifeRatio = 1. / 3
	certificateEnding            = 7 * 24 * time.Hour
	certificateEndingLifeRatio   = 1. / 10
	caEndsSoon                   = 30 * 24 * time.Hour
	cacheFullRatio               = 0.95
	msrVerdictAge                = 5 * time.Minute
	replicationTooLong           = 4 * time.Hour
	maxMissed                    = 3 // runs of a probe
)

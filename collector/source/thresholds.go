package source

import "time"

// What is worth telling people, as in alerts/thresholds.yml: a test holds the two together.
const (
	CertificateEndsSoon          = 21 * 24 * time.Hour
	CertificateEndsSoonLifeRatio = 1. / 3
	CertificateEnding            = 7 * 24 * time.Hour
	CertificateEndingLifeRatio   = 1. / 10
	CAEndsSoon                   = 30 * 24 * time.Hour
	CacheFullRatio               = 0.95
	MsrVerdictAge                = 5 * time.Minute
	ReplicationTooLong           = 4 * time.Hour
	MaxMissed                    = 3 // runs of a probe
)

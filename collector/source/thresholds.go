package source

import "time"

// The thresholds of findings. They are those of the alerts: a test compares them with alerts/thresholds.yml.
const (
	CertificateEndsSoon          = 21 * 24 * time.Hour
	CertificateEndsSoonLifeRatio = 1. / 3 // of the time from its start to its end
	CertificateEnding            = 7 * 24 * time.Hour
	CertificateEndingLifeRatio   = 1. / 10 // likewise
	CAEndsSoon                   = 30 * 24 * time.Hour
	CacheFullRatio               = 0.95 // of maxmemory of Redis
	MsrVerdictAge                = 5 * time.Minute
	MsrJobWaiting                = 30 * time.Minute
	MsrCronOverdue               = time.Hour
	MsrGCFailed                  = 3              // garbage collections in a row
	MsrGCLate                    = 24 * time.Hour // beyond the time between two by the schedule
	MsrScannerAge                = 7 * 24 * time.Hour
	MsrMirrorLate                = 24 * time.Hour
	ReplicationTooLong           = 4 * time.Hour // that an image is missing at another site
	WebhookPending               = 100           // events that wait for one webhook
	WebhookManyPending           = 1000          // likewise
	MaxMissed                    = 3             // runs of a probe
	HarborQueueLatency           = time.Hour     // of the oldest job of a queue
	HarborHeartbeatAge           = 5 * time.Minute
	HarborScheduleLate           = 30 * time.Minute // beyond two periods
	HarborGCRunning              = 24 * time.Hour
	HarborQuotaRatio             = 0.9
)

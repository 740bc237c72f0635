package alerts

import "time"

// A Fault is something that breaks, with the alerts about it (Told) and the alerts that follow from it (Follows). While
// an alert of Told fires, Alertmanager silences those of Follows: the inhibit_rules of the sample are written from
// Faults.
type Fault struct {
	Name    string   // what breaks
	Told    []string // alerts about the fault
	Seen    Signal   // signal of Told; of several, the slowest
	Follows []string // alerts that are silenced meanwhile
	// LeftOut are alerts that follow, too, and that no inhibition has to silence: the rule of each has an `unless` or `and` with this metric.
	LeftOut map[string]string
	Equal   []string // labels that must be the same in both alerts
	When    When     // when people may be told of Follows, though Told fires before or after
}

// A Signal is the kind of reading on which the rule of an alert stands.
type Signal string

// The signals, each with its lag below.
const (
	Scrape     Signal = "scrape"      // the scrape itself asks
	PullProbe  Signal = "pull probe"  // pull.every
	PushProbe  Signal = "push probe"  // push.every
	SwiftProbe Signal = "swift probe" // swift.probe.every
	AccessLog  Signal = "access log"  // rates over two minutes
)

// Lag returns how much later than a scrape a signal may show a fault. It is the interval of the probe, where the
// configuration sets none, and the length of a run, which gives up after a minute.
func (s Signal) Lag() time.Duration {
	switch s {
	case Scrape:
		return 0
	case PullProbe, SwiftProbe:
		return time.Minute + time.Minute
	case AccessLog:
		return 2 * time.Minute
	default: // PushProbe
		return 5*time.Minute + time.Minute
	}
}

// When says when people may be told of an alert that another alert silences.
type When string

// The times.
const (
	Never  When = ""                 // never: the silenced alert would name a fault that is not there
	After  When = "after"            // after the other alert is over: the silenced alert can wait
	Milder When = "before and after" // before and after: the silenced alert is about a milder form of the same fault
)

// Faults is the table of all faults. The inhibit_rules of the sample for Alertmanager are written from it, and tests
// compare it with the rules.
var Faults = []Fault{
	{
		Name: "Swift's proxy is down or hangs, the container is gone, or the key is refused",
		Told: []string{"RegistryStorageDown"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{
			"RegistryDown", "RegistryPassiveSiteDown", "RegistryHealthCheckFailing", "RegistryInstanceHealthCheckFailing", "RegistryBackendDown",
			"RegistryPullFails", "RegistryPushFails", "RegistryUpstreamFails", "RegistryPassiveSiteProbeFails",
			"RegistryServerErrors", "RegistryManyServerErrors", "RegistryEmptyPulls", "RegistryStorageErrors", "RegistrySlowLayers",
		},
		LeftOut: map[string]string{"RegistryStorageReadOnly": "registry:storage:up", "RegistryContentBad": "registry:storage:up"},
	},
	{
		Name: "Swift's proxy answers, and the servers behind it are down",
		Told: []string{"RegistryStorageDown"}, Seen: SwiftProbe, Equal: []string{"registry", "site"},
		Follows: []string{
			"RegistryHealthCheckFailing", "RegistryInstanceHealthCheckFailing", "RegistryBackendDown", "RegistryPullFails", "RegistryPushFails",
			"RegistryUpstreamFails", "RegistryPassiveSiteProbeFails",
			"RegistryServerErrors", "RegistryManyServerErrors", "RegistryEmptyPulls", "RegistryStorageErrors", "RegistrySlowLayers",
		},
		LeftOut: map[string]string{"RegistryStorageReadOnly": "registry:storage:up", "RegistryContentBad": "registry:storage:up"},
	},
	{
		Name: "Swift can be read and takes no writes",
		Told: []string{"RegistryStorageReadOnly"}, Seen: SwiftProbe, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryPushFails"},
		LeftOut: map[string]string{
			"RegistryServerErrors": "registry:storage:writable", "RegistryManyServerErrors": "registry:storage:writable",
			"RegistryStorageErrors": "registry:storage:writable",
		},
	},
	{
		Name: "the front is down, hangs or answers with an error",
		Told: []string{"RegistryDown", "RegistryPassiveSiteDown"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{
			"RegistryHealthCheckFailing", "RegistryBackendDown", "MSRPingUnhealthy", "RegistryPullFails", "RegistryPushFails",
			"RegistryUpstreamFails", "RegistryPassiveSiteProbeFails",
			"RegistryServerErrors", "RegistryManyServerErrors", "RegistryEmptyPulls", "RegistryStorageErrors", "RegistrySlowLayers",
		},
		LeftOut: map[string]string{"RegistryInstanceHealthCheckFailing": "registry:front:up"},
	},
	{
		Name: "another service, or a login page, answers at the front",
		Told: []string{"RegistryDown", "RegistryPassiveSiteDown"}, Seen: PullProbe, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryPullFails", "RegistryPushFails", "RegistryUpstreamFails", "RegistryPassiveSiteProbeFails"},
	},
	{
		Name: "a check on the cache makes the registry refuse all requests",
		Told: []string{"RegistryCacheStopsRegistry"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryCacheDown", "RegistryDown"},
	},
	{
		// Pulls and pushes are not silenced by itself: an exporter that does not check certificates goes on with them, and the certificate may
		// stay bad for months.
		Name: "the certificate of the front is refused",
		Told: []string{"RegistryCertificateEnded", "RegistryCertificateNotTrusted"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryDown", "RegistryNameNotCovered"},
	},
	{
		Name: "the certificate of a passive site's front is refused",
		Told: []string{"RegistryPassiveSiteCertificateBad"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryPassiveSiteDown"},
	},
	{
		Name: "a certificate that nobody renewed has ended",
		Told: []string{"RegistryCertificateEnded"}, Seen: Scrape, Equal: []string{"registry", "site", "role"}, When: Milder,
		Follows: []string{"RegistryCertificateEnding", "RegistryCertificateEndsSoon"},
	},
	{
		Name: "nobody can log in: the token server, or the registry after a login",
		Told: []string{"RegistryLoginFails"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryPullFails", "RegistryPushFails", "RegistryServerErrors", "RegistryManyServerErrors"},
	},
	{
		Name: "images cannot be pulled",
		Told: []string{"RegistryPullFails"}, Seen: PullProbe, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryBackendDown", "RegistryUpstreamFails"},
		LeftOut: map[string]string{
			"RegistryPushFails": "registry:pull:up", "RegistryServerErrors": "registry:pull:none", "RegistryManyServerErrors": "registry:pull:none",
			"RegistryEmptyPulls": "registry:pull:none", "RegistryClientsRateLimited": "registry:pull:none", "RegistryStorageErrors": "registry:pull:none",
		},
	},
	{
		Name: "a layer is missing or damaged in the store",
		Told: []string{"RegistryContentBad"}, Seen: PullProbe, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryBackendDown"},
		LeftOut: map[string]string{
			"RegistryPullFails": "registry_pull_content_bad", "RegistryEmptyPulls": "registry_pull_content_bad",
			"RegistryStorageErrors": "registry_pull_content_bad",
		},
	},
	{
		Name: "nobody can push",
		Told: []string{"RegistryPushFails"}, Seen: PushProbe, Equal: []string{"registry", "site"},
		LeftOut: map[string]string{
			"RegistryServerErrors": "registry:push:up", "RegistryManyServerErrors": "registry:push:up", "RegistryUploadsTooLarge": "registry_push_failure",
			"RegistryStorageErrors": "registry:push:up",
		},
	},
	{
		Name: "MSR's database has lost its majority",
		Told: []string{"MSRMajorityLost"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{
			"MSRNoSpareReplica", "MSRReplicaCount", "MSRReplicaUnhealthy", "MSRPingUnhealthy", "MSRTablesNotReady", "MSRViewsDiffer", "MSRSplitBrain",
			"MSRCriticalIssues", "MSRIssues", "MSRReadOnly", "MSRGarbageCollectionStuck", "MSRClusterStatusFails",
			"RegistryReadOnlyLong", "RegistryTrustLogFails",
			"RegistryDown", "RegistryPassiveSiteDown", "RegistryLoginFails", "RegistryBackendDown", "RegistryPullFails", "RegistryPushFails",
			"RegistryPassiveSiteProbeFails", "RegistryServerErrors", "RegistryManyServerErrors",
		},
	},
	{
		Name: "replicas of MSR do not see each other",
		Told: []string{"MSRViewsDiffer"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"MSRNoSpareReplica", "MSRTablesNotReady", "MSRReplicaUnhealthy", "MSRPingUnhealthy", "MSRIssues", "RegistryBackendDown"},
	},
	{
		Name: "one of three servers of MSR is lost, or is back and empty",
		Told: []string{"MSRNoSpareReplica"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"MSRTablesNotReady", "MSRReplicaUnhealthy", "MSRPingUnhealthy", "MSRIssues", "RegistryBackendDown"},
	},
	{
		Name: "one of five servers of MSR is lost, or is back and empty",
		Told: []string{"MSRTablesNotReady"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"MSRReplicaUnhealthy", "MSRPingUnhealthy", "MSRIssues", "RegistryBackendDown"},
	},
	{
		Name: "a replica of MSR is ill or hangs",
		Told: []string{"MSRPingUnhealthy"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryBackendDown"},
	},
	{
		// The workers are asked for every five minutes: one that is back may be told a little later.
		Name: "a replica of MSR is lost, ill or hangs: so is its worker",
		Told: []string{"MSRMajorityLost", "MSRNoSpareReplica", "MSRTablesNotReady", "MSRPingUnhealthy"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: After,
		Follows: []string{"MSRWorkerDead", "MSRJobsWaiting"},
	},
	{
		Name: "Harbor has no database",
		Told: []string{"HarborDatabaseDown"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{
			"RegistryLoginFails", "RegistryPullFails", "RegistryPushFails", "RegistryBackendDown", "RegistryUpstreamFails",
			"RegistryServerErrors", "RegistryManyServerErrors", "RegistryEmptyPulls", "HarborComponentUnhealthy",
			"HarborQueueStuck", "HarborReplicationStopped", "HarborReplicationFailing", "HarborTargetUnhealthy",
		},
	},
	{
		Name: "Harbor's Redis is down",
		Told: []string{"HarborRedisDown"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{
			"RegistryPullFails", "RegistryPushFails", "RegistryServerErrors", "RegistryManyServerErrors", "RegistrySlowLayers",
			"HarborComponentUnhealthy", "HarborQueueStuck", "HarborReplicationStopped", "HarborReplicationFailing", "HarborTargetUnhealthy",
		},
	},
	{
		Name: "the registry inside Harbor is down",
		Told: []string{"HarborRegistryDown"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{
			"RegistryLoginFails", "RegistryPullFails", "RegistryPushFails", "RegistryBackendDown", "RegistryServerErrors", "RegistryManyServerErrors", "RegistryEmptyPulls",
			"HarborReplicationFailing",
		},
	},
	{
		Name: "Harbor's Redis is full",
		Told: []string{"HarborRedisFull"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryPushFails"},
	},
	{
		Name: "the front of a Harbor is down: its /health cannot be asked either",
		Told: []string{"RegistryDown", "RegistryPassiveSiteDown"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"HarborComponentUnhealthy"},
	},
	{
		Name: "the jobs of a Harbor do not run, nor do those of replication",
		Told: []string{"HarborQueueStuck"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"HarborReplicationStopped", "HarborReplicationFailing", "HarborGarbageCollectionFails", "HarborTargetUnhealthy"},
	},
	{
		Name: "replication of a Harbor has stopped",
		Told: []string{"HarborReplicationStopped"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"HarborReplicationFailing", "HarborTargetUnhealthy", "HarborQueuesLost", "HarborQueuePaused"},
	},
	{
		Name: "a registry stays read-only for four hours",
		Told: []string{"RegistryReadOnlyLong"}, Seen: PushProbe, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"RegistryReadOnly", "MSRReadOnly", "RegistryExporterCannotLook"},
	},
	{
		Name: "two halves of MSR take writes",
		Told: []string{"MSRSplitBrain"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"MSRViewsDiffer"},
	},
	{
		Name: "MSR's database has critical issues, and nothing says that it takes writes",
		Told: []string{"MSRCriticalIssues"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"MSRIssues"},
	},
	{
		Name: "a garbage collection of MSR does not end",
		Told: []string{"MSRGarbageCollectionStuck"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"MSRReadOnly"},
	},
	{
		// RegistrySitesDiffer compares sites and has no label site. The site of RegistryReplicationFails is the one that
		// pushes, and not the one that is down. So they have only the label registry in common.
		Name: "a site or its store is down: others cannot be compared with it",
		Told: []string{"RegistryDown", "RegistryPassiveSiteDown", "RegistryStorageDown"}, Seen: SwiftProbe, Equal: []string{"registry"},
		Follows: []string{"RegistryReplicationFails", "RegistryReplicationStopped", "RegistrySitesDiffer", "RegistrySitesDifferMuch"},
	},
	{
		Name: "nobody can log in, pull or push at a site: its canary cannot either",
		Told: []string{"RegistryLoginFails", "RegistryPullFails", "RegistryPushFails", "RegistryStorageReadOnly"}, Seen: PushProbe, Equal: []string{"registry"},
		Follows: []string{"RegistryReplicationFails"},
	},
	{
		Name: "a registry, or the login to it, is down: its log of content trust may be behind the same front",
		Told: []string{"RegistryDown", "RegistryPassiveSiteDown", "RegistryLoginFails"}, Seen: Scrape, Equal: []string{"registry", "site"},
		Follows: []string{"RegistryTrustLogFails"},
	},
	{
		Name: "many requests end in an error of the server",
		Told: []string{"RegistryManyServerErrors"}, Seen: AccessLog, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"RegistryServerErrors", "RegistryStorageErrors"},
	},
	{
		Name: "layers come without a byte, which the registry's own log says, too",
		Told: []string{"RegistryEmptyPulls"}, Seen: AccessLog, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"RegistryStorageErrors"},
	},
	{
		Name: "the store fails some requests: the registry's own log names them",
		Told: []string{"RegistryStorageErrors"}, Seen: AccessLog, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"RegistryServerErrors"},
	},
	{
		Name: "a certificate ends within a week",
		Told: []string{"RegistryCertificateEnding"}, Seen: Scrape, Equal: []string{"registry", "site", "role"}, When: Milder,
		Follows: []string{"RegistryCertificateEndsSoon"},
	},
	{
		Name: "a quarter of the objects is gone",
		Told: []string{"RegistryObjectsVanished"}, Seen: Scrape, Equal: []string{"registry", "site", "swift_container"}, When: Milder,
		Follows: []string{"RegistryObjectsVanishing"},
	},
	{
		Name: "two sites differ much",
		Told: []string{"RegistrySitesDifferMuch"}, Seen: Scrape, Equal: []string{"registry", "swift_container"}, When: Milder,
		Follows: []string{"RegistrySitesDiffer"},
	},
	{
		Name: "somebody is called about a registry: what cannot be seen there can wait",
		Told: []string{
			"RegistryStorageDown", "RegistryDown", "RegistryHealthCheckFailing", "RegistryCacheStopsRegistry", "RegistryLoginFails", "RegistryPullFails",
			"RegistryContentBad", "RegistryPushFails", "RegistryStorageReadOnly", "RegistryObjectsVanished", "RegistryCertificateEnded",
			"RegistryCertificateNotTrusted", "RegistryNameNotCovered", "RegistryManyServerErrors", "RegistryEmptyPulls",
			"RegistryClientsRateLimited", "MSRMajorityLost", "MSRSplitBrain", "MSRCriticalIssues", "HarborDatabaseDown", "HarborRedisDown", "HarborRegistryDown", "HarborRedisFull",
			"HarborQueueStuck", "HarborReplicationStopped",
		},
		Seen: PushProbe, Equal: []string{"registry", "site"}, When: After,
		Follows: []string{"RegistryExporterCannotLook"},
	},
	{
		// This alert waits for an hour, and the next one for two: people may have been told before of what is silenced.
		Name: "somebody is called about a certificate: what cannot be seen there can wait",
		Told: []string{"RegistryCertificateEnding"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"RegistryExporterCannotLook"},
	},
	{
		Name: "somebody is called about sites that differ: what cannot be seen of them can wait",
		Told: []string{"RegistrySitesDifferMuch"}, Seen: Scrape, Equal: []string{"registry"}, When: Milder,
		Follows: []string{"RegistryExporterCannotLook"},
	},
	{
		Name: "a thousand events wait for a webhook",
		Told: []string{"RegistryWebhookFarBehind"}, Seen: Scrape, Equal: []string{"registry", "site"}, When: Milder,
		Follows: []string{"RegistryWebhookBehind"},
	},
}

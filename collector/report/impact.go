package report

// The severities of alerts.
const (
	severityCritical = "critical"
	severityWarning  = "warning"
)

// An impact is what the fault of an alert means for people who pull and push.
type impact struct {
	alert, severity, means string
}

// impacts stand in the order in which people look at the faults. A fault stands before the faults that follow from it. Where
// one alert inhibits another (alertmanager/alertmanager.yml), the one that inhibits comes first.
var impacts = []impact{
	{alert: "RegistryStorageDown", severity: severityCritical, means: "Layers can be neither pulled nor pushed, even while /v2/ still answers."},
	{alert: "RegistryCacheStopsRegistry", severity: severityCritical, means: "A cache that is down makes the registry refuse every request: nobody can pull or push."},
	{alert: "RegistryCertificateEnded", severity: severityCritical, means: "Every client refuses the certificate: nobody can pull or push."},
	{alert: "RegistryCertificateNotTrusted", severity: severityCritical, means: "Clients that verify the certificate refuse it: they can neither pull nor push."},
	{alert: "RegistryPassiveSiteCertificateBad", severity: severityWarning, means: "Pulls and pushes go elsewhere, but clients would refuse the certificate if this site took over."},
	{alert: "HarborDatabaseDown", severity: severityCritical, means: "Nobody can log in, pull or push, and every password is said to be wrong."},
	{alert: "HarborRegistryDown", severity: severityCritical, means: "Nobody can pull or push."},
	{alert: "HarborRedisDown", severity: severityCritical, means: "Pushes fail, pulls are slow, and no job runs."},
	{alert: "HarborRedisFull", severity: severityCritical, means: "Pushes fail once it is full, pulls work, and jobs are lost."},
	{alert: "MSRMajorityLost", severity: severityCritical, means: "MSR's database takes no writes: pushes fail, and pulls may."},
	{alert: "RegistryDown", severity: severityCritical, means: "Nobody can pull or push."},
	{alert: "RegistryPassiveSiteDown", severity: severityWarning, means: "Pulls and pushes go elsewhere, but there is nothing to fail over to."},
	{alert: "RegistryHealthCheckFailing", severity: severityCritical, means: "The instance refuses every request: nobody can pull or push through it."},
	{alert: "RegistryLoginFails", severity: severityCritical, means: "Who has to log in can neither pull nor push."},
	{alert: "RegistryPullFails", severity: severityCritical, means: "People who pull the same get the same error."},
	{alert: "RegistryContentBad", severity: severityCritical, means: "Whoever pulls the same layer gets it as it is, and clients refuse it."},
	{alert: "RegistryStorageReadOnly", severity: severityCritical, means: "Pushes fail, pulls work."},
	{alert: "RegistryPushFails", severity: severityCritical, means: "People cannot push."},
	{alert: "HarborQueueStuck", severity: severityCritical, means: "Pulls and pushes work; nothing is replicated, collected or scanned."},
	{alert: "HarborReplicationStopped", severity: severityCritical, means: "Pulls and pushes work here; what was pushed since is missing at the other registry."},
	{alert: "MSRCriticalIssues", severity: severityCritical, means: "Pulls and pushes that need the tables in question fail."},
	{alert: "RegistryNameNotCovered", severity: severityCritical, means: "Who pulls or pushes by that name or address is refused; others are not."},
	{alert: "RegistryCertificateEnding", severity: severityCritical, means: "Pulls and pushes work until the certificate ends, and none after that."},
	{alert: "MSRClusterStatusFails", severity: severityWarning, means: "Pulls and pushes may work, but faults of the database stay unseen."},
	{alert: "MSRNoSpareReplica", severity: severityWarning, means: "Pulls and pushes work; one more loss stops pushes."},
	{alert: "MSRTablesNotReady", severity: severityWarning, means: "Pulls and pushes work; a replica is behind."},
	{alert: "MSRReplicaUnhealthy", severity: severityWarning, means: "Pulls and pushes work while a majority of the replicas is well."},
	{alert: "MSRPingUnhealthy", severity: severityWarning, means: "Pulls and pushes go on at the other replicas."},
	{alert: "MSRIssues", severity: severityWarning, means: "Pulls and pushes work while a majority of the replicas is well."},
	{alert: "RegistryBackendDown", severity: severityWarning, means: "Pulls and pushes through this instance fail."},
	{alert: "RegistryBackendCertificateBad", severity: severityWarning, means: "A front that verifies it does not use this instance: pulls and pushes go on at the others."},
	{alert: "RegistryInstanceHealthCheckFailing", severity: severityWarning, means: "The instance refuses every request; pulls and pushes go on at the others."},
	{alert: "MSRReadOnly", severity: severityWarning, means: "Pushes are refused, pulls work."},
	{alert: "RegistryReadOnly", severity: severityWarning, means: "Pushes are refused, pulls work."},
	{alert: "HarborQueuesLost", severity: severityWarning, means: "Pulls and pushes work; nothing is started by its schedule any more."},
	{alert: "HarborQueuePaused", severity: severityWarning, means: "Pulls and pushes work; what is started in that queue waits."},
	{alert: "HarborComponentUnhealthy", severity: severityWarning, means: "Pulls and pushes work; what needs that part does not."},
	{alert: "HarborTargetUnhealthy", severity: severityWarning, means: "Pulls and pushes work here; copies to that registry fail."},
	{alert: "HarborReplicationFailing", severity: severityWarning, means: "Pulls and pushes work here; images are missing or old at the other registry."},
	{alert: "HarborGarbageCollectionFails", severity: severityWarning, means: "Pulls and pushes work until the store is full."},
	{alert: "HarborQuotaNearlyFull", severity: severityWarning, means: "Pushes to these projects will be refused, pulls work."},
	{alert: "RegistryPlatformsMissing", severity: severityWarning, means: "Nodes of those platforms cannot pull the image; all others can."},
	{alert: "RegistryUpstreamFails", severity: severityWarning, means: "Pulls of what the cache holds work; all others fail."},
	{alert: "RegistryPassiveSiteTakesWrites", severity: severityWarning, means: "What people push here is missing at the other site."},
	{alert: "RegistryPassiveSiteProbeFails", severity: severityWarning, means: "Pulls and pushes go elsewhere, but this site could not take over."},
	{alert: "RegistryTrustDataDeleted", severity: severityWarning, means: "Who pulls with content trust can no longer pull what was signed there; all others can."},
	{alert: "RegistryReplicationStopped", severity: severityWarning, means: "What was pushed here since cannot be pulled at the other site."},
	{alert: "RegistryReplicationFails", severity: severityWarning, means: "What is pushed at one site may be missing at the other."},
	{alert: "MSRJobsWaiting", severity: severityWarning, means: "Pulls and pushes work; garbage collection, mirroring and scans wait."},
	{alert: "MSRWorkerDead", severity: severityWarning, means: "Pulls and pushes work; jobs of MSR take longer, or wait."},
	{alert: "MSRMirrorFails", severity: severityWarning, means: "Pulls and pushes work; what is new is missing where it is mirrored to."},
	{alert: "MSRGarbageCollectionFails", severity: severityWarning, means: "Pulls and pushes work until the store is full."},
	{alert: "MSRScannerOld", severity: severityWarning, means: "Pulls and pushes work; scans miss what became known since."},
	{alert: "RegistryCertificateEndsSoon", severity: severityWarning, means: "Nothing yet: time to renew it."},
	{alert: "RegistryCertificateNotReloaded", severity: severityWarning, means: "Pulls and pushes work until the certificate that is served ends."},
	{alert: "RegistryCAEndsSoon", severity: severityWarning, means: "Nothing yet: every client needs the next CA before this one ends."},
	{alert: "RegistryCacheDown", severity: severityWarning, means: "Pulls and pushes work, slower."},
	{alert: "RegistryCacheFull", severity: severityWarning, means: "Pulls and pushes work; the cache learns nothing new."},
	{alert: "RegistryTrustLogFails", severity: severityWarning, means: "Pulls and pushes may work, but nobody sees when trust data is deleted."},
	{alert: "RegistryWebhookFarBehind", severity: severityWarning, means: "Pulls and pushes work; a restart of the registry loses the events."},
	{alert: "RegistryWebhookBehind", severity: severityWarning, means: "Pulls and pushes work; who gets the events learns of pushes late."},
	{alert: "RegistryProbeStale", severity: severityWarning, means: "What the page says of it may no longer be true."},
	{alert: "RegistryExporterOverloaded", severity: severityWarning, means: "It affects no pull or push, but nobody knows how the registry is."},
	{alert: "RegistryExporterCannotLook", severity: severityWarning, means: "Mostly it affects no pull or push, but faults of that part stay unseen."},
}

// passiveMeans replaces the meaning of critical alerts at a passive site.
const passiveMeans = "The site is passive: pulls and pushes go on elsewhere, but it cannot take over."

// impactOf is the impact of an alert and its index in impacts. A fault without an alert is a warning, and comes last.
func impactOf(alert string) (impact, int) {
	for i, one := range impacts {
		if one.alert == alert {
			return one, i
		}
	}
	return impact{severity: severityWarning}, len(impacts)
}

package main

import "slices"

// A want is what people should be told of a fault. The zero value: nothing.
type want struct {
	registry string   // whose alerts these are; none of another registry may go out
	page     string   // the alert that pages, the only one; empty: none pages
	tickets  []string // without a page at least one of these goes out
}

func pageOf(registry, alert string) want { return want{registry: registry, page: alert} }

func ticketOf(registry string, alerts ...string) want {
	return want{registry: registry, tickets: alerts}
}

// wants has each fault of the demo but everything, and the round in which nothing breaks.
var wants = map[string]want{
	nothing:      {},
	"gc-running": {}, // not for so long that it counts

	"replica-refuses":        ticketOf("msr", "MSRPingUnhealthy"),
	"replica-hangs":          ticketOf("msr", "MSRPingUnhealthy"),
	"ping-registry":          ticketOf("msr", "MSRPingUnhealthy"),
	"ping-auth":              ticketOf("msr", "MSRPingUnhealthy"),
	"ping-metadata":          ticketOf("msr", "MSRPingUnhealthy"),
	"ping-trust":             ticketOf("msr", "MSRPingUnhealthy"),
	"one-server-killed":      ticketOf("msr", "MSRNoSpareReplica"),
	"one-server-just-killed": ticketOf("msr", "MSRNoSpareReplica"),
	"one-server-long-killed": ticketOf("msr", "MSRNoSpareReplica"),
	"one-server-hung":        ticketOf("msr", "MSRClusterStatusFails"),
	"majority-lost":          pageOf("msr", "MSRMajorityLost"),
	"views-differ":           ticketOf("msr", "MSRViewsDiffer"),
	"backfilling":            pageOf("msr", "MSRMajorityLost"),
	"table-lost":             pageOf("msr", "MSRMajorityLost"),
	"cluster-status-401":     ticketOf("msr", "RegistryExporterCannotLook"),
	"cluster-status-503":     ticketOf("msr", "MSRClusterStatusFails"),
	"cluster-status-html":    ticketOf("msr", "MSRClusterStatusFails"),
	"read-only":              ticketOf("msr", "MSRReadOnly"),
	"gc-fails":               ticketOf("msr", "MSRGarbageCollectionFails"),
	"worker-dead":            ticketOf("msr", "MSRWorkerDead", "MSRJobsWaiting"),
	"scanner-old":            ticketOf("msr", "MSRScannerOld"),
	"trust-deleted":          ticketOf("msr", "RegistryTrustDataDeleted"),
	"v2-password":            pageOf("msr", "RegistryLoginFails"), // it worked before: others may be refused, too

	"v2-html":                pageOf("hub", "RegistryDown"),
	"health-storage":         pageOf("hub", "RegistryDown"),
	"health-redis":           pageOf("hub", "RegistryCacheStopsRegistry"),
	"registry-down":          pageOf("hub", "RegistryDown"),
	"certificate-expired":    pageOf("hub", "RegistryCertificateEnded"),
	"certificate-wrong-name": pageOf("hub", "RegistryCertificateNotTrusted"),
	"layer-missing":          pageOf("hub", "RegistryContentBad"),
	"layer-cut":              pageOf("hub", "RegistryContentBad"),
	"layer-flipped":          pageOf("hub", "RegistryContentBad"),
	"hub-read-only":          ticketOf("hub", "RegistryReadOnly"),
	"store-full":             pageOf("hub", "RegistryPushFails"),
	"nginx-down":             pageOf("hub", "RegistryDown"),
	"swift-down":             pageOf("hub", "RegistryStorageDown"),
	"swift-key":              ticketOf("hub", "RegistryExporterCannotLook"),
	"swift-container-gone":   pageOf("hub", "RegistryStorageDown"),
	"redis-down":             ticketOf("hub", "RegistryCacheDown"),
	"redis-hangs":            ticketOf("hub", "RegistryCacheDown"),
	"redis-password":         ticketOf("hub", "RegistryExporterCannotLook"),
}

// isSilent says whether nobody should be told anything.
func (w want) isSilent() bool { return w.registry == "" }

// isTicket says whether an alert is one of the tickets.
func (w want) isTicket(a alert) bool {
	return a.registry == w.registry && slices.Contains(w.tickets, a.name)
}

package e2e

import "fmt"

// msrFaults are faults of an MSR with three replicas, which is a stand-in.
var msrFaults = []Fault{
	{
		Name: "msr-replica-refuses", Alerts: []string{"ticket MSRPingUnhealthy msr"}, Start: msrOn("replica-refuses"), End: msrOff("replica-refuses"), Asks: "msr",
		Bad: []string{"msr_ping_healthy msr-2"}, Fails: []string{"msr msr-2: refused", "nginx msr-2: refused", "ping msr-2: refused"},
	},
	{
		Name: "msr-replica-hung", Alerts: []string{"ticket MSRPingUnhealthy msr"}, Start: msrOn("replica-hangs"), End: msrOff("replica-hangs"), Asks: "msr", CI: true,
		Bad: []string{"msr_ping_healthy msr-3"}, Fails: []string{"msr msr-3: timeout", "nginx msr-3: timeout", "ping msr-3: timeout"},
		Notice: scrapeTimeout, // the first page may share a reading that a scrape of Prometheus began before the fault
	},
	msrPing("registry"), msrPing("auth"), msrPing("metadata"), msrPing("trust"),
	{
		Name: "msr-server-killed", Alerts: lostServer, Silenced: lostWithIt, Start: msrOn("one-server-killed"), End: msrOff("one-server-killed"), Asks: "msr",
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_f2277ad178f7"}`: 0, `registry_msr_current_issues{type="table_availability",critical="false"}`: 28},
	},
	{
		Name: "msr-server-just-killed", Start: msrOn("one-server-just-killed"), End: msrOff("one-server-just-killed"), Asks: "msr",
		Alerts: lostServer, Silenced: lostWithIt,
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_f2277ad178f7"}`: 0},
	},
	{
		Name: "msr-server-long-killed", Start: msrOn("one-server-long-killed"), End: msrOff("one-server-long-killed"), Asks: "msr",
		Alerts: lostServer, Silenced: lostWithIt,
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_f2277ad178f7"}`: 0, `registry_msr_current_issues{type="table_availability",critical="false"}`: 28},
	},
	{
		Name: "msr-server-hung", Alerts: []string{"ticket MSRClusterStatusFails msr"}, Start: msrOn("one-server-hung"), End: msrOff("one-server-hung"), Asks: "msr",
		Fails: []string{"msr msr-1: timeout", "msr msr-2: timeout", "msr msr-3: timeout"},
	},
	{
		Name: "msr-majority-lost", Alerts: []string{"page MSRMajorityLost msr"}, Silenced: []string{"MSRNoSpareReplica msr", "MSRReplicaUnhealthy msr", "MSRTablesNotReady msr", "MSRCriticalIssues msr", "MSRIssues msr"}, Start: msrOn("majority-lost"), End: msrOff("majority-lost"), Asks: "msr", CI: true, CIAlerts: true,
		Values: map[string]float64{`registry_msr_current_issues{type="table_availability",critical="true"}`: 28},
	},
	{
		Name: "msr-views-differ", Alerts: []string{"ticket MSRViewsDiffer msr"}, Silenced: append([]string{"MSRNoSpareReplica msr"}, lostWithIt...), Start: msrOn("views-differ"), End: msrOff("views-differ"), Asks: "msr",
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_56b65e8c1404",address="msr-2"}`: 0, `registry_msr_server_up{server="dtr_rethinkdb_56b65e8c1404",address="msr-1"}`: 1},
	},
	{
		// Some tables take no writes. A server that comes back needs a while: only when it takes longer, people are called.
		Name: "msr-backfilling", Alerts: []string{"page MSRMajorityLost msr"}, Silenced: []string{"MSRNoSpareReplica msr", "MSRTablesNotReady msr"}, Start: msrOn("backfilling"), End: msrOff("backfilling"), Asks: "msr",
		Values: map[string]float64{`registry_msr_current_issues{type="table_availability",critical="true"}`: 0},
	},
	msrStatus("401", "unauthorized", "RegistryExporterCannotLook"),
	msrStatus("503", "unavailable", "MSRClusterStatusFails"), msrStatus("html", "bad_answer", "MSRClusterStatusFails"),
}

// lostServer has the alert about one lost RethinkDB server of three, and lostWithIt the alerts that it silences.
var (
	lostServer = []string{"ticket MSRNoSpareReplica msr"}
	lostWithIt = []string{"MSRReplicaUnhealthy msr", "MSRTablesNotReady msr", "MSRIssues msr"}
)

func msrPing(part string) Fault {
	return Fault{
		Name: "msr-ping-" + part, Alerts: []string{"ticket MSRPingUnhealthy msr"}, Start: msrOn("ping-" + part), End: msrOff("ping-" + part), Asks: "msr",
		Bad:    []string{"msr_ping_healthy msr-1"},
		Values: map[string]float64{fmt.Sprintf("registry_msr_ping_component_failing{component=%q}", part): 1},
	}
}

func msrStatus(name, reason, alert string) Fault {
	return Fault{
		Name: "msr-cluster-status-" + name, Alerts: []string{"ticket " + alert + " msr"}, Start: msrOn("cluster-status-" + name), End: msrOff("cluster-status-" + name), Asks: "msr",
		Fails: []string{"msr msr-1: " + reason, "msr msr-2: " + reason, "msr msr-3: " + reason},
	}
}

func msrOn(fault string) func(*Stack) error {
	return func(s *Stack) error { return s.msr.Faults.Set(fault, true) }
}

func msrOff(fault string) func(*Stack) error {
	return func(s *Stack) error { return s.msr.Faults.Set(fault, false) }
}

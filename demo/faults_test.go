package main

// changes has the changes that each fault makes on the page. A line is a series, told by some of its labels, and a value;
// or "no" and a series that must be gone. Every line must come true, and none is true while nothing is broken. In the
// label address stands the name of the part.
var changes = map[string]string{
	"everything": `
		registry_api_up{address="msr front",role="front"} = 0
		registry_api_up{address="msr replica 1",role="backend"} = 0
		registry_api_up{address="hub front",role="front"} = 0
		registry_collector_failure{address="msr replica 3",collector="msr",reason="refused"} = 1
		registry_collector_failure{address="msr replica 1",collector="msr_jobs",reason="refused"} = 1
		registry_msr_jobs_failure{address="msr replica 1",step="crons",reason="refused"} = 1
		registry_collector_failure{address="hub nginx",collector="nginx",reason="refused"} = 1
		registry_msr_ping_healthy{address="msr replica 1"} = 0
		registry_health_ok{address="hub debug"} = 0
		registry_swift_reachable{swift_container="docker_registry"} = 0
		registry_redis_reachable{} = 0
		no registry_msr_table_availability{}
		no registry_swift_container_objects{}
		no registry_redis_info{}`,
	"replica-refuses": `
		registry_collector_failure{address="msr replica 2",collector="api",reason="refused"} = 1
		registry_collector_failure{address="msr replica 2",collector="msr",reason="refused"} = 1
		registry_collector_failure{address="msr replica 2",collector="nginx",reason="refused"} = 1
		registry_collector_failure{address="msr replica 2",collector="ping",reason="refused"} = 1
		registry_collector_success{address="msr replica 2",collector="msr"} = 0
		registry_msr_ping_healthy{address="msr replica 2"} = 0
		registry_api_up{address="msr replica 2"} = 0
		no registry_msr_replica_health{address="msr replica 2"}
		no registry_nginx_requests_total{address="msr replica 2"}`,
	"replica-hangs": `
		registry_collector_failure{address="msr replica 3",collector="api",reason="timeout"} = 1
		registry_collector_failure{address="msr replica 3",collector="msr",reason="timeout"} = 1
		registry_collector_failure{address="msr replica 3",collector="nginx",reason="timeout"} = 1
		registry_collector_failure{address="msr replica 3",collector="ping",reason="timeout"} = 1
		registry_msr_ping_healthy{address="msr replica 3"} = 0`,
	"ping-registry": `
		registry_msr_ping_healthy{address="msr replica 1"} = 0
		registry_msr_ping_component_failing{address="msr replica 1",component="registry"} = 1`,
	"ping-auth": `
		registry_msr_ping_healthy{address="msr replica 1"} = 0
		registry_msr_ping_component_failing{address="msr replica 1",component="auth"} = 1`,
	"ping-metadata": `
		registry_msr_ping_healthy{address="msr replica 1"} = 0
		registry_msr_ping_component_failing{address="msr replica 1",component="metadata"} = 1`,
	"ping-trust": `
		registry_msr_ping_healthy{address="msr replica 1"} = 0
		registry_msr_ping_component_failing{address="msr replica 1",component="trust"} = 1`,
	"one-server-killed": `
		registry_msr_server_up{address="msr replica 2",server="dtr_rethinkdb_f2277ad178f7"} = 0
		registry_msr_replica_health{address="msr replica 2",replica="f2277ad178f7"} = 0
		registry_msr_replica_health{address="msr replica 2",replica="5eb9459a7832"} = 0
		registry_msr_current_issues{address="msr replica 2",type="table_availability",critical="false"} = 28
		registry_msr_table_availability{address="msr replica 2",table="repositories"} = 3`,
	"one-server-just-killed": `
		registry_msr_server_up{address="msr replica 2",server="dtr_rethinkdb_f2277ad178f7"} = 0
		registry_msr_replica_health{address="msr replica 2",replica="f2277ad178f7"} = 0`,
	"one-server-long-killed": `
		registry_msr_server_up{address="msr replica 2",server="dtr_rethinkdb_f2277ad178f7"} = 0
		registry_msr_current_issues{address="msr replica 2",type="table_availability",critical="false"} = 28`,
	"one-server-hung": `
		registry_collector_duration_seconds{address="msr replica 2",collector="msr"} > 0.7
		registry_msr_replica_health{address="msr replica 2",replica="5eb9459a7832"} = 0
		registry_msr_current_issues{address="msr replica 2",type="table_availability",critical="true"} = 9
		registry_msr_current_issues{address="msr replica 2",type="table_availability",critical="false"} = 19`,
	"majority-lost": `
		registry_msr_server_up{address="msr replica 2",server="dtr_rethinkdb_f2277ad178f7"} = 0
		registry_msr_server_up{address="msr replica 2",server="dtr_rethinkdb_56b65e8c1404"} = 0
		registry_msr_current_issues{address="msr replica 1",type="table_availability",critical="true"} = 28
		registry_msr_table_availability{address="msr replica 3",table="repositories"} = 1`,
	"views-differ": `
		registry_msr_server_up{address="msr replica 2",server="dtr_rethinkdb_56b65e8c1404"} = 0
		registry_msr_server_connected{address="msr replica 2",server="dtr_rethinkdb_5eb9459a7832",peer="dtr_rethinkdb_56b65e8c1404"} = 0
		registry_msr_server_connected{address="msr replica 3",server="dtr_rethinkdb_56b65e8c1404",peer="dtr_rethinkdb_5eb9459a7832"} = 0
		registry_msr_current_issues{address="msr replica 1",type="non_transitive_error",critical="false"} = 1
		registry_msr_table_availability{address="msr replica 1",table="repositories"} = 3
		registry_msr_table_availability{address="msr replica 2",table="repositories"} = 1`,
	"backfilling": `
		registry_msr_table_availability{address="msr replica 1",table="metrics"} = 1
		registry_msr_table_replicas{address="msr replica 1",state="backfilling"} = 1`,
	"table-lost": `
		registry_msr_table_availability{address="msr replica 1",table="tmp_single_replica"} = 0
		registry_msr_table_replicas{address="msr replica 1",table="tmp_single_replica",state="ready"} = 0`,
	"cluster-status-401": `
		registry_collector_failure{address="msr replica 1",collector="msr",reason="unauthorized"} = 1
		registry_collector_failure{address="msr replica 2",collector="msr",reason="unauthorized"} = 1
		no registry_msr_gc_lock_held{}`,
	"cluster-status-503": `
		registry_collector_failure{address="msr replica 1",collector="msr",reason="unavailable"} = 1
		no registry_msr_replica_health{}`,
	"cluster-status-html": `
		registry_collector_failure{address="msr replica 3",collector="msr",reason="bad_answer"} = 1
		no registry_msr_current_issues{}`,
	"gc-fails": `
		registry_msr_job_failed_in_a_row{action="onlinegc"} = 3
		registry_msr_jobs{action="onlinegc",status="error"} = 3`,
	"worker-dead": `
		registry_msr_worker_up{worker="56b65e8c1404"} = 0`,
	"scanner-old": `
		registry_msr_scanner_db_update_failed{part="database"} = 1`,
	"gc-running": `
		registry_msr_gc_lock_held{address="msr replica 1"} = 1`,
	"read-only": `
		registry_msr_replica_readonly{address="msr replica 2",replica="56b65e8c1404"} = 1`,
	"trust-deleted": `
		registry_trust_changes_total{address="msr front",category="deletion"} > 0
		registry_trust_changes_by_repository_total{address="msr front",category="deletion",repository="library/wordpress"} > 0
		registry_trust_deletion_timestamp_seconds{address="msr front",repository="library/wordpress"} > 0`,
	"v2-password": `
		registry_api_authorized{address="msr front",role="front"} = 0
		registry_api_authorized{address="msr replica 2",role="backend"} = 0
		registry_collector_failure{address="msr front",collector="api",reason="unauthorized"} = 1`,
	"v2-html": `
		registry_api_up{address="hub front"} = 0
		registry_api_status_code{address="hub front"} = 200
		registry_collector_failure{address="hub front",collector="api",reason="bad_answer"} = 1
		no registry_api_authorized{address="hub front"}`,
	"health-storage": `
		registry_health_ok{address="hub debug"} = 0
		registry_health_check_failing{address="hub debug",check="storagedriver_swift",kind="storagedriver"} = 1
		registry_api_up{address="hub front"} = 0
		registry_collector_failure{address="hub front",collector="api",reason="health_check_failed"} = 1`,
	"health-redis": `
		registry_health_ok{address="hub debug"} = 0
		registry_health_check_failing{address="hub debug",check="127.0.0.1:6379",kind="tcp"} = 1
		registry_collector_failure{address="hub backend 2",collector="api",reason="health_check_failed"} = 1`,
	"registry-down": `
		registry_api_up{address="hub front",role="front"} = 0
		registry_api_status_code{address="hub front"} = 502
		registry_access_requests_total{operation="ping",code="502"} > 0
		registry_collector_failure{address="hub front",collector="api",reason="server_error"} = 1
		registry_collector_failure{address="hub backend 1",collector="api",reason="refused"} = 1
		registry_collector_failure{address="hub debug",collector="health",reason="refused"} = 1
		registry_health_ok{address="hub debug"} = 0`,
	"certificate-expired": `
		registry_tls_verified{address="hub front"} = 0
		registry_tls_expiry_timestamp_seconds{address="hub front"} < now
		registry_api_up{address="hub front"} = 0
		registry_collector_failure{address="hub front",collector="api",reason="tls_expired"} = 1`,
	"certificate-wrong-name": `
		registry_tls_verified{address="hub front"} = 0
		registry_tls_name_covered{address="hub front",name="localhost"} = 0
		registry_tls_name_covered{address="hub front",name="127.0.0.1"} = 0
		registry_collector_failure{address="hub front",collector="api",reason="tls_hostname"} = 1`,
	"layer-missing": `
		registry_pull_success{address="hub front",role="front",image="library/base:1.0"} = 0
		registry_pull_success{address="hub backend 2",role="backend"} = 0
		registry_pull_failure{address="hub front",step="layers",reason="missing_blob"} = 1
		registry_pull_content_bad{address="hub front",reason="missing_blob"} = 1
		registry_collector_failure{address="hub front",collector="pull",reason="missing_blob"} = 1`,
	"layer-cut": `
		registry_pull_success{address="hub front"} = 0
		registry_pull_failure{address="hub front",step="layers",reason="short_read"} = 1`,
	"layer-flipped": `
		registry_pull_success{address="hub front"} = 0
		registry_pull_failure{address="hub front",step="layers",reason="digest_mismatch"} = 1`,
	"hub-read-only": `
		registry_push_success{address="hub front",role="front"} = 0
		registry_push_failure{address="hub front",step="blobs",reason="read_only"} = 1`,
	"store-full": `
		registry_push_success{address="hub front",role="front"} = 0
		registry_push_failure{address="hub front",reason="no_space"} = 1`,
	"nginx-down": `
		registry_collector_failure{address="hub nginx",collector="nginx",reason="refused"} = 1
		registry_collector_failure{address="hub front",collector="api",reason="refused"} = 1
		registry_api_up{address="hub front"} = 0
		no registry_nginx_connections_active{address="hub nginx"}`,
	"swift-down": `
		registry_swift_reachable{address="swift"} = 0
		registry_swift_read_success{address="swift"} = 0
		registry_swift_write_success{address="swift"} = 0
		registry_collector_failure{address="swift",collector="swift",reason="refused"} = 1
		registry_pull_success{address="hub front"} = 0
		registry_pull_failure{address="hub front",step="manifest",reason="server_error"} = 1
		registry_push_success{address="hub front"} = 0
		registry_access_requests_total{operation="manifest_pull",code="500"} > 0
		registry_log_errors_total{operation="manifest_pull",call="storage"} > 0
		registry_log_repository_errors_total{repository="library/base",call="storage"} > 0
		no registry_swift_container_objects{}`,
	"swift-key": `
		registry_swift_reachable{address="swift"} = 0
		registry_collector_failure{address="swift",collector="swift",reason="unauthorized"} = 1`,
	"swift-container-gone": `
		registry_swift_reachable{address="swift"} = 0
		registry_collector_failure{address="swift",collector="swift",reason="not_found"} = 1
		no registry_swift_container_bytes{}`,
	"redis-down": `
		registry_redis_reachable{address="redis"} = 0
		registry_collector_failure{address="redis",collector="redis",reason="refused"} = 1
		no registry_redis_memory_used_bytes{}`,
	"redis-hangs": `
		registry_redis_reachable{address="redis"} = 0
		registry_collector_failure{address="redis",collector="redis",reason="timeout"} = 1`,
	"redis-password": `
		registry_redis_reachable{address="redis"} = 0
		registry_collector_failure{address="redis",collector="redis",reason="unauthorized"} = 1`,
}

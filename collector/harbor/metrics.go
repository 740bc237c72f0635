package harbor

import "registry_exporter/collector/source"

// The metrics of the collector harbor.
var (
	healthy = source.Gauge("registry_harbor_healthy",
		"1 if Harbor calls itself healthy (GET /api/v2.0/health: status).")
	componentHealthy = source.Gauge("registry_harbor_component_healthy",
		"1 if Harbor calls this part healthy, 0 if not; a part that is not known counts as other (GET /api/v2.0/health: components).", "component")
	info = source.Gauge("registry_harbor_info",
		"Always 1; version is a label (GET /api/v2.0/systeminfo: harbor_version).", "version").Outside("version")
	readonly = source.Gauge("registry_harbor_readonly",
		"1 if Harbor refuses writes, for an administrator or a garbage collection has said so (systeminfo: read_only).")

	queueJobs = source.Gauge("registry_harbor_queue_jobs",
		"Jobs that wait in the queue (jobservice/queues: count).", "queue").Outside("queue")
	queueLatency = source.Gauge("registry_harbor_queue_latency_seconds",
		"How long the oldest job of the queue has waited, in seconds (jobservice/queues: latency).", "queue").Outside("queue")
	queuePaused = source.Gauge("registry_harbor_queue_paused",
		"1 if an administrator has paused the queue (jobservice/queues: paused).", "queue").Outside("queue")
	queueCount = source.Gauge("registry_harbor_queues",
		"Queues that Harbor lists; 0 after its Redis has lost its data, until jobservice is restarted (jobservice/queues).")
	workers = source.Gauge("registry_harbor_workers",
		"Workers of the pool, busy or not; a pool that was killed stays for some time (jobservice/pools: concurrency).", "pool").Outside("pool")
	heartbeat = source.Gauge("registry_harbor_pool_heartbeat_timestamp_seconds",
		"When the pool was last heard of, in seconds since 1970; every 5 s while its jobservice lives (jobservice/pools: heartbeat_at).", "pool").Outside("pool")

	gcLastSuccess = source.Gauge("registry_harbor_gc_last_success_timestamp_seconds",
		"When the last garbage collection that went well ended, in seconds since 1970; absent if none of the last five did (system/gc: update_time).")
	gcFailing = source.Gauge("registry_harbor_gc_failing",
		"1 if the last garbage collection that ended failed (system/gc: job_status).")
	gcRunningSince = source.Gauge("registry_harbor_gc_running_since_timestamp_seconds",
		"When the garbage collection that waits or runs was started, in seconds since 1970; absent without one (system/gc: creation_time).")
	gcScheduled = source.Gauge("registry_harbor_gc_scheduled",
		"1 if garbage collections have a schedule (system/gc/schedule: cron).")
	gcFreed = source.Gauge("registry_harbor_gc_freed_bytes",
		"Bytes that the last garbage collection freed that went well and was no dry run (system/gc: job_parameters, freed_space).")
	targetHealthy = source.Gauge("registry_harbor_target_healthy",
		"1 if Harbor reached the registry to which it replicates, or from which, at its last check, which is up to 5 minutes old (registries: status).", "target").Outside("target")
)

// The metrics of the collector harbor_jobs. Those of a schedule are of both collectors.
var (
	policyInfo = source.Gauge("registry_harbor_replication_policy_info",
		"Always 1, for each enabled policy, at most 100; trigger is manual, scheduled, event_based or other, target the other registry (replication/policies).", "policy", "trigger", "target").Outside("policy", "target")
	policiesLeftOut = source.Gauge("registry_harbor_replication_policies_left_out",
		"Enabled policies of which this page has nothing, since 100 have gone before: first those with a schedule, then those of events (replication/policies).")
	lastSuccess = source.Gauge("registry_harbor_replication_last_success_timestamp_seconds",
		"When the last execution of the policy that went well ended, in seconds since 1970; absent until one was among the last ten (replication/executions).", "policy").Outside("policy")
	lastStart = source.Gauge("registry_harbor_replication_last_start_timestamp_seconds",
		"When the last execution of the policy was started, in seconds since 1970 (replication/executions: start_time).", "policy").Outside("policy")
	lastTasks = source.Gauge("registry_harbor_replication_last_tasks",
		"Copies of the last execution of the policy: succeed, failed, in_progress, stopped (replication/executions).", "policy", "state").Outside("policy")
	failing = source.Gauge("registry_harbor_replication_failing",
		"1 if the last execution of the policy that ended failed, and that is 5 minutes ago: until then Harbor may try again. A policy of events also fails while a copy that failed was not made good by a full run (replication/executions: status).", "policy").Outside("policy")
	runningSince = source.Gauge("registry_harbor_replication_running_since_timestamp_seconds",
		"When the oldest execution of the policy that still runs was started, in seconds since 1970; absent without one (replication/executions).", "policy").Outside("policy")
	copiedNothing = source.Gauge("registry_harbor_replication_copied_nothing",
		"1 if the last execution of the policy that ended went well and found nothing to copy (replication/executions: total).", "policy").Outside("policy")
	scheduleDue = source.Gauge("registry_harbor_schedule_due_timestamp_seconds",
		"When the next run after the last one that the schedule began is due, in seconds since 1970; schedule is replication, with its policy, or garbage_collection, with the policy system. It lies in the past while the run is late (cron of six fields).", "schedule", "policy").Outside("policy")
	schedulePeriod = source.Gauge("registry_harbor_schedule_period_seconds",
		"The longest time between two of the next runs of the schedule, in seconds (cron of six fields).", "schedule", "policy").Outside("policy")
	jobsTimestamp = source.Gauge("registry_harbor_jobs_last_run_timestamp_seconds",
		"When policies, executions and quotas were last asked for, or that failed, in seconds since 1970.", "address")
	jobsInterval = source.Gauge("registry_harbor_jobs_interval_seconds",
		"How often policies, executions and quotas are asked for, in seconds.", "address")
	quotaUsed = source.Gauge("registry_harbor_quota_used_bytes",
		"Bytes that count against the quota of the project; only projects with a limit, the 250 fullest by name, all others together as other (quotas: used).", "project").Outside("project")
	quotaLimit = source.Gauge("registry_harbor_quota_limit_bytes",
		"The quota of the project, in bytes; of the same projects (quotas: hard).", "project").Outside("project")
)

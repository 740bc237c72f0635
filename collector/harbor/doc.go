// Package harbor asks a Harbor, which MSR 4 is too, how its parts, its jobs and its replication are, through its API.
//
//	registries:
//	- name: hub
//	  url: https://hub.example.org
//	  harbor:
//	    http: {basic_auth: {username: "robot$monitor", password_file: /run/secrets/hub}}
//
// It has two collectors. Both ask /health first, without credentials: while Harbor has no database, it refuses every password
// with 401, and /health alone says why.
//
//   - "harbor" asks with each scrape (scrape.go): /health (health.go), /systeminfo, /jobservice/pools and /jobservice/queues
//     (jobservice.go), /system/gc and its schedule (gc.go), and /registries, the targets of replication (targets.go)
//   - "harbor_jobs" is a probe that runs every five minutes (jobs.go): /replication/policies (policies.go), the last
//     executions of each (executions.go, last.go), and /quotas (quotas.go)
//
// api.go sends the requests, list.go bounds the rows of an answer, and rights.go names the right that a refused request needs.
// cron.go says when a schedule is due, metrics.go has the metrics. words.go and jobs_words.go put the results into words.
// cause_words.go says which part is the cause when a login, a pull or a push fails.
//
// For example, the answer to /health
//
//	{"status": "unhealthy", "components": [{"name": "database", "status": "unhealthy", "error": "…"}, {"name": "redis", "status": "healthy"}]}
//
// becomes
//
//	registry_harbor_healthy 0
//	registry_harbor_component_healthy{component="database"} 0
//	registry_harbor_component_healthy{component="redis"} 1
package harbor

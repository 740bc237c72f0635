// Package msr reads the health of a Mirantis Secure Registry (MSR) 2.x, from every replica: each has its own view of the
// cluster, and the views differ when replicas cannot reach each other.
//
// Two of its collectors ask every replica. "msr" asks GET /api/v0/meta/cluster_status, for which it needs the account of an admin:
//
//   - cluster_status.go and cluster_status_words.go ask for it, read its top level and put it into words
//   - issues.go counts current_issues
//   - rethinkdb.go, rethinkdb_rows.go, rethinkdb_stats.go and rethinkdb_names.go read rethink_system_tables: servers,
//     tables, statistics, and what the servers are called
//   - decoder.go and decoder_values.go are its JSON decoder, which goes on behind a value of the wrong type
//
// "ping" asks GET /_ping, without an account: ping.go and ping_words.go.
//
// A third, "msr_jobs", asks for what MSR does by itself, on a clock of its own and with the same account. All replicas share
// one database, so it asks one of them, and the next one when that fails:
//
//   - lists.go and lists_words.go ask for four lists, and put them into words; list_rows.go reads the rows of one
//   - jobs.go reads the newest jobs; jobs_count.go counts those that failed, each once; jobs_file.go keeps that over a restart
//   - workers.go, crons.go and scanner.go read the others, ca.go the CA that MSR hands out; schedule.go says how often a cron is due
//
// Two more ask about repositories that the configuration names, one request a second (walk.go): "msr_mirrors" for their
// mirroring (mirrors.go, mirrors_words.go), "msr_repositories" for pulls and pushes (repositories.go).
//
// For example, the answer of 10.0.0.1:443
//
//	{"replica_health": {"f2277ad178f7": "OK", "5eb9459a7832": "Notary unhealthy: timeout"}, …}
//
// becomes
//
//	registry_msr_replica_health{address="10.0.0.1:443",replica="f2277ad178f7"} 1
//	registry_msr_replica_health{address="10.0.0.1:443",replica="5eb9459a7832"} 0
package msr

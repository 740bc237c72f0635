package trust

import "registry_exporter/collector/source"

var (
	readSuccess = source.Gauge("registry_trust_read_success",
		"1 if the log of content trust could be read (GET /v2/_trust/changefeed), and what was counted could be saved.", "address")
	changesTotal = source.Counter("registry_trust_changes_total",
		"Changes of trust data since the exporter began to read the log, by Category: update, deletion or other. One publish is one update.", "address", "category")
	changesByRepository = source.Counter("registry_trust_changes_by_repository_total",
		"The same by repository (GUN, without the registry's own host). Those with the most changes go by name, all others as other.",
		"address", "repository", "category").Outside("repository")
	lastChange = source.Gauge("registry_trust_last_change_timestamp_seconds",
		"When the last change of this Category was made, in seconds since 1970 (CreatedAt); a time that lies in the future is that of the reading.", "address", "category")
	deletionTime = source.Gauge("registry_trust_deletion_timestamp_seconds",
		"When the trust data of a repository was deleted, in seconds since 1970 (CreatedAt); there for a day after the exporter read it. After as many as are counted by name, others go as other.",
		"address", "repository").Outside("repository")
	cursorLost = source.Counter("registry_trust_cursor_lost_total",
		"How often the server no longer knew the last change that was counted, or the exporter lost it: reading began again at the newest, and changes in between were not counted.", "address")
	lastRun = source.Gauge("registry_trust_last_run_timestamp_seconds",
		"When the log was last asked for, in seconds since 1970.", "address")
	interval = source.Gauge("registry_trust_interval_seconds",
		"How often the log is asked for, in seconds (trust.every).", "address")
)

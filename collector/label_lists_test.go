package collector

import (
	"slices"
	"testing"
)

// closedLabels are the values of labels whose values come from a closed list, and which need no mask.
var closedLabels = map[string][]string{
	"code": {
		"101", "200", "201", "202", "204", "206", "207", "300", "301", "302", "303", "304", "307", "308",
		"400", "401", "402", "403", "404", "405", "406", "407", "408", "409", "410", "411", "412", "413",
		"414", "415", "416", "417", "421", "422", "423", "424", "425", "426", "428", "429", "431", "444",
		"451", "494", "495", "496", "497", "499", "500", "501", "502", "503", "504", "505", "506", "507",
		"508", "509", "510", "511", "520", "521", "522", "523", "524", "525", "526", "530", "other",
	},
	"direction": {"in", "out", "poll", "push"},
	"operation": {
		"ping", "token", "catalog", "tags", "manifest_pull", "manifest_head", "manifest_push", "manifest_delete", "blob_pull", "blob_head",
		"blob_delete", "blob_mount", "upload_start", "upload_chunk", "upload_commit", "upload_status", "upload_cancel", "trust", "other",
	},
	"outcome":  {"ok", "unauthorized", "client_error", "canceled", "server_error", "parsed", "unmatched", "too_long"},
	"result":   {"hit", "miss", "bypass", "expired", "stale", "updating", "revalidated", "other"},
	"cache":    {"hit", "miss", "none"},
	"category": {"update", "deletion", "other"},
	"call":     {"storage", "redis", "auth", "other"},
	"component": {
		"registry", "auth", "metadata", "trust", "other", // of MSR
		"core", "database", "jobservice", "portal", "redis", "registryctl", "trivy", "chartmuseum", "notary", // of Harbor
	},
	"confirmed": {"true", "false"},
	"critical":  {"true", "false"},
	"error":     {"NOAUTH", "NOPERM", "WRONGPASS"}, // of Redis
	"kind":      {"storagedriver", "tcp", "http", "file", "data", "garbage", "metadata", "preallocated", "blob", "manifest"},
	"mode":      {"upload", "image"},
	"state": {
		"ready", "transitioning", "backfilling", "disconnected", "waiting_for_primary", "waiting_for_quorum", "other", // of RethinkDB
		"reading", "writing", "waiting", // of nginx
		"succeed", "failed", "in_progress", "stopped", // of Harbor
	},
	"phase":      {"dns", "connect", "tls", "first_byte"},
	"redis_role": {"master", "slave", "sentinel", "other"},
	"role":       {"front", "backend"},
	"schedule":   {"replication", "garbage_collection"},
	"trigger":    {"manual", "scheduled", "event_based", "other"},
	"scheme":     {"none", "basic", "bearer", "other"},
	"by":         {"ca_file", "system"},
	"step": {
		"auth", "container", "manifest", "config", "layers", "platforms", "start", "chunk", "status", "cancel", "blobs", "read_back", "delete",
		"put", "get", "list", "read",
		"jobs", "workers", "crons", "scanner", "ca", // of MSR
	},
	"action": { // of MSR's jobs
		"gc", "onlinegc", "onlinegc_metadata", "onlinegc_joblogs", "metadatastoremigration", "tagmigration", "bloblinkmigration",
		"license_update", "scan_check", "scan_check_single", "scan_check_all", "update_vuln_db", "push_mirror_tag", "poll_mirror", "webhook",
		"ro_registry", "tag_pruning", "tag_prune", "other",
	},
	"status": {
		"waiting", "running", "done", "canceled", "cancel", "cancel_request", "deleted", "worker_shutdown",
		"error", "errored", "timeout", "conflict", "worker_dead", "worker_resurrection", "other",
		"success", "pending", "failed", // of a mirror
	},
	"part": {"database", "overrides"},
	"type": {
		"log_write_error", "server_name_collision", "db_name_collision", "table_name_collision",
		"outdated_index", "table_availability", "memory_error", "non_transitive_error", "unknown",
	},
}

// configuredLabels are labels whose values come from the configuration or from the code.
var configuredLabels = []string{"address", "collector", "file", "image", "name", "prefix", "reason", "swift_container", "to"}

// The golden page of a metric shows when it puts words of another system into a label that is not masked.
func TestLabelsThatAreNotMaskedHaveClosedLists(t *testing.T) {
	for name, family := range goldenMetrics(t) {
		for _, m := range family.Metric {
			for _, l := range m.Label {
				if closed, found := closedLabels[l.GetName()]; found && !slices.Contains(closed, l.GetValue()) {
					t.Errorf("%s has %s=%q, which is in no list", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
}

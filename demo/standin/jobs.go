package standin

import (
	"net/http"
	"time"
)

// jobs are what the MSR does by itself. All replicas answer from one database.
func (r *replica) jobs(w http.ResponseWriter, req *http.Request) {
	if !r.isAdmin(w, req) {
		return
	}
	now := time.Now()
	all := []map[string]any{
		jobAt("waiting", "webhook", "waiting", now),
		jobAt("mirror", "push_mirror_tag", "running", r.started),
		jobAt("scan", "scan_check_single", "done", r.started.Add(-10*time.Minute)),
		jobAt("webhook", "webhook", "error", r.started.Add(-2*time.Hour)),
	}
	if since := r.faults.Since("gc-fails"); !since.IsZero() {
		for i, id := range []string{"gc-3", "gc-2", "gc-1"} {
			all = append(all, jobAt(id, "onlinegc", "error", since.Add(-time.Duration(i+1)*time.Second)))
		}
	}
	write(w, map[string]any{"jobs": append(all, jobAt("gc", "onlinegc", "done", r.started.Add(-6*time.Hour)))})
}

// jobAt is a job that ended as soon as it was scheduled.
func jobAt(id, action, status string, at time.Time) map[string]any {
	return map[string]any{"id": id, "action": action, "status": status, "scheduledAt": at.UTC(), "lastUpdated": at.UTC(), "workerID": firstReplica, "parameters": nil}
}

func (r *replica) workers(w http.ResponseWriter, req *http.Request) {
	if !r.isAdmin(w, req) {
		return
	}
	var all []map[string]any
	for _, id := range replicaIDs {
		beat := time.Now().Add(30 * time.Second)
		if id == thirdReplica && r.faults.On("worker-dead") {
			beat = r.faults.Since("worker-dead")
		}
		all = append(all, map[string]any{"id": id, "status": "running", "capacityMap": map[string]int{"scan": 1}, "heartbeatExpiration": beat.UTC()})
	}
	write(w, map[string]any{"workers": all})
}

func (r *replica) crons(w http.ResponseWriter, req *http.Request) {
	if !r.isAdmin(w, req) {
		return
	}
	day := 24 * time.Hour
	write(w, map[string]any{"crons": []map[string]any{
		{"id": "1", "action": "onlinegc", "schedule": "0 0 3 * * *", "nextRun": time.Now().UTC().Truncate(day).Add(day + 3*time.Hour)},
		{"id": "2", "action": "update_vuln_db", "schedule": "@hourly", "nextRun": time.Now().UTC().Truncate(time.Hour).Add(time.Hour)},
		{"id": "3", "action": "license_update", "schedule": "57 54 3 * * *", "nextRun": nil},
	}})
}

func (r *replica) scanner(w http.ResponseWriter, req *http.Request) {
	if !r.isAdmin(w, req) {
		return
	}
	age, failed := 5*time.Hour, r.faults.On("scanner-old")
	if failed {
		age = 8 * 24 * time.Hour
	}
	write(w, map[string]any{
		"state": 1, "db_version": 1234, "db_updated_at": time.Now().Add(-age).UTC(), "lastDBUpdateFailed": failed, "lastVulnOverridesDBUpdateFailed": false,
	})
}

// isAdmin says whether the request has the password of the admin. If not, it answers with 401.
func (r *replica) isAdmin(w http.ResponseWriter, req *http.Request) bool {
	if !r.admin.letsIn(req, "admin") {
		apiError(w, http.StatusUnauthorized, "NOT_AUTHENTICATED", "The client is not authenticated.")
		return false
	}
	return true
}

func write(w http.ResponseWriter, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text(answer))
}

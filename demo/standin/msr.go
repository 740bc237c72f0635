package standin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// The replicas of the MSR have the names of the servers in the RethinkDB tables.
const (
	firstReplica  = "f2277ad178f7"
	secondReplica = "5eb9459a7832"
	thirdReplica  = "56b65e8c1404"
)

var replicaIDs = []string{firstReplica, secondReplica, thirdReplica}

// msr is a Mirantis Secure Registry of three replicas.
type msr struct {
	faults *Faults
	tables map[string]tables
	admin  *secret
	tokens *tokenAuth
	hung   time.Duration // how long cluster_status takes while a server hangs

	started time.Time // jobs were scheduled then, or before
	ca      []byte    // in PEM
}

// A replica answers as it sees the cluster.
type replica struct {
	*msr
	id    string
	nginx nginx
}

func (r *replica) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_ping", r.ping)
	mux.HandleFunc("GET /nginx_status", r.nginx.status)
	mux.HandleFunc("GET /api/v0/meta/cluster_status", r.clusterStatus)
	mux.HandleFunc("GET /api/v0/jobs", r.jobs)
	mux.HandleFunc("GET /api/v0/workers", r.workers)
	mux.HandleFunc("GET /api/v0/crons", r.crons)
	mux.HandleFunc("GET /api/v0/imagescan/status", r.scanner)
	mux.HandleFunc("GET /ca", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(r.ca) })
	mux.Handle("/", r.tokens.handler())
	return r.nginx.count(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.id == thirdReplica && r.faults.On("replica-hangs") {
			hang(req)
			return
		}
		mux.ServeHTTP(w, req)
	}))
}

func (r *replica) clusterStatus(w http.ResponseWriter, req *http.Request) {
	switch {
	case !r.isAdmin(w, req):
	case r.faults.On("cluster-status-503"):
		apiError(w, http.StatusServiceUnavailable, "STATUS_CHECK_FAILED", "A status check failed.")
	case r.faults.On("cluster-status-html"):
		loginPage(w)
	case r.faults.On("one-server-hung") && !wait(req, r.hung):
	default:
		r.writeClusterStatus(w)
	}
}

func (r *replica) writeClusterStatus(w http.ResponseWriter) {
	v := r.faults.view()
	shown := r.tables[v.tables[slices.Index(replicaIDs, r.id)]]
	verdicts, times, readonly := map[string]string{}, map[string]time.Time{}, map[string]bool{}
	for _, id := range replicaIDs {
		verdicts[id] = "OK"
		if shown.issues != nil {
			verdicts[id] = fmt.Sprintf("Rethinkdb has issues: %s", shown.issues)
		}
		times[id] = time.Now().UTC().Truncate(time.Second)
		if slices.Contains(v.silent, id) {
			times[id] = r.faults.Since(v.fault).UTC().Truncate(time.Second)
		}
		readonly[id] = r.faults.On("read-only")
	}
	gc := ""
	if r.faults.On("gc-running") {
		gc = firstReplica
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"rethink_system_tables":%s,"replica_health":%s,"replica_timestamp":%s,"replica_readonly":%s,"gc_lock_holder":%q}`,
		shown.text, text(verdicts), text(times), text(readonly), gc)
}

// text writes a value as JSON. Values are maps and lists of texts, numbers, times and booleans, which can always be written.
func text(value any) []byte {
	b, _ := json.Marshal(value)
	return b
}

func apiError(w http.ResponseWriter, status int, code, message string) {
	apiErrorWith(w, status, code, message, "null")
}

// apiErrorWith answers with an error of the registry API. detail is JSON.
func apiErrorWith(w http.ResponseWriter, status int, code, message, detail string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q,"detail":%s}]}`, code, message, detail)
}

func loginPage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!doctype html><title>Log in</title><form>Please log in.</form>")
}

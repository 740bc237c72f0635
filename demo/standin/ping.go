package standin

import (
	"encoding/json"
	"net/http"
)

// pingErrors are the errors in /_ping of replica 1 while a part of it is unhealthy.
var pingErrors = map[string]string{
	"ping-registry": "Failed to connect to container at dtr-registry-" + firstReplica + ":5000: connection refused",
	"ping-auth":     "Failed to connect to container at dtr-garant-" + firstReplica + ":4000: connection refused",
	"ping-metadata": "Failed to connect to container at dtr-rethinkdb-" + firstReplica + ":28015: connection refused",
	"ping-trust":    "Failed to connect to container at dtr-notary-server-" + firstReplica + ":4443: connection refused",
}

func (r *replica) ping(w http.ResponseWriter, _ *http.Request) {
	text := ""
	if r.id == firstReplica {
		text, _ = pick(r.faults, pingErrors)
	}
	w.Header().Set("Content-Type", "application/json")
	if text != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(struct {
		Error   string
		Healthy bool
	}{text, text == ""})
}

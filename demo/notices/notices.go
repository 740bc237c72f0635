// Package notices writes the messages of Alertmanager for people to read.
package notices

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Handler takes Alertmanager's webhooks at every path and writes them to out.
func Handler(out io.Writer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /", &receiver{out: out})
	mux.HandleFunc("GET /-/healthy", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// maxBody is the largest message, in bytes: far more than one with a thousand alerts.
const maxBody = 16 << 20

// A receiver writes messages one after the other.
type receiver struct {
	mu  sync.Mutex
	out io.Writer
}

// A message is what Alertmanager sends to a webhook: all alerts of one group.
type message struct {
	Receiver string
	Alerts   []alert
}

type alert struct {
	Status              string
	Labels, Annotations map[string]string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var m message
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxBody)).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range m.Alerts {
		fmt.Fprint(r.out, time.Now().Format(time.TimeOnly), " ", m.text(a))
	}
}

// text writes an alert in one line. Below an alert that fires it writes what a person needs to act.
func (m message) text(a alert) string {
	first := fmt.Sprintf("%s to %s: %s %s: %s\n", a.Status, m.Receiver, a.Labels["severity"], a.Labels["alertname"], a.Annotations["summary"])
	if a.Status != "firing" {
		return first
	}
	return first + indented(a.Annotations["description"]) + indented(a.Annotations["runbook_url"])
}

func indented(text string) string {
	return "         " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n         ") + "\n"
}

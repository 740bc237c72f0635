package standin

import (
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/google/go-containerregistry/pkg/registry"
)

var quietRegistry = registry.Logger(log.New(io.Discard, "", 0))

// hub is a Distribution registry in memory with basic auth, and an nginx in front of it.
type hub struct {
	faults   *Faults
	monitor  *secret
	registry http.Handler
	image    *pulled
	nginx    nginx
	log      *accessLog // of the nginx
	own      *accessLog // of the registry
}

func newHub(f *Faults, monitor *secret, log, own *accessLog) (*hub, error) {
	h := &hub{faults: f, monitor: monitor, registry: registry.New(quietRegistry), log: log, own: own}
	var err error
	h.image, err = fill(h.registry)
	return h, err
}

// failingChecks are the answers of /debug/health while a check fails.
var failingChecks = map[string]string{
	"health-storage": `{"storagedriver_swift":"Timeout expired while waiting for the container"}`,
	"health-redis":   `{"127.0.0.1:6379":"dial tcp 127.0.0.1:6379: connect: connection refused"}`,
}

// front is the nginx in front of the registry.
func (h *hub) front() http.Handler {
	return h.nginx.count(h.log.around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.faults.On("registry-down") {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, "<html><center><h1>502 Bad Gateway</h1></center></html>")
			return
		}
		h.backend().ServeHTTP(w, r)
	})))
}

// backend is the registry behind the front, and writes its log.
func (h *hub) backend() http.Handler { return h.own.around(http.HandlerFunc(h.answer)) }

func (h *hub) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	_, ill := pick(h.faults, failingChecks)
	switch {
	case h.faults.On("v2-html"):
		w.Header().Del("Docker-Distribution-Api-Version")
		loginPage(w)
	case ill:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"errors":[{"code":"UNAVAILABLE","message":"service unavailable","detail":"health check failed: please see /debug/health"}]}`)
	case !h.monitor.letsIn(r, "monitor"):
		w.Header().Set("WWW-Authenticate", `Basic realm="hub"`)
		apiError(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	default:
		h.onStore(w, r)
	}
}

// debug is Distribution's debug server.
func (h *hub) debug() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		checks, ill := pick(h.faults, failingChecks)
		if !ill {
			fmt.Fprint(w, "{}")
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, checks)
	})
	mux.HandleFunc("GET /debug/vars", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"registry":{"cache":{"storage":{"blobdescriptor":{}}},"notifications":{"endpoints":[{"name":"scanner","Metrics":{"Pending":2}}]}}}`)
	})
	return mux
}

func (h *hub) nginxStatus() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /nginx_status", h.nginx.status)
	return h.nginx.count(mux)
}

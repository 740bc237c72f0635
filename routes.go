package main

import (
	"fmt"
	"net/http"
	"net/http/pprof"

	"registry_exporter/collector"
)

// routes are all pages. A browser that another site sent here may read them, and change nothing.
func routes(f *flags, e *collector.Exporter, books http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", e.ServeStatus)
	mux.HandleFunc("GET /metrics", e.ServeMetrics)
	mux.HandleFunc("GET /probe", e.ServeProbe)
	mux.HandleFunc("GET /sd", e.ServeDiscovery)
	mux.HandleFunc("GET /config", e.ServeConfig)
	mux.Handle("GET /runbooks/", http.StripPrefix("/runbooks/", books))
	mux.HandleFunc("POST /-/reload", reload(f, e))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })
	if f.pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

// reload refuses to reload without --web.enable-lifecycle: whoever reaches the port could do it.
func reload(f *flags, e *collector.Exporter) http.HandlerFunc {
	if f.lifecycle {
		return e.ServeReload
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "reloading over HTTP is off: start the exporter with --web.enable-lifecycle, or send it HUP", http.StatusForbidden)
	}
}

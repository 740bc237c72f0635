package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"net/url"
	"strings"

	"registry_exporter/collector"
)

// A route is one page. docs/security.md has a row for each.
type route struct {
	pattern string
	handler http.HandlerFunc
}

// routes are all pages. They answer 403 to a POST that a browser sends for another site.
func routes(f *flags, e *collector.Exporter, books http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, r := range pages(f, e, books) {
		mux.HandleFunc(r.pattern, r.handler)
	}
	return http.NewCrossOriginProtection().Handler(withHeaders(mux))
}

func pages(f *flags, e *collector.Exporter, books http.Handler) []route {
	all := []route{
		{"GET /{$}", forPeople(f, e.ServeStatus)},
		{"GET /metrics", e.ServeMetrics},
		{"GET /probe", probe(f, e)},
		{"GET /sd", e.ServeDiscovery},
		{"GET /config", forPeople(f, underOwnName(f, e.ServeConfig))},
		{"GET /runbooks/", http.StripPrefix("/runbooks/", books).ServeHTTP},
		{"POST /-/reload", underOwnName(f, reload(f, e))},
		{"GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") }},
		{"GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") }},
	}
	if f.pprof {
		all = append(all,
			route{"GET /debug/pprof/", pprof.Index}, route{"GET /debug/pprof/cmdline", pprof.Cmdline},
			route{"GET /debug/pprof/profile", pprof.Profile}, route{"GET /debug/pprof/symbol", pprof.Symbol},
			route{"GET /debug/pprof/trace", pprof.Trace})
	}
	return all
}

// withHeaders adds headers: browsers run no script of a page, show it in no frame, guess no type, and cache nothing.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// forPeople serves a page for people. With --web.public=metrics, which leaves the pages for machines alone, it answers 403.
func forPeople(f *flags, page http.HandlerFunc) http.HandlerFunc {
	if f.public != publicMetrics {
		return page
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not shown: the exporter runs with --web.public=metrics", http.StatusForbidden)
	}
}

// probe is /probe. With --web.public=metrics, debug=true is answered with 403.
func probe(f *flags, e *collector.Exporter) http.HandlerFunc {
	debug := forPeople(f, e.ServeProbe)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("debug") {
			debug(w, r)
			return
		}
		e.ServeProbe(w, r)
	}
}

// underOwnName serves a page only when the Host header is an address or one of the exporter's names. Otherwise a foreign page, whose
// name leads to the exporter's address, could read it through a browser (DNS rebinding).
func underOwnName(f *flags, page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !isOwnName(f, strings.Trim(host, "[]")) {
			http.Error(w, "this name is not known here: use the address, or start the exporter with --web.external-url", http.StatusForbidden)
			return
		}
		page(w, r)
	}
}

func isOwnName(f *flags, host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || strings.EqualFold(host, "localhost") || strings.EqualFold(host, hostname()) {
		return true
	}
	for _, listen := range *f.web.WebListenAddresses {
		if own, _, err := net.SplitHostPort(listen); err == nil && own != "" && strings.EqualFold(host, own) {
			return true
		}
	}
	u, err := url.Parse(f.externalURL)
	return err == nil && strings.EqualFold(host, u.Hostname())
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

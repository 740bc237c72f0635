package collector

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
)

// targetGroup is one entry of Prometheus' HTTP service discovery.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// ServeDiscovery is the handler of /sd: a /probe target for every registry, for http_sd_configs.
// Neither registry nor site is a target label: the samples have them already.
func (e *Exporter) ServeDiscovery(w http.ResponseWriter, r *http.Request) {
	groups := []targetGroup{}
	for _, reg := range e.live.Load().registries {
		labels := map[string]string{
			"__metrics_path__": "/probe",
			"__param_registry": reg.name,
			"instance":         reg.instance(),
		}
		if reg.site != "" {
			labels["__param_site"] = reg.site
		}
		if r.TLS != nil {
			labels["__scheme__"] = "https"
		}
		groups = append(groups, targetGroup{[]string{r.Host}, labels})
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(groups); err != nil {
		level.Debug(e.opts.Logger).Log("msg", "client of discovery went away", "err", err)
	}
}

// ServeIndex is the handler of /: links to everything there is to see.
func (e *Exporter) ServeIndex(w http.ResponseWriter, r *http.Request) {
	links := []web.LandingLinks{
		{Address: "/metrics", Text: "Metrics", Description: "of this exporter and, unless switched off, of all registries"},
		{Address: "/sd", Text: "Service discovery", Description: "the registries as probes, for http_sd_configs"},
		{Address: "/config", Text: "Configuration", Description: "what is in force, without secrets"},
		{Address: "/runbooks/", Text: "Runbooks", Description: "what to do when an alert fires"},
	}
	for _, reg := range e.live.Load().registries {
		q := url.Values{"registry": {reg.name}}
		if reg.site != "" {
			q.Set("site", reg.site)
		}
		links = append(links,
			web.LandingLinks{Address: "/probe?" + q.Encode(), Text: reg.instance(), Description: "asks this registry now"},
			web.LandingLinks{Address: "/probe?debug=true&" + q.Encode(), Text: reg.instance() + ", for people", Description: "the same with its log"})
	}
	page, err := web.NewLandingPage(web.LandingConfig{
		Name:        "registry_exporter",
		Description: "Can people pull, can people push, and what is broken underneath",
		Version:     version.Info(),
		Links:       links,
		Profiling:   "false",
	})
	if err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	page.ServeHTTP(w, r)
}

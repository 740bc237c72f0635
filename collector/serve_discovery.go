package collector

import (
	"encoding/json"
	"net/http"

	"github.com/go-kit/log/level"
)

// A targetGroup is one entry of the answer to http_sd_configs of Prometheus.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// ServeDiscovery is the handler of /sd: a target for each registry, for http_sd_configs of Prometheus. Prometheus then
// scrapes /probe?registry=NAME at the address and with the scheme that it asked /sd at. The labels registry and site are
// not among those of the target, since all samples have them. With Options.Name, instance is such as "hub@eqiad/exporter-a":
// two exporters that watch the same registry in one job would else write the same series.
func (e *Exporter) ServeDiscovery(w http.ResponseWriter, r *http.Request) {
	of := ""
	if e.opts.Name != "" {
		of = "/" + e.opts.Name
	}
	groups := []targetGroup{}
	for _, reg := range e.live.Load().registries {
		labels := map[string]string{
			"__metrics_path__": "/probe",
			"__param_registry": reg.name,
			"instance":         reg.instance() + of,
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

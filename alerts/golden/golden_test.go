package golden_test

import (
	"strings"
	"testing"

	"registry_exporter/alerts/golden"
)

func load(t *testing.T) golden.Metrics {
	t.Helper()
	m, err := golden.Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCheck(t *testing.T) {
	m := load(t)
	for name, c := range map[string]struct{ expr, want string }{
		"a metric with its labels":          {`registry_api_up{role="front", site="eqiad"} == 0`, ""},
		"what Prometheus adds":              {`up{job="registry"} == 0 and on (job, instance) registry_exporter_build_info`, ""},
		"what the rules record":             {`max by (registry, site) (registry:front:up)`, ""},
		"an offset and a window":            {`max_over_time(registry_swift_container_objects[1h] offset 1h)`, ""},
		"all metrics of a name":             {`count({__name__=~"registry:threshold:.+"})`, ""},
		"ignoring what only one side has":   {`registry_api_up unless ignoring (role, collector, reason) registry_collector_failure`, ""},
		"a metric that there is not":        {`registry_api_upp`, "there is no metric registry_api_upp"},
		"a name that matches nothing":       {`count({__name__=~"registry:limit:.+"})`, "no metric matches"},
		"a label that the metric has not":   {`registry_api_up{kind="tcp"}`, "registry_api_up has no label kind"},
		"a label that aggregation dropped":  {`max by (address) (max by (registry) (registry_api_up))`, "max groups by address"},
		"a label that the rule dropped":     {`registry:front:up{address="x"}`, "registry:front:up has no label address"},
		"a label that the quantile took":    {`max by (le) (histogram_quantile(0.5, rate(registry_access_duration_seconds_bucket[5m])))`, "max groups by le"},
		"on what one side has not":          {`registry_api_up and on (role) registry_passive`, "on (role): not on both sides"},
		"ignoring what neither side has":    {`registry_api_up and ignoring (kind) registry_api_up`, "ignoring (kind): on neither side"},
		"sides that never match":            {`registry_redis_reachable unless registry_collector_failure`, "the sides have different labels"},
		"something that is no expression":   {`registry_api_up ==`, "unexpected end of input"},
		"a fault deep inside an expression": {`sum(rate(registry_nginx_requests_total[5m])) / scalar(registry_nope)`, "there is no metric registry_nope"},
	} {
		t.Run(name, func(t *testing.T) {
			err := m.Check(c.expr)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestCheckSeries(t *testing.T) {
	m := load(t)
	for name, c := range map[string]struct {
		metric, labels, want string
	}{
		"all labels":        {"registry_collector_success", "registry collector address", ""},
		"a site, a target":  {"registry_collector_success", "registry site collector address job instance", ""},
		"no such metric":    {"registry_success", "registry", "no golden page has the metric registry_success"},
		"a label too many":  {"registry_collector_success", "registry collector address reason", "registry_collector_success has no label reason"},
		"a label too few":   {"registry_collector_success", "registry address", "registry_collector_success must have the label collector"},
		"without registry":  {"registry_collector_success", "collector address", "registry_collector_success must have the label registry"},
		"of the exporter":   {"registry_exporter_web_info", "external_url", ""},
		"site on exporters": {"registry_exporter_web_info", "external_url site", "registry_exporter_web_info has no label site"},
	} {
		t.Run(name, func(t *testing.T) {
			err := m.CheckSeries(c.metric, strings.Fields(c.labels))
			if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNoGoldenPages(t *testing.T) {
	if _, err := golden.Labels(t.TempDir()); err == nil {
		t.Error("no error where there are no golden pages")
	}
}

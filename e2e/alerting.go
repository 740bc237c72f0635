package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"registry_exporter/demo/fast"
)

// addAlerting describes Prometheus with the rules of alerts/, and Alertmanager with the sample of alertmanager/, whose
// receivers are paths of the inbox.
func (s *Stack) addAlerting() error {
	s.inbox = &inbox{open: map[string]notification{}}
	if err := s.serveHere("receiver", s.inbox); err != nil {
		return err
	}
	if err := fast.Write("../alerts", s.dir, address(s.port("receiver"))); err != nil {
		return err
	}
	file := filepath.Join(s.dir, "alertmanager.yml")
	s.add("alertmanager", "prometheus-alertmanager", "--config.file="+file, "--storage.path="+filepath.Join(s.dir, "alertmanager"),
		"--web.listen-address="+address(s.port("alertmanager")), "--cluster.listen-address=")
	return s.addPrometheus()
}

const prometheusConf = `global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}
rule_files: [rules-*.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["%[2]s"]}]}]}
scrape_configs:
- job_name: registry
  http_sd_configs: [{url: "http://%[1]s/sd", refresh_interval: 5s}]
  relabel_configs: [{source_labels: [__param_registry], regex: "x-.*", action: drop}]
- job_name: registry_set_up_wrong
  metrics_path: /probe
  file_sd_configs: [{files: [asked.json]}]
- job_name: registry_exporter
  static_configs: [{targets: ["%[1]s"]}]
`

// addPrometheus describes the Prometheus that finds the registries through /sd.
func (s *Stack) addPrometheus() error {
	if err := s.askAlso(); err != nil {
		return err
	}
	file, err := s.file("prometheus.yml", fmt.Sprintf(prometheusConf, address(s.port("exporter")), address(s.port("alertmanager"))))
	s.add("prometheus", "prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(s.dir, "prometheus"), "--web.listen-address="+address(s.port("prometheus")))
	return err
}

// askAlso makes Prometheus also scrape registries that are set up wrong on purpose. Without names it scrapes none of
// them.
func (s *Stack) askAlso(registries ...string) error {
	targets := []map[string]any{}
	for _, registry := range registries {
		name, site, _ := strings.Cut(registry, "@")
		targets = append(targets, map[string]any{
			"targets": []string{address(s.port("exporter"))},
			"labels":  map[string]string{"__param_registry": name, "__param_site": site, "instance": registry},
		})
	}
	text, err := json.Marshal(targets)
	if err != nil {
		return err
	}
	temporary, err := s.file("asked.tmp", string(text))
	if err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(s.dir, "asked.json"))
}

// An inbox takes the messages of Alertmanager in place of people.
type inbox struct {
	mu   sync.Mutex
	open map[string]notification // by name of the alert, as alertName has it
	all  []string                // the names of all alerts that ever came
}

// A notification is an alert as people got it.
type notification struct {
	summary, description string
	at                   time.Time
}

func (n notification) text() string { return n.summary + " " + n.description }

// ServeHTTP takes Alertmanager's webhook.
func (i *inbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message struct {
		Alerts []struct {
			Status      string            `json:"status"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"alerts"`
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		fmt.Fprintln(os.Stderr, "what Alertmanager sent:", err)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, a := range message.Alerts {
		name := strings.TrimPrefix(r.URL.Path, "/") + " " + alertName(a.Labels)
		switch _, known := i.open[name]; {
		case a.Status == "resolved":
			delete(i.open, name)
		case !known:
			i.all = append(i.all, name)
			i.open[name] = notification{a.Annotations["summary"], a.Annotations["description"], time.Now()}
		}
	}
}

// alertName returns the name of the alert with its registry and site, such as "RegistryDown hub@eqiad".
func alertName(labels map[string]string) string {
	name := labels["alertname"] + " " + labels["registry"]
	if labels["site"] != "" {
		name += "@" + labels["site"]
	}
	return strings.TrimSpace(name)
}

// delivered returns the alerts that people were told of and that are not resolved, each as "RECEIVER ALERT
// REGISTRY@SITE".
func (i *inbox) delivered() map[string]notification {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.open)
}

// everything returns all alerts that people were ever told of.
func (i *inbox) everything() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.all)
}

// A rule is an alert in Prometheus: its `for` in seconds, and what it raises now.
type rule struct {
	Name     string  `json:"name"`
	Duration float64 `json:"duration"`
	Alerts   []struct {
		State  string            `json:"state"`
		Labels map[string]string `json:"labels"`
	} `json:"alerts"`
}

func (s *Stack) rules() ([]rule, error) {
	resp, err := get("http://"+address(s.port("prometheus"))+"/api/v1/rules?type=alert", nil)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []rule `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	if err := json.Unmarshal(resp.body, &answer); err != nil {
		return nil, fmt.Errorf("reading Prometheus' rules: %w", err)
	}
	var all []rule
	for _, group := range answer.Data.Groups {
		all = append(all, group.Rules...)
	}
	return all, nil
}

// raisedBy returns the alerts that are pending or fire. It leaves out a pending alert whose `for` is longer than the
// tests last: promtool tests those.
func raisedBy(rules []rule) []string {
	var names []string
	for _, r := range rules {
		for _, a := range r.Alerts {
			if a.State == "firing" || r.Duration <= fast.Longest.Seconds() {
				names = append(names, alertName(a.Labels))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

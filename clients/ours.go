package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-kit/log"

	"registry_exporter/collector"
	"registry_exporter/collector/source"
)

// ours runs one probe of the exporter, as the command check does. Only this file imports the exporter's packages.
func ours(ctx context.Context, s *site, probe, settings string) result {
	file := filepath.Join(s.dir, "registry_exporter.yml")
	if err := os.WriteFile(file, []byte(s.configuration()+"  "+probe+": "+settings+"\n"), 0o600); err != nil {
		return result{step: "configuration", err: err}
	}
	e, err := collector.New(collector.Options{ConfigFile: file, StateDir: filepath.Join(s.dir, "state"), Name: "judge", Logger: log.NewNopLogger()})
	if err != nil {
		return result{step: "configuration", err: err}
	}
	defer e.Stop()
	defer e.StopProbes() // which saves what has worked
	report, err := e.Check(ctx, nil, nil)
	if err != nil {
		return result{step: "configuration", err: err}
	}
	var r result
	for _, f := range report.Registries[0].Findings {
		r.alerts = append(r.alerts, f.Alert)
		if f.Severity == "critical" && f.State == source.StateFailed {
			r.pages = append(r.pages, f.Alert)
		}
	}
	slices.Sort(r.pages)
	for _, one := range report.Registries[0].Sources {
		if one.Collector != probe || one.Error == "" {
			continue
		}
		r.step, r.reason, r.err = "none", one.Reason, errors.New(one.Error)
		for _, step := range one.Steps {
			if step.State == source.StateFailed {
				words := strings.Fields(step.Step)
				r.step = words[len(words)-1]
				break
			}
		}
	}
	return r
}

// configuration writes the configuration of the site, up to its probe.
func (s *site) configuration() string {
	text := fmt.Sprintf("registries:\n- name: judged\n  url: %s\n  timeout: 6s\n", s.front.URL)
	text += "  realms: [127.0.0.2, 127.0.0.3]\n  stores: [127.0.0.2, 127.0.0.3]\n" // the hosts of token servers and stores
	var access []string
	if user, pass := s.user(); user != "" {
		access = append(access, fmt.Sprintf("basic_auth: {username: %s, password: %s}", user, pass))
	}
	if s.caFile != "" {
		access = append(access, fmt.Sprintf("tls_config: {ca_file: %s}", s.caFile))
	}
	if len(access) > 0 {
		text += "  http: {" + strings.Join(access, ", ") + "}\n"
	}
	return text
}

// every is the interval of the probe, and the longest time that a run may take.
func (s *site) every() string { return (3 * s.patience()).String() }

func oursPull(ctx context.Context, s *site) result {
	settings := "images: [" + repository + ":" + tag + "], every: " + s.every()
	if s.behaviour.platform != "" {
		settings += ", platform: " + s.behaviour.platform
	}
	if s.maxBytes != "" {
		settings += ", max_bytes: " + s.maxBytes
	}
	return ours(ctx, s, "pull", "{"+settings+"}")
}

func oursPush(mode string) func(context.Context, *site) result {
	return func(ctx context.Context, s *site) result {
		return ours(ctx, s, "push", fmt.Sprintf("{repository: %s, every: %s, mode: %s}", canary, s.every(), mode))
	}
}

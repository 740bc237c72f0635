// Package collector asks registries and what they stand on, and turns the answers into metrics.
package collector

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
	"registry_exporter/durable"
)

// Options is what an Exporter needs to know besides its configuration file.
type Options struct {
	ConfigFile  string
	Config      *config.Config // instead of a file
	ExternalURL string         // address that people reach the exporter at
	StateDir    string         // folder of what outlives the process; empty: nothing does
	Name        string         // of this exporter, in what it pushes and writes; empty: that of the host
	// Registries says whether /metrics shows the registries too, or the exporter only.
	Registries bool
	Logger     log.Logger
}

// name is that of the exporter in what it pushes.
func (o *Options) name() string {
	if o.Name != "" {
		return o.Name
	}
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}

func (o *Options) forBuilders(l *ask.Lockout, k *source.Keep) ask.Options {
	return ask.Options{Exporter: o.name(), StateDir: o.StateDir, Lockout: l, Keep: k}
}

// An Exporter holds what is live: the registries of the configuration in force, ready to be asked.
type Exporter struct {
	opts    Options
	live    atomic.Pointer[live]
	lockout ask.Lockout

	reloading  sync.Mutex
	clock      *clock // nil until Start
	companions companions
	scrapes    atomic.Int64
	drain      context.Context
	stop       context.CancelFunc

	self            *prometheus.Registry // all that the exporter says of itself
	web             *prometheus.Registry // of that what every page has
	reloadGood      prometheus.Gauge
	reloadTime      prometheus.Gauge
	scrapesRejected prometheus.Counter
}

// live is what a load of the configuration builds, as a whole or not at all.
type live struct {
	config     *config.Config
	registries []*target
	keep       *source.Keep
}

// New loads the configuration and makes everything ready, or says what is wrong with it.
func New(opts Options) (*Exporter, error) {
	if opts.StateDir != "" {
		if err := durable.Usable(opts.StateDir); err != nil {
			return nil, fmt.Errorf("--state.dir: %w", err)
		}
	}
	e := &Exporter{opts: opts}
	e.drain, e.stop = context.WithCancel(context.Background())
	if err := e.load(); err != nil {
		return nil, err
	}
	e.registerSelf()
	e.reloadGood.Set(1)
	e.reloadTime.SetToCurrentTime()
	return e, nil
}

func (e *Exporter) registerSelf() {
	newGauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	e.reloadGood = newGauge("registry_exporter_config_last_reload_successful",
		"1 if the last load of the configuration succeeded, 0 if it failed and the old one is still in force.")
	e.reloadTime = newGauge("registry_exporter_config_last_reload_success_timestamp_seconds",
		"When the configuration in force was loaded, in seconds since 1970.")
	e.scrapesRejected = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "registry_exporter_scrapes_rejected_total",
		Help: "Scrapes answered with 503 because too many were under way.",
	})
	webInfo := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "registry_exporter_web_info", Help: "Always 1; external_url is where people reach this exporter (--web.external-url).",
		ConstLabels: prometheus.Labels{"external_url": e.opts.ExternalURL},
	})
	webInfo.Set(1)
	e.web = prometheus.NewRegistry()
	e.web.MustRegister(webInfo)
	e.self = prometheus.NewRegistry()
	e.self.MustRegister(webInfo, e.reloadGood, e.reloadTime, e.scrapesRejected,
		versioncollector.NewCollector("registry_exporter"),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

func (e *Exporter) load() error {
	c := e.opts.Config
	if c == nil {
		var err error
		if c, err = config.Load(e.opts.ConfigFile); err != nil {
			return err
		}
	}
	next := &live{config: c, keep: source.NewKeep(nil)}
	if before := e.live.Load(); before != nil {
		next.keep = source.NewKeep(before.keep)
	}
	for i := range c.Registries {
		r, err := newTarget(c, i, &e.opts, &e.lockout, next.keep)
		if err != nil {
			return err
		}
		next.registries = append(next.registries, r)
	}
	e.live.Store(next)
	return nil
}

// Reload takes the configuration file into force. When that fails everything stays as it was.
func (e *Exporter) Reload() error {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	if err := e.load(); err != nil {
		e.reloadGood.Set(0)
		level.Error(e.opts.Logger).Log("msg", "reload failed, the old configuration stays in force", "err", err)
		return err
	}
	if e.clock != nil {
		e.clock.stop()
		e.clock = startClock(e.live.Load().registries)
		e.companions = e.companions.change(e.live.Load().registries)
	}
	e.reloadGood.Set(1)
	e.reloadTime.SetToCurrentTime()
	level.Info(e.opts.Logger).Log("msg", "configuration loaded", "file", e.opts.ConfigFile, "registries", len(e.live.Load().registries))
	return nil
}

// Start starts what runs on a clock of its own, and the readers of logs.
func (e *Exporter) Start() {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	e.clock = startClock(e.live.Load().registries)
	e.companions = e.companions.change(e.live.Load().registries)
}

// StopProbes ends what Start started, and waits until it has cleaned up after itself.
func (e *Exporter) StopProbes() {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	if e.clock != nil {
		e.clock.stop()
		e.clock = nil
	}
	e.companions = e.companions.change(nil)
}

// Stop ends what is still being asked. Pages under way are finished with what was learnt until then.
func (e *Exporter) Stop() { e.stop() }

// ServeReload is the handler of POST /-/reload.
func (e *Exporter) ServeReload(w http.ResponseWriter, _ *http.Request) {
	if err := e.Reload(); err != nil {
		http.Error(w, "reload failed, the old configuration stays in force: "+err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "configuration loaded")
}

// ServeConfig is the handler of /config: the configuration in force, without its secrets.
func (e *Exporter) ServeConfig(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, e.live.Load().config.String())
}

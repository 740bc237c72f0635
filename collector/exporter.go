package collector

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
	"registry_exporter/durable"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
)

// Options are the settings of an Exporter that the configuration file does not have.
type Options struct {
	ConfigFile  string         // path of the configuration; each reload reads it again
	Config      *config.Config // set: the configuration, instead of a file
	ExternalURL string         // where people reach the exporter, such as https://exporter.example.org:10500
	StateDir    string         // folder for state that outlives the process; empty: none does
	StateFrom   string         // without StateDir, that of another process, which knows what worked and what was there: it is only read
	Name        string         // of this exporter, in the images that it pushes, the objects that it writes, and the targets of /sd; empty: the host name, and none in /sd
	MinAge      time.Duration  // a scrape gives again what another has read less than this ago; 0: it always reads
	Registries  bool           // /metrics has the registries; false: the exporter's own metrics only
	Logger      log.Logger
}

// name is Name, or else the host name, or "unknown" where the kernel has none.
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

func (o *Options) forBuilders(l *ask.Lockout, budget *ask.Budget, k *source.Keep, cas *ask.CAs) ask.Options {
	return ask.Options{Exporter: o.name(), StateDir: o.StateDir, StateFrom: o.StateFrom, Lockout: l, Budget: budget, Keep: k, CAs: cas}
}

// An Exporter reads the registries of the configuration in force. All its methods may be called at the same time.
type Exporter struct {
	opts    Options
	live    atomic.Pointer[live]
	lockout ask.Lockout // outlives reloads: it tells which secrets were refused
	budget  *ask.Budget // outlives reloads
	history *history    // outlives reloads

	reloading  sync.Mutex // held by Start, Reload and StopProbes
	clock      *clock     // nil before Start and after StopProbes
	companions companions

	scrapes atomic.Int64       // under way
	clients clients            // who asks for them
	refused refused            // whom the log has named
	drain   context.Context    // ends with Stop
	stop    context.CancelFunc // ends drain

	self            *prometheus.Registry // the exporter's own metrics, on /metrics
	web             *prometheus.Registry // the one of them that /probe has, too
	reloadGood      prometheus.Gauge
	reloadTime      prometheus.Gauge
	scrapesRejected prometheus.Counter
}

// New is an Exporter with the configuration of opts. It asks nobody yet, and runs no probe before Start. The error is
// about opts.StateDir, or names a line of the configuration.
func New(opts Options) (*Exporter, error) {
	if opts.StateDir != "" {
		if err := durable.Usable(opts.StateDir); err != nil {
			return nil, fmt.Errorf("--state.dir: %w", err)
		}
	}
	e := &Exporter{opts: opts, history: newHistory(opts), budget: ask.NewBudget()}
	_, _ = x509.SystemCertPool() // Go reads it once: later there might be no descriptor left for it
	e.drain, e.stop = context.WithCancel(context.Background())
	if err := e.load(); err != nil {
		return nil, err
	}
	e.registerSelf()
	e.reloadGood.Set(1)
	e.reloadTime.SetToCurrentTime()
	return e, nil
}

// Start begins to run the probes of all registries, and to read their logs. They go on until StopProbes.
func (e *Exporter) Start() {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	e.logNotes()
	e.runProbes()
}

// runProbes runs the probes and companions of the configuration in force, and ends all others.
func (e *Exporter) runProbes() {
	registries := e.live.Load().registries
	if e.clock == nil {
		e.clock = startClock(registries)
	} else {
		e.clock.change(registries)
	}
	e.companions = e.companions.change(registries)
}

// StopProbes ends the probes and the readers of logs. It returns when each has taken back what it had begun, such as
// an upload.
func (e *Exporter) StopProbes() {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	if e.clock != nil {
		e.clock.stop()
		e.clock = nil
	}
	e.companions = e.companions.change(nil)
	e.history.stop()
}

// Stop ends the requests of all scrapes under way, at once: their pages have what was answered until then, and
// reason="timeout" for the rest.
func (e *Exporter) Stop() { e.stop() }

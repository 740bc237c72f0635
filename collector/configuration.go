package collector

import (
	"fmt"
	"net/http"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"

	"github.com/go-kit/log/level"
)

// A live is a configuration and all that is built from it. A load replaces it as a whole, or not at all; a scrape goes
// on with the one that it began with.
type live struct {
	config     *config.Config
	registries []*target // in the order of the configuration
	keep       *source.Keep
}

// load reads the configuration and makes it the one in force. With an error the one before stays.
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
	builders := e.opts.forBuilders(&e.lockout, e.budget, next.keep, ask.NewCAs())
	for i := range c.Registries {
		r, err := newTarget(c, i, builders, e.history)
		if err != nil {
			return err
		}
		next.registries = append(next.registries, r)
	}
	e.live.Store(next)
	return nil
}

// Notes are what people should know of the configuration in force, though it is right.
func (e *Exporter) Notes() []string { return e.live.Load().config.Notes() }

// logNotes puts them into the log.
func (e *Exporter) logNotes() {
	for _, note := range e.Notes() {
		level.Info(e.opts.Logger).Log("msg", "note on the configuration", "note", note)
	}
}

// Reload reads the configuration file again. After an error, which names the line, the configuration before stays in
// force. Results of probes that the new configuration has too are kept.
func (e *Exporter) Reload() error {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	return e.reload()
}

// reload is Reload with e.reloading locked.
func (e *Exporter) reload() error {
	if err := e.load(); err != nil {
		e.reloadGood.Set(0)
		level.Error(e.opts.Logger).Log("msg", "reload failed, the old configuration stays in force", "err", err)
		return err
	}
	e.lockout.Retry()
	if e.clock != nil {
		e.runProbes()
	}
	e.reloadGood.Set(1)
	e.reloadTime.SetToCurrentTime()
	e.logNotes()
	level.Info(e.opts.Logger).Log("msg", "configuration loaded", "file", e.opts.ConfigFile, "registries", len(e.live.Load().registries))
	return nil
}

// ServeReload is the handler of POST /-/reload. It answers 500 with the error when the reload fails, and 503 at once while
// another is under way.
func (e *Exporter) ServeReload(w http.ResponseWriter, _ *http.Request) {
	if !e.reloading.TryLock() {
		http.Error(w, "a reload is under way: ask again when it has ended", http.StatusServiceUnavailable)
		return
	}
	defer e.reloading.Unlock()
	if err := e.reload(); err != nil {
		http.Error(w, "reload failed, the old configuration stays in force: "+err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "configuration loaded")
}

// ServeConfig is the handler of /config: the configuration in force as YAML, with <secret> for each secret.
func (e *Exporter) ServeConfig(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, e.live.Load().config.String())
}

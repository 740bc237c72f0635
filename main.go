// The registry_exporter tells Prometheus whether people can pull from and push to private container
// registries, and what is broken underneath when they cannot.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"registry_exporter/collector"
	"registry_exporter/runbooks"
)

// On TERM scrapes under way may go on for drainTime, and the process ends after stopTime at the latest.
const (
	drainTime = 8 * time.Second
	stopTime  = 9500 * time.Millisecond
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The commands of the exporter. Without one it serves.
const (
	commandServe       = "serve"
	commandHealthcheck = "healthcheck"
	commandCheck       = "check"
	commandNode        = "node"
)

// The values of --web.public: metrics leaves out the pages for people.
const (
	publicAll     = "all"
	publicMetrics = "metrics"
)

type flags struct {
	command     string
	configFile  string
	check       bool
	externalURL string
	registries  bool
	minAge      time.Duration
	stateDir    string
	name        string
	pprof       bool
	lifecycle   bool
	public      string
	logLevel    string
	logFormat   string
	web         *web.FlagConfig
	report      checkFlags
	node        nodeFlags
}

func parseFlags(args []string, stdout, stderr io.Writer) (*flags, error) {
	f := &flags{}
	app := kingpin.New("registry_exporter", "A Prometheus exporter for private container registries and everything they stand on.")
	app.DefaultEnvars()
	app.UsageWriter(stdout).ErrorWriter(stderr)
	app.Version(version.Print("registry_exporter"))
	app.HelpFlag.Short('h').NoEnvar()
	app.VersionFlag.NoEnvar() // an image may well say REGISTRY_EXPORTER_VERSION=1.0.0
	app.Flag("config.file", "File that describes the registries.").Default("registry_exporter.yml").StringVar(&f.configFile)
	app.Flag("config.check", "Check the configuration and everything it names, then exit.").BoolVar(&f.check)
	app.Flag("web.external-url", "Address that people reach this exporter at, for links in alerts.").PlaceHolder("URL").StringVar(&f.externalURL)
	app.Flag("web.metrics-registries", "Show the registries on /metrics too, not only on /probe.").Default("true").BoolVar(&f.registries)
	app.Flag("web.min-age", "Scrapes within this time of each other share a reading, as those of two Prometheis; 0s: each scrape reads.").Default("5s").DurationVar(&f.minAge)
	app.Flag("web.enable-lifecycle", "Reload the configuration on POST /-/reload too, not only on HUP.").BoolVar(&f.lifecycle)
	app.Flag("web.public", "Pages for whoever reaches the port: all, or metrics, which leaves out /, /config and the log of /probe?debug=true.").Default(publicAll).EnumVar(&f.public, publicAll, publicMetrics)
	app.Flag("web.enable-pprof", "Serve profiles of the exporter under /debug/pprof/.").BoolVar(&f.pprof)
	app.Flag("state.dir", "Folder of what outlives the exporter: uploads to cancel, names of images with digests, counters of access logs and positions in them, when each source worked last. No password. Without it nothing is kept.").PlaceHolder("DIR").StringVar(&f.stateDir)
	app.Flag("exporter.name", "Name of this exporter: in the tags it pushes and the objects it writes, which stays when it is started anew (default: that of the host), and, where set, in the label instance of /sd.").PlaceHolder("NAME").StringVar(&f.name)
	app.Flag("log.level", "Only log messages of this severity or above: debug, info, warn or error.").Default("info").EnumVar(&f.logLevel, "debug", "info", "warn", "error")
	app.Flag("log.format", "Form of the log: logfmt or json.").Default("logfmt").EnumVar(&f.logFormat, "logfmt", "json")
	f.web = kingpinflag.AddFlags(app, ":10500")
	app.Command(commandServe, "Serve metrics: what is done without a command.").Default()
	app.Command(commandHealthcheck, "Ask the exporter that runs with these flags whether it is alive, then exit.")
	f.report.add(app.Command(commandCheck, "Ask registries once, and everything they stand on, and tell what is wrong and what to do."))
	f.node.add(app.Command(commandNode, "On a node: tell whether its runtimes (docker, containerd, podman, CRI-O, k3s, RKE2) would pull from registries, and what mends it."))
	var err error
	if f.command, err = app.Parse(args); err != nil {
		return nil, err
	}
	f.externalURL, err = externalURL(f)
	return f, err
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "registry_exporter: %s; see --help\n", err)
		return 1
	}
	switch f.command {
	case commandHealthcheck:
		return healthcheck(f, stdout, stderr)
	case commandCheck:
		return check(f, stdin, stdout, stderr)
	case commandNode:
		return lookAtNode(f, stdout, stderr)
	}
	limitMemory()
	logger := newLogging(f.logLevel, f.logFormat, stderr)
	exporter, err := collector.New(collector.Options{
		ConfigFile: f.configFile, ExternalURL: f.externalURL, StateDir: f.stateDir, Name: f.name, Registries: f.registries, MinAge: f.minAge, Logger: logger.own,
	})
	if err == nil {
		err = web.Validate(*f.web.WebConfigFile)
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "registry_exporter: %s\n", err)
		return 1
	case f.check:
		fmt.Fprintf(stdout, "%s: all good\n", f.configFile)
		for _, note := range exporter.Notes() {
			fmt.Fprintf(stdout, "note: %s\n", note)
		}
		return 0
	}
	if err := serve(f, exporter, logger); err != nil {
		level.Error(logger.own).Log("msg", "cannot serve", "err", err)
		return 1
	}
	return 0
}

// requestTime is longer than any scrape takes, and its page.
const requestTime = 3 * time.Minute

// newServer bounds how long a client may take to send a request, to read the answer, and to send or read nothing; and how many
// clients there are.
func newServer(handler http.Handler, logger logging) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          logger.server,
	}
	(&connections{stall: stallTime}).bound(server)
	return server
}

// serve answers until INT or TERM, then finishes what is under way. Nothing runs before it listens: a second exporter on the same port
// asks no registry, and takes no port of a log.
func serve(f *flags, e *collector.Exporter, logger logging) error {
	books, err := runbooks.New(known(f, e))
	if err != nil {
		return err
	}
	stopping, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := newServer(routes(f, e, books), logger)
	listens := whenItListens(server)
	defer reloadOnHangup(e)()
	served := make(chan error, 1)
	level.Info(logger.own).Log("msg", "starting", "version", version.Version, "config", f.configFile)
	go func() { served <- web.ListenAndServe(server, f.web, logger.toolkit) }()
	select {
	case err = <-served:
		return err
	case <-stopping.Done():
		return nil
	case <-listens:
		e.Start()
	}
	select {
	case err = <-served:
	case <-stopping.Done():
		level.Info(logger.own).Log("msg", "stopping: scrapes under way are finished")
	}
	defer time.AfterFunc(drainTime, e.Stop).Stop()
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	defer atMost(ctx, e.StopProbes)()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping: %w", err)
	}
	return err
}

// whenItListens is closed when the server listens on all of its addresses.
func whenItListens(server *http.Server) <-chan struct{} {
	listens := make(chan struct{})
	var once sync.Once
	server.BaseContext = func(net.Listener) context.Context {
		once.Do(func() { close(listens) })
		return context.Background()
	}
	return listens
}

// atMost starts do. The function that it returns waits until do or ctx ends: do may hang in a file system, which no context ends.
func atMost(ctx context.Context, do func()) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	return func() {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
}

// reloadOnHangup reloads the configuration on every HUP until the function it returns is called.
func reloadOnHangup(e *collector.Exporter) (end func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for range hangup {
			_ = e.Reload() // Reload has logged the error
		}
	}()
	return func() { signal.Stop(hangup); close(hangup) }
}

// The demo runs a registry, with all the systems under it, and the exporter beside it. People can break each part.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"registry_exporter/demo/child"
	"registry_exporter/demo/standin"
)

func main() {
	// HUP stops the demo as well, so that no child is left behind. When nobody reads stdout, writing to it fails.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Ignore(syscall.SIGPIPE)
	o := options{
		hung:     13 * time.Second, // as measured on a real cluster
		timeouts: standin.Timeouts{Registry: 10 * time.Second, MSR: 15 * time.Second, Every: 5 * time.Second, Reread: time.Minute},
	}
	flag.StringVar(&o.exporter, "exporter", "../registry_exporter", "the exporter to start")
	flag.StringVar(&o.fixtures, "fixtures", "../collector/msr/testdata/rethinkdb", "folder of the RethinkDB tables")
	flag.StringVar(&o.exporterListen, "exporter.listen", "127.0.0.1:10500", "where the exporter listens")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:10501", "where faults are switched")
	flag.StringVar(&o.alerts, "alerts", "", "folder of the alerts, beside that of alertmanager: runs Prometheus and Alertmanager with them, where Debian's are installed")
	flag.StringVar(&o.prometheusListen, "prometheus.listen", "127.0.0.1:10503", "where Prometheus listens then")
	flag.StringVar(&o.alertmanagerListen, "alertmanager.listen", "127.0.0.1:10504", "where Alertmanager listens then")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	exporter, fixtures                   string
	exporterListen, listen               string
	alerts                               string
	prometheusListen, alertmanagerListen string
	hung                                 time.Duration
	timeouts                             standin.Timeouts
}

// run runs the demo until ctx ends or the exporter dies.
func run(ctx context.Context, o options, out io.Writer) error {
	free, err := listen(o.exporterListen, "--exporter.listen")
	if err != nil {
		return err
	}
	free.Close() // the exporter takes it in a moment
	dir, err := os.MkdirTemp("", "registry_exporter_demo")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	stack, err := standin.Start(standin.Options{Fixtures: o.fixtures, Dir: dir, Hung: o.hung, Timeouts: o.timeouts})
	if err != nil {
		return err
	}
	defer stack.Close()
	endControl, err := serveControl(o.listen, stack)
	if err != nil {
		return err
	}
	defer endControl()
	return watch(ctx, o, stack, out)
}

// watch runs the exporter until ctx ends or the exporter dies.
func watch(ctx context.Context, o options, stack *standin.Stack, out io.Writer) error {
	program, err := filepath.Abs(o.exporter)
	if err != nil {
		return fmt.Errorf("finding the exporter: %w", err)
	}
	exporter, err := child.Start(out, program, "--config.file="+stack.ConfigFile(), "--web.listen-address="+o.exporterListen, "--web.min-age=0s")
	if err != nil {
		return fmt.Errorf("%w (make build makes it)", err)
	}
	defer exporter.Stop()
	switch err := exporter.WaitFor(ctx, "http://"+o.exporterListen+"/-/ready"); {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("the exporter does not get ready: %w", err)
	}
	if err := greet(out, o, stack); err != nil {
		return fmt.Errorf("telling what there is: %w", err)
	}
	endAlerting, err := startAlerting(o, filepath.Dir(stack.ConfigFile()), out)
	if err != nil {
		return err
	}
	defer endAlerting()
	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "\nStopping.")
		return nil
	case <-exporter.Ended():
		return fmt.Errorf("the exporter died: %w", exporter.Err())
	}
}

// listen listens at an address. When the address is taken, the error says which option to set.
func listen(address, option string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; stop what listens there, or choose another address with %s=127.0.0.1:PORT", address, err, option)
	}
	return l, nil
}

func serveControl(address string, stack *standin.Stack) (end func(), err error) {
	l, err := listen(address, "--listen")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: stack.Control(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	return func() { server.Close() }, nil
}

func greet(out io.Writer, o options, stack *standin.Stack) error {
	_, err := fmt.Fprintf(out, `
Two registries run here, the exporter watches them:
%[3]s
Open   http://%[1]s/                                            what there is
       http://%[1]s/metrics                                     everything
       http://%[1]s/probe?registry=msr&site=eqiad&debug=true    one registry, for people

Break  curl -X POST   http://%[2]s/faults/replica-refuses
Mend   curl -X DELETE http://%[2]s/faults/replica-refuses
List   curl http://%[2]s/

Watch what fails:  curl -s http://%[1]s/metrics | grep registry_collector_failure
Ctrl-C ends it.

`, o.exporterListen, o.listen, stack.Parts())
	return err
}

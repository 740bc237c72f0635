package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"registry_exporter/demo/child"
	"registry_exporter/demo/fast"
	"registry_exporter/demo/notices"
)

// alertingPrograms are Prometheus and Alertmanager, by the names that they have in Debian.
var alertingPrograms = [...]string{"prometheus", "prometheus-alertmanager"}

const prometheusConfig = `global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}
rule_files: [rules-*.yml]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs: [{job_name: registry, static_configs: [{targets: [%q]}]}]
`

// startAlerting runs Debian's Prometheus and Alertmanager beside the exporter. The rules are those of alerts/, ten times
// as fast. It writes the notifications to out. When a program is missing, it says what to install.
func startAlerting(o options, dir string, out io.Writer) (end func(), err error) {
	nothing := func() {}
	if o.alerts == "" {
		return nothing, nil
	}
	var programs [len(alertingPrograms)]string
	for i, name := range alertingPrograms {
		if programs[i], err = exec.LookPath(name); err != nil {
			fmt.Fprintln(out, "No alerts: for them, apt-get install prometheus prometheus-alertmanager")
			return nothing, nil
		}
	}
	for option, address := range map[string]string{"--prometheus.listen": o.prometheusListen, "--alertmanager.listen": o.alertmanagerListen} {
		free, err := listen(address, option)
		if err != nil {
			return nothing, err
		}
		free.Close() // the program takes it in a moment
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nothing, fmt.Errorf("listening for alerts: %w", err)
	}
	receiver := &http.Server{Handler: notices.Handler(out), ReadTimeout: 10 * time.Second}
	go func() { _ = receiver.Serve(l) }() // ends with Close
	var ends []func()
	end = func() {
		for _, e := range ends {
			e()
		}
		receiver.Close()
	}
	if err := fast.Write(o.alerts, dir, l.Addr().String()); err != nil {
		end()
		return nothing, err
	}
	config := fmt.Sprintf(prometheusConfig, o.alertmanagerListen, o.exporterListen)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o644); err != nil {
		end()
		return nothing, fmt.Errorf("writing Prometheus' configuration: %w", err)
	}
	for _, argv := range alertingCommands(o, dir, programs) {
		c, err := child.Start(out, argv[0], argv[1:]...)
		if err != nil {
			end()
			return nothing, err
		}
		ends = append(ends, c.Stop)
	}
	fmt.Fprintf(out, `Alerts are shown here as they reach people, ten times as fast as they ship:
       http://%s/alerts    Prometheus
       http://%s/          Alertmanager

`, o.prometheusListen, o.alertmanagerListen)
	return end, nil
}

// alertingCommands returns the command lines of Alertmanager and Prometheus, whose files are in dir.
func alertingCommands(o options, dir string, programs [2]string) [][]string {
	return [][]string{
		{
			programs[1], "--config.file=" + filepath.Join(dir, "alertmanager.yml"), "--storage.path=" + filepath.Join(dir, "alertmanager"),
			"--web.listen-address=" + o.alertmanagerListen, "--cluster.listen-address=", "--log.level=error",
		},
		{
			programs[0], "--config.file=" + filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(dir, "prometheus"),
			"--web.listen-address=" + o.prometheusListen, "--log.level=error",
		},
	}
}

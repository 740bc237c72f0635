package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/demo/standin"
)

// names are all metrics of registries and of the exporter itself.
var names = []string{
	"registry_access_bytes_total",
	"registry_access_duration_seconds",
	"registry_access_empty_pulls_total",
	"registry_access_folded_operations_total",
	"registry_access_folded_projects",
	"registry_access_incomplete_pulls_total",
	"registry_access_last_line_timestamp_seconds",
	"registry_access_layers_total",
	"registry_access_lines_total",
	"registry_access_log_lag_bytes",
	"registry_access_log_lag_seconds",
	"registry_access_log_position_bytes",
	"registry_access_lost_bytes_total",
	"registry_access_operations_total",
	"registry_access_own_requests_total",
	"registry_access_projects",
	"registry_access_requests_total",
	"registry_access_slow_layers_total",
	"registry_access_transfer_seconds_total",
	"registry_access_upload_lost_total",
	"registry_api_auth",
	"registry_api_authorized",
	"registry_api_phase_seconds",
	"registry_api_status_code",
	"registry_api_token_success",
	"registry_api_up",
	"registry_collector_duration_seconds",
	"registry_collector_success",
	"registry_distribution_info",
	"registry_exporter_build_info",
	"registry_exporter_config_last_reload_success_timestamp_seconds",
	"registry_exporter_config_last_reload_successful",
	"registry_exporter_overloaded_total",
	"registry_exporter_requests_in_flight",
	"registry_exporter_requests_waiting",
	"registry_exporter_scrapes_rejected_total",
	"registry_exporter_web_info",
	"registry_health_ok",
	"registry_log_lag_bytes",
	"registry_log_lag_seconds",
	"registry_log_last_line_timestamp_seconds",
	"registry_log_lines_total",
	"registry_log_lost_bytes_total",
	"registry_log_own_requests_total",
	"registry_log_panics_total",
	"registry_log_position_bytes",
	"registry_log_redis_errors_total",
	"registry_log_requests_total",
	"registry_msr_ca_expiry_timestamp_seconds",
	"registry_msr_ca_signed_served",
	"registry_msr_cron_interval_seconds",
	"registry_msr_cron_next_run_timestamp_seconds",
	"registry_msr_current_issues",
	"registry_msr_gc_lock_held",
	"registry_msr_job_failed_in_a_row",
	"registry_msr_job_failures_total",
	"registry_msr_job_last_failure_timestamp_seconds",
	"registry_msr_job_last_success_timestamp_seconds",
	"registry_msr_jobs",
	"registry_msr_jobs_interval_seconds",
	"registry_msr_jobs_last_run_timestamp_seconds",
	"registry_msr_jobs_oldest_waiting_timestamp_seconds",
	"registry_msr_jobs_step_success",
	"registry_msr_jobs_window_start_timestamp_seconds",
	"registry_msr_ping_component_failing",
	"registry_msr_ping_healthy",
	"registry_msr_replica_health",
	"registry_msr_replica_readonly",
	"registry_msr_replica_timestamp_seconds",
	"registry_msr_scanner_db_update_failed",
	"registry_msr_scanner_db_update_timestamp_seconds",
	"registry_msr_scanner_enabled",
	"registry_msr_scanner_updating",
	"registry_msr_server_cache_bytes",
	"registry_msr_server_client_connections",
	"registry_msr_server_connected",
	"registry_msr_server_disk_bytes",
	"registry_msr_server_queries_total",
	"registry_msr_server_read_docs_total",
	"registry_msr_server_replicas",
	"registry_msr_server_start_timestamp_seconds",
	"registry_msr_server_up",
	"registry_msr_server_written_docs_total",
	"registry_msr_table_availability",
	"registry_msr_table_replicas",
	"registry_msr_worker_up",
	"registry_nginx_connections",
	"registry_nginx_connections_accepted_total",
	"registry_nginx_connections_active",
	"registry_nginx_connections_handled_total",
	"registry_nginx_requests_total",
	"registry_passive",
	"registry_pull_bytes",
	"registry_pull_first_byte_seconds",
	"registry_pull_interval_seconds",
	"registry_pull_last_run_timestamp_seconds",
	"registry_pull_layers",
	"registry_pull_layers_unverified",
	"registry_pull_layers_verified",
	"registry_pull_layers_verified_timestamp_seconds",
	"registry_pull_step_seconds",
	"registry_pull_step_success",
	"registry_pull_success",
	"registry_push_bytes",
	"registry_push_interval_seconds",
	"registry_push_last_run_timestamp_seconds",
	"registry_push_step_seconds",
	"registry_push_step_success",
	"registry_push_success",
	"registry_redis_clients",
	"registry_redis_evicted_keys_total",
	"registry_redis_info",
	"registry_redis_keyspace_hits_total",
	"registry_redis_keyspace_misses_total",
	"registry_redis_memory_max_bytes",
	"registry_redis_memory_used_bytes",
	"registry_redis_ping_seconds",
	"registry_redis_reachable",
	"registry_redis_rejected_connections_total",
	"registry_swift_container_bytes",
	"registry_swift_container_objects",
	"registry_swift_probe_interval_seconds",
	"registry_swift_probe_last_run_timestamp_seconds",
	"registry_swift_probe_step_seconds",
	"registry_swift_reachable",
	"registry_swift_read_success",
	"registry_swift_step_seconds",
	"registry_swift_write_success",
	"registry_tls_ca_expiry_timestamp_seconds",
	"registry_tls_expiry_timestamp_seconds",
	"registry_tls_name_covered",
	"registry_tls_start_timestamp_seconds",
	"registry_tls_trusted_by",
	"registry_tls_verified",
	"registry_trust_changes_by_repository_total",
	"registry_trust_changes_total",
	"registry_trust_cursor_lost_total",
	"registry_trust_interval_seconds",
	"registry_trust_last_change_timestamp_seconds",
	"registry_trust_last_run_timestamp_seconds",
	"registry_trust_read_success",
	"registry_webhook_errors_total",
	"registry_webhook_failures_total",
	"registry_webhook_pending",
}

// namesOfFaults are metrics that a page has only while something is broken.
var namesOfFaults = []string{"registry_collector_failure", "registry_collector_worked_before", "registry_health_check_failing", "registry_log_errors_total", "registry_log_repository_errors_total", "registry_msr_jobs_failure", "registry_pull_content_bad", "registry_pull_failure", "registry_push_failure", "registry_trust_deletion_timestamp_seconds"}

func TestDemo(t *testing.T) {
	d := startDemo(t)
	t.Run("every name is on the page", d.testNames)
	t.Run("faults are listed", d.testList)
	t.Run("an unknown fault is refused", d.testUnknownFault)
	t.Run("every fault shows and mends", d.testFaults)
}

func (d *runningDemo) testNames(t *testing.T) {
	p := d.scrapeUntil(t, func(p page) bool { return p.isHealthy() && slices.Equal(p.names(), names) })
	p.wantHealthy(t)
	if got := p.names(); !slices.Equal(got, names) {
		t.Errorf("names on the page:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(names, "\n"))
	}
}

func (d *runningDemo) testFaults(t *testing.T) {
	healthy := d.scrapeUntil(t, page.isHealthy)
	if len(changes) != len(standin.Table) {
		t.Errorf("%d faults have changes, want %d", len(changes), len(standin.Table))
	}
	ill := map[string]bool{}
	for _, fault := range standin.Table {
		t.Run(fault.Name, func(t *testing.T) {
			d.request(t, http.MethodPost, d.fault(fault.Name))
			broken := d.scrapeUntil(t, func(p page) bool { return p.changed(t, fault.Name) })
			d.request(t, http.MethodDelete, d.fault(fault.Name))
			wantChanges(t, fault.Name, healthy, broken)
			for _, name := range broken.names() {
				ill[name] = true
			}
			d.scrapeUntil(t, page.isHealthy).wantHealthy(t)
		})
	}
	for _, name := range namesOfFaults {
		if !ill[name] {
			t.Errorf("no fault brought %s onto the page", name)
		}
	}
}

func changesOf(fault string) []string {
	lines := strings.Split(strings.TrimSpace(changes[fault]), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return lines
}

// changed says whether all changes of a fault have come. A probe shows its change at its next run.
func (p page) changed(t *testing.T, fault string) bool {
	for _, line := range changesOf(fault) {
		if !p.holds(t, line) {
			return false
		}
	}
	return true
}

func wantChanges(t *testing.T, fault string, healthy, broken page) {
	t.Helper()
	for _, line := range changesOf(fault) {
		if !broken.holds(t, line) {
			t.Errorf("not so with the fault on: %s", line)
		}
		if healthy.holds(t, line) {
			t.Errorf("so without the fault, too: %s", line)
		}
	}
}

func (d *runningDemo) testList(t *testing.T) {
	d.request(t, http.MethodPost, d.fault("gc-running"))
	defer d.request(t, http.MethodDelete, d.fault("gc-running"))
	list := d.request(t, http.MethodGet, "http://"+d.control+"/")
	for _, fault := range standin.Table {
		mark := " "
		if fault.Name == "gc-running" {
			mark = "*"
		}
		if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(mark+" "+fault.Name) + ` +\S`).MatchString(list) {
			t.Errorf("not listed as %q %s in:\n%s", mark, fault.Name, list)
		}
	}
}

func (d *runningDemo) testUnknownFault(t *testing.T) {
	resp, err := http.Post(d.fault("nonsense"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d, want 404", resp.StatusCode)
	}
}

func TestAnExporterThatDiesEndsTheDemo(t *testing.T) {
	o := testOptions(t)
	o.exporter = filepath.Join(t.TempDir(), "exporter")
	if err := os.WriteFile(o.exporter, []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), o, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error %v, want one that says exit status 3", err)
	}
}

func TestATakenPortIsToldWithItsFlag(t *testing.T) {
	for option, take := range map[string]func(*options) string{
		"--exporter.listen": func(o *options) string { return o.exporterListen },
		"--listen":          func(o *options) string { return o.listen },
	} {
		t.Run(option, func(t *testing.T) {
			o := testOptions(t)
			taken, err := listen(take(&o), "")
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			err = run(t.Context(), o, io.Discard)
			if err == nil || !strings.Contains(err.Error(), "with "+option+"=") {
				t.Errorf("error %v, want one that names %s", err, option)
			}
		})
	}
}

func (p page) names() []string {
	var all []string
	for name := range maps.Keys(p) {
		if strings.HasPrefix(name, "registry_") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// A runningDemo is a demo that is ready.
type runningDemo struct {
	exporter, control string
	parts             map[string]string // by port
}

func (d *runningDemo) fault(name string) string { return "http://" + d.control + "/faults/" + name }

func startDemo(t *testing.T) *runningDemo {
	t.Helper()
	o := testOptions(t)
	o.exporter = buildExporter(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, o, in)
		in.CloseWithError(errors.Join(errors.New("the demo ended"), err))
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with: %s", err)
		}
	})
	d := &runningDemo{exporter: o.exporterListen, control: o.listen, parts: readGreeting(t, bufio.NewScanner(out))}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the demo
	return d
}

var partLine = regexp.MustCompile(`^  (\S.*?) +\w+://127\.0\.0\.1:(\d+)$`)

// readGreeting reads the output of the demo until it is ready, and returns the address of each part.
func readGreeting(t *testing.T, lines *bufio.Scanner) map[string]string {
	t.Helper()
	parts := map[string]string{}
	for lines.Scan() {
		if m := partLine.FindStringSubmatch(lines.Text()); m != nil {
			parts[m[2]] = m[1]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			return parts
		}
	}
	t.Fatalf("no greeting: %v", lines.Err())
	return nil
}

// testOptions has timeouts that a healthy stand-in keeps on a slow machine, too.
func testOptions(t *testing.T) options {
	t.Helper()
	free := freeAddresses(t)
	return options{
		exporter: "true", fixtures: "../collector/msr/testdata/rethinkdb",
		exporterListen: free[0], listen: free[1], prometheusListen: free[2], alertmanagerListen: free[3],
		hung:     800 * time.Millisecond,
		timeouts: standin.Timeouts{Registry: 5 * time.Second, MSR: 10 * time.Second, Every: 2 * time.Second, Reread: time.Second},
	}
}

// freeAddresses returns addresses that no other program uses: others take ports of 127.0.0.1.
func freeAddresses(t *testing.T) (addresses [4]string) {
	t.Helper()
	own := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	for i := range addresses {
		l, err := net.Listen("tcp", own)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses[i] = l.Addr().String()
	}
	return addresses
}

func buildExporter(t *testing.T) string { return build(t, "..") }

// build builds the program of a folder.
func build(t *testing.T, folder string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %s\n%s", folder, err, out)
	}
	return file
}

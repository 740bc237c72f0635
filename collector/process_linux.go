package collector

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/procfs"
)

// A processCollector tells of this process what client_golang's collector does, in a tenth of the time: it reads once
// what never changes, and leaves out the traffic, which is that of all processes on the same network.
type processCollector struct {
	proc                    procfs.Proc
	fixed                   []prometheus.Metric
	cpu, memory, rss, files *prometheus.Desc
}

func newProcessCollector() (prometheus.Collector, error) {
	proc, err := procfs.Self()
	if err != nil {
		return nil, fmt.Errorf("finding this process in /proc: %w", err)
	}
	stat, err := proc.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading /proc/self/stat: %w", err)
	}
	start, err := stat.StartTime()
	if err != nil {
		return nil, fmt.Errorf("reading /proc/stat: %w", err)
	}
	limits, err := proc.Limits()
	if err != nil {
		return nil, fmt.Errorf("reading /proc/self/limits: %w", err)
	}
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	fixed := func(name, help string, value float64) prometheus.Metric {
		return prometheus.MustNewConstMetric(desc(name, help), prometheus.GaugeValue, value)
	}
	return &processCollector{
		proc: proc,
		fixed: []prometheus.Metric{
			fixed("process_start_time_seconds", "When the process was started, in seconds since 1970.", start),
			fixed("process_max_fds", "Most file descriptors that the process may open.", float64(limits.OpenFiles)),
			fixed("process_virtual_memory_max_bytes", "Most virtual memory that the process may have, in bytes.", float64(limits.AddressSpace)),
		},
		cpu:    desc("process_cpu_seconds_total", "User and system CPU time that the process has used, in seconds."),
		memory: desc("process_virtual_memory_bytes", "Virtual memory of the process, in bytes."),
		rss:    desc("process_resident_memory_bytes", "Resident memory of the process, in bytes."),
		files:  desc("process_open_fds", "File descriptors that the process has open."),
	}, nil
}

// Describe implements prometheus.Collector.
func (c *processCollector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range c.fixed {
		out <- m.Desc()
	}
	for _, d := range []*prometheus.Desc{c.cpu, c.memory, c.rss, c.files} {
		out <- d
	}
}

// Collect implements prometheus.Collector. What cannot be read is left out.
func (c *processCollector) Collect(out chan<- prometheus.Metric) {
	for _, m := range c.fixed {
		out <- m
	}
	if stat, err := c.proc.Stat(); err == nil {
		out <- prometheus.MustNewConstMetric(c.cpu, prometheus.CounterValue, stat.CPUTime())
		out <- prometheus.MustNewConstMetric(c.memory, prometheus.GaugeValue, float64(stat.VirtualMemory()))
		out <- prometheus.MustNewConstMetric(c.rss, prometheus.GaugeValue, float64(stat.ResidentMemory()))
	}
	if files, err := c.proc.FileDescriptorsLen(); err == nil {
		out <- prometheus.MustNewConstMetric(c.files, prometheus.GaugeValue, float64(files))
	}
}

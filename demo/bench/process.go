package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU time in /proc: 1/100 s on every Linux.
const tick = 10 * time.Millisecond

// usage is what a process has used so far.
type usage struct {
	cpu       time.Duration
	rss, peak float64 // MB
}

func usageOf(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("reading CPU time: %w", err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, fmt.Errorf("reading memory: %w", err)
	}
	ticks, err := parseTicks(string(stat))
	return usage{time.Duration(ticks) * tick, megabytes(string(status), "VmRSS:"), megabytes(string(status), "VmHWM:")}, err
}

// parseTicks returns utime + stime of /proc/PID/stat: fields 14 and 15. Field 2 is a name in parentheses, which may hold
// any character.
func parseTicks(stat string) (int, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("/proc/<pid>/stat has too few fields")
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, fmt.Errorf("utime: %w", err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		return 0, fmt.Errorf("stime: %w", err)
	}
	return user + system, nil
}

func megabytes(status, key string) float64 {
	for line := range strings.Lines(status) {
		if value, found := strings.CutPrefix(line, key); found {
			kib, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kib * 1024 / 1e6
		}
	}
	return 0
}

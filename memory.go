package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory keeps Go's memory below nine tenths of what the cgroup of the process may have, if it is limited: Go then frees
// memory more often before the kernel ends the process. GOMEMLIMIT, which Go reads itself, comes first.
func limitMemory() {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if limit := memoryLimit("/sys/fs/cgroup", string(own)); limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// memoryLimit is the lowest limit, in bytes, of the cgroups in own, a /proc/self/cgroup, and those around them; math.MaxInt64 is
// none. root is where cgroups are mounted. Such as
//
//	0::/system.slice/registry_exporter.service    v2: memory.max there, and of system.slice
//	5:memory:/docker/0123abcd                     v1: memory/docker/0123abcd/memory.limit_in_bytes, and of memory/docker
func memoryLimit(root, own string) int64 {
	lowest := int64(math.MaxInt64)
	for _, line := range strings.Split(own, "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		folder, file := root, "memory.max"
		if strings.Contains(","+parts[1]+",", ",memory,") {
			folder, file = filepath.Join(root, "memory"), "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		for path := filepath.Clean("/" + parts[2]); ; path = filepath.Dir(path) {
			lowest = min(lowest, limitIn(filepath.Join(folder, path, file)))
			if path == "/" {
				break
			}
		}
	}
	return lowest
}

// limitIn is the number of bytes in a file; math.MaxInt64 for "max", without a file, and where v1 means none.
func limitIn(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return math.MaxInt64
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || limit <= 0 || limit > 1<<62 {
		return math.MaxInt64
	}
	return limit
}

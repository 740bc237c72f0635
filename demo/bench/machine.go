package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// printMachine prints the machine and the versions with which the bench measured.
func printMachine(exporter string) error {
	info, err := buildinfo.ReadFile(exporter)
	if err != nil {
		return fmt.Errorf("reading the exporter, which make build makes: %w", err)
	}
	fmt.Printf("%s, %d cores, %s/%s; exporter built with %s\n", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, info.GoVersion)
	return nil
}

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	for line := range strings.Lines(string(text)) {
		if key, model, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return "unknown CPU"
}

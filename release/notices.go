package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// isLicense are the names that modules give to files with their license, or with notices that it asks to pass on.
var isLicense = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright)([.-].*)?$`)

// notices has the licenses of Go and of all modules that the binary is built of. One without a license is an error: nobody may
// pass it on.
func notices(ctx context.Context, c commit) ([]byte, error) {
	folders, err := moduleFolders(ctx, c)
	if err != nil {
		return nil, err
	}
	text := bytes.NewBufferString("registry_exporter " + c.version + " is built of Go and of the modules below, each under its own license.\n")
	for _, module := range slices.Sorted(maps.Keys(folders)) {
		licenses, err := licensesIn(folders[module])
		if err != nil {
			return nil, fmt.Errorf("reading the license of %s: %w", module, err)
		}
		fmt.Fprintf(text, "\n%s\n%s\n\n%s", module, strings.Repeat("=", len(module)), licenses)
	}
	return text.Bytes(), nil
}

// moduleFolders are the modules that the binary is built of, and Go, by name and version.
func moduleFolders(ctx context.Context, c commit) (map[string]string, error) {
	list := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = c.root, platforms[0].env()
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("go %s: %w%s", args[0], err, said(err))
		}
		return strings.TrimSpace(string(out)), nil
	}
	root, err := list("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	modules, err := list("list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
	if err != nil {
		return nil, err
	}
	folders := map[string]string{"Go " + strings.TrimPrefix(runtime.Version(), "go"): root}
	for line := range strings.Lines(modules) {
		if module, folder, found := strings.Cut(strings.TrimSpace(line), "\t"); found {
			folders[module] = folder
		}
	}
	return folders, nil
}

// licensesIn are the files with licenses at the top of a module.
func licensesIn(folder string) ([]byte, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("listing its folder: %w", err)
	}
	var all []byte
	for _, e := range entries {
		if e.IsDir() || !isLicense.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", e.Name(), err)
		}
		all = append(append(all, bytes.TrimSpace(text)...), '\n')
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has none", folder)
	}
	return all, nil
}

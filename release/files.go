package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A file is one of the files that people get.
type file struct {
	archive string // path in the archive; empty: it is not in the archive
	pkg     string // path of the installed file; empty: it is in no package
	rpm     string // where rpm has it, if elsewhere than deb
	text    []byte
	mode    fs.FileMode
	isConf  bool // people change it: an upgrade keeps what they wrote
}

// folders are the files that people load into Prometheus and Grafana, and the pages that the README names.
var folders = []struct{ from, pattern string }{
	{"alerts", "*.yml"}, {"dashboards", "*.json"}, {"docs", "*.md"},
}

// filesOf are all files of a platform.
func filesOf(c commit, t texts, binary string) ([]file, error) {
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("reading the binary: %w", err)
	}
	all := []file{
		{archive: "registry_exporter", pkg: "/usr/bin/registry_exporter", text: program, mode: 0o755},
		{archive: "registry_exporter.1.gz", pkg: "/usr/share/man/man1/registry_exporter.1.gz", text: t.man},
		{archive: "completion.bash", pkg: "/usr/share/bash-completion/completions/registry_exporter", text: t.bash},
		{archive: "completion.zsh", pkg: "/usr/share/zsh/vendor-completions/_registry_exporter", rpm: "/usr/share/zsh/site-functions/_registry_exporter", text: t.zsh},
		{archive: "NOTICES", pkg: "/usr/share/doc/registry-exporter/copyright", text: t.notices},
	}
	read := func(from string, f file) {
		if err != nil {
			return
		}
		if f.text, err = os.ReadFile(filepath.Join(c.root, from)); err != nil {
			err = fmt.Errorf("reading a file of the project: %w", err)
			return
		}
		all = append(all, f)
	}
	for _, name := range []string{"README.md", "CHANGELOG.md", "METRICS.md"} {
		read(name, file{archive: name, pkg: "/usr/share/doc/registry-exporter/" + name})
	}
	read("release/files/registry_exporter.yml", file{archive: "registry_exporter.yml", pkg: "/etc/registry_exporter/registry_exporter.yml", isConf: true})
	read("release/files/default", file{pkg: "/etc/default/registry_exporter", isConf: true})
	read("deploy/systemd/registry_exporter.service", file{archive: "registry_exporter.service"})
	read("deploy/systemd/registry_exporter.socket", file{archive: "registry_exporter.socket", pkg: "/usr/lib/systemd/system/registry_exporter.socket"})
	for _, folder := range folders {
		names, globErr := filepath.Glob(filepath.Join(c.root, folder.from, folder.pattern))
		if globErr != nil {
			return nil, fmt.Errorf("listing %s: %w", folder.from, globErr)
		}
		for _, name := range names {
			path := folder.from + "/" + filepath.Base(name)
			read(path, file{archive: path, pkg: "/usr/share/registry_exporter/" + path})
		}
	}
	if err != nil {
		return nil, err
	}
	unit, err := packagedUnit(c)
	return append(all, unit), err
}

// packagedUnit is the unit that starts the binary where packages have it.
func packagedUnit(c commit) (file, error) {
	text, err := os.ReadFile(filepath.Join(c.root, "deploy/systemd/registry_exporter.service"))
	if err != nil {
		return file{}, fmt.Errorf("reading the unit: %w", err)
	}
	unit := string(text)
	for old, packaged := range map[string]string{
		"ExecStart=/usr/local/bin/":                                    "ExecStart=/usr/bin/",
		"# /etc/systemd/system/registry_exporter.service, for systemd": "# For systemd",
	} {
		if strings.Count(unit, old) != 1 {
			return file{}, fmt.Errorf("the unit has no %q, or several", old)
		}
		unit = strings.Replace(unit, old, packaged, 1)
	}
	return file{pkg: "/usr/lib/systemd/system/registry_exporter.service", text: []byte(unit)}, nil
}

func (f file) fileMode() fs.FileMode {
	if f.mode == 0 {
		return 0o644
	}
	return f.mode
}

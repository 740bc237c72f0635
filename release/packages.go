package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // nfpm.Get returns it
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // nfpm.Get returns it
)

// debArchitectures are Debian's names of processors. The packager of rpm translates them.
var debArchitectures = map[string]string{"amd64": "amd64", "arm64": "arm64", "arm": "arm7"}

// writePackages writes deb and rpm.
func writePackages(out string, c commit, p platform, all []file) error {
	staged, err := os.MkdirTemp("", "registry_exporter_package")
	if err != nil {
		return fmt.Errorf("making a folder for the files of a package: %w", err)
	}
	defer os.RemoveAll(staged)
	for _, format := range []string{"deb", "rpm"} {
		contents, err := contentsOf(c, all, format, staged)
		if err != nil {
			return err
		}
		if err := writePackage(out, format, info(c, p, contents)); err != nil {
			return fmt.Errorf("making the %s: %w", format, err)
		}
	}
	return nil
}

// contentsOf stages the files of a package, which nfpm reads from the disk.
func contentsOf(c commit, all []file, format, staged string) (files.Contents, error) {
	contents := files.Contents{{
		Destination: "/etc/registry_exporter/secrets", Type: files.TypeDir,
		FileInfo: &files.ContentFileInfo{Mode: 0o700, MTime: c.date, Owner: "root", Group: "root"},
	}}
	for i, f := range all {
		if f.pkg == "" {
			continue
		}
		source := filepath.Join(staged, fmt.Sprintf("%s-%d", format, i))
		if err := os.WriteFile(source, f.text, 0o600); err != nil {
			return nil, fmt.Errorf("staging %s: %w", f.pkg, err)
		}
		content := &files.Content{
			Source: source, Destination: f.pkg,
			FileInfo: &files.ContentFileInfo{Mode: f.fileMode(), MTime: c.date, Owner: "root", Group: "root"},
		}
		if format == "rpm" && f.rpm != "" {
			content.Destination = f.rpm
		}
		if f.isConf {
			content.Type = files.TypeConfigNoReplace
		}
		contents = append(contents, content)
	}
	return contents, nil
}

func info(c commit, p platform, contents files.Contents) *nfpm.Info {
	script := func(name string) string { return filepath.Join(c.root, "release/files", name) }
	i := &nfpm.Info{
		Name: "registry-exporter", Arch: debArchitectures[p.processor], Platform: "linux", Version: c.version, Release: "1",
		Section: "net", Priority: "optional", MTime: c.date,
		Maintainer:  "The maintainers of registry_exporter", // the owner puts an address here
		Description: "Prometheus exporter for private container registries\nIt pulls and pushes as clients do, and says in metrics whether people can,\nwhat is broken underneath, and what to do now.",
		// The owner has not chosen a license.
	}
	i.Contents = contents
	i.RPM.BuildHost = "localhost"
	i.RPM.Summary = "Prometheus exporter for private container registries"
	i.Scripts = nfpm.Scripts{PostInstall: script("after-install.sh"), PreRemove: script("before-remove.sh"), PostRemove: script("after-remove.sh")}
	return i
}

func writePackage(out, format string, i *nfpm.Info) error {
	packager, err := nfpm.Get(format)
	if err != nil {
		return fmt.Errorf("finding the packager: %w", err)
	}
	i = nfpm.WithDefaults(i)
	if err := nfpm.PrepareForPackager(i, format); err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	w, err := os.Create(filepath.Join(out, packager.ConventionalFileName(i)))
	if err != nil {
		return fmt.Errorf("creating the file: %w", err)
	}
	return errors.Join(packager.Package(i, w), w.Close())
}

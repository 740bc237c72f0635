package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM writes the modules that are built into the binary, as the binary itself names them, in CycloneDX.
func writeSBOM(name, binary string, c commit) error {
	built, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("reading what the binary is built of: %w", err)
	}
	of := cyclonedx.Component{
		Type: cyclonedx.ComponentTypeApplication, BOMRef: "registry_exporter", Name: "registry_exporter", Version: c.version,
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: c.date.Format("2006-01-02T15:04:05Z"), Component: &of}
	parts := []cyclonedx.Component{library("std", strings.TrimPrefix(built.GoVersion, "go"))}
	for _, m := range built.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts = append(parts, library(m.Path, m.Version))
	}
	bom.Components = &parts
	w, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("creating the list of modules: %w", err)
	}
	return errors.Join(cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom), w.Close())
}

func library(path, version string) cyclonedx.Component {
	url := "pkg:golang/" + path + "@" + version
	return cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, BOMRef: url, Name: path, Version: version, PackageURL: url}
}

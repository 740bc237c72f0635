package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"registry_exporter/collector/source"
	"registry_exporter/config"
	"registry_exporter/node"
)

// The exit codes of the command node: 1 when a runtime would not pull, 2 when nothing could be looked at.
const (
	exitWouldNotPull = 1
	exitNotLooked    = 2
)

// maxNodeLook bounds one look, and minEvery how often --every looks.
const (
	maxNodeLook = 5 * time.Minute
	minEvery    = time.Minute
)

// nodeFlags are those of the command node.
type nodeFlags struct {
	registries []string
	root       string
	image      string
	output     string
	textfile   string
	every      time.Duration
}

// None of them is in the environment, as of the command check.
func (f *nodeFlags) add(c *kingpin.CmdClause) {
	c.Arg("registry", "Registries as they stand before the names of images, such as 10.0.0.5:5000, or of the configuration, such as hub or hub@eqiad (default: all of the configuration).").StringsVar(&f.registries)
	c.Flag("root", "Root of the file system of the node.").NoEnvar().Default("/").StringVar(&f.root)
	c.Flag("image", "An image to pull from each of them, such as library/base:1.0.").NoEnvar().StringVar(&f.image)
	c.Flag("output", "Form of the report: text or json.").NoEnvar().Default("text").EnumVar(&f.output, "text", "json")
	c.Flag("textfile", "Write the verdicts for node_exporter's textfile collector to this file, and nothing else.").NoEnvar().PlaceHolder("FILE.prom").StringVar(&f.textfile)
	c.Flag("every", "With --textfile: look again after this time, until TERM. Without it the command looks once.").NoEnvar().PlaceHolder("1h").DurationVar(&f.every)
}

// lookAtNode says whether the runtimes of this machine would pull from registries.
func lookAtNode(f *flags, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if every := f.node.every; every != 0 && (f.node.textfile == "" || every < minEvery) {
		fmt.Fprintf(stderr, "registry_exporter: --every goes with --textfile, and is %s or more\n", minEvery)
		return exitNotLooked
	}
	for {
		code := f.node.lookOnce(ctx, f.configFile, stdout, stderr)
		if f.node.every == 0 {
			return code
		}
		select {
		case <-ctx.Done():
			return 0
		case <-time.After(f.node.every):
		}
	}
}

// lookOnce looks, and returns the exit code. The textfile tells of a runtime that would not pull, and the code is 0 then.
func (f *nodeFlags) lookOnce(ctx context.Context, configFile string, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, maxNodeLook)
	defer cancel()
	report, err := f.look(ctx, configFile)
	if err == nil && ctx.Err() != nil { // some were not asked, and nobody knows whether a node would pull from them
		err = fmt.Errorf("looking at the node was stopped before its end: %w", ctx.Err())
	}
	if err == nil {
		err = f.write(report, stdout)
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "registry_exporter: %s\n", err)
		return exitNotLooked
	case report.Failed() && f.textfile == "":
		return exitWouldNotPull
	}
	return 0
}

func (f *nodeFlags) look(ctx context.Context, configFile string) (*node.Report, error) {
	registries, err := f.named(configFile)
	if err != nil {
		return nil, err
	}
	return node.Look(ctx, node.Options{Root: f.root, Registries: registries, Image: f.image})
}

func (f *nodeFlags) write(r *node.Report, stdout io.Writer) error {
	switch {
	case f.textfile != "":
		return r.WriteTextfile(f.textfile, time.Now())
	case f.output == "json":
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.WriteText(stdout)
}

// named are the registries of the command line; the configuration is read for names alone, and where nothing is named.
func (f *nodeFlags) named(configFile string) (all []*node.Registry, err error) {
	var c *config.Config
	if len(f.registries) == 0 || slices.ContainsFunc(f.registries, isConfiguredName) {
		if c, err = config.Load(configFile); err != nil {
			return nil, fmt.Errorf("%w; without a file, name a registry as it stands before the names of images: registry_exporter node 10.0.0.5:5000", err)
		}
	}
	if len(f.registries) == 0 {
		for _, r := range c.Registries {
			all = append(all, node.Configured(r))
		}
		return all, nil
	}
	for _, name := range f.registries {
		if !isConfiguredName(name) {
			r, err := node.ByAddress(name)
			if err != nil {
				return nil, err
			}
			all = append(all, r)
			continue
		}
		found := ofName(c, name)
		if len(found) == 0 {
			return nil, fmt.Errorf("%s has no registry %q", configFile, name)
		}
		all = append(all, found...)
	}
	return all, nil
}

// isConfiguredName tells hub and hub@eqiad from addresses: those have a dot or a port, or are localhost.
func isConfiguredName(name string) bool {
	return name != "localhost" && (strings.Contains(name, "@") || !strings.ContainsAny(name, ".:"))
}

// ofName are the sites of a registry, or one of them.
func ofName(c *config.Config, name string) (found []*node.Registry) {
	for _, r := range c.Registries {
		if r.Name == name || source.Instance(r.Name, r.Site) == name {
			found = append(found, node.Configured(r))
		}
	}
	return found
}

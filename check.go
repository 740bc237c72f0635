package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"registry_exporter/collector"
	"registry_exporter/collector/report"
	"registry_exporter/config"
)

// maxPassword bounds a password that is read from stdin.
const maxPassword = 4 << 10

// checkFlags are those of the command check.
type checkFlags struct {
	names  []string // of registries, or one URL
	output string
	access config.Access
}

// None of them is in the environment, where REGISTRY_EXPORTER_IMAGE may well mean something else.
func (f *checkFlags) add(c *kingpin.CmdClause) {
	c.Arg("registry", "Registries of the configuration, such as hub or hub@eqiad (default: all); or the URL of one that it does not know.").StringsVar(&f.names)
	c.Flag("output", "Form of the report: text or json.").NoEnvar().Default("text").EnumVar(&f.output, "text", "json")
	c.Flag("ca-file", "With a URL: the CAs that clients trust beside those of the system.").NoEnvar().PlaceHolder("FILE").StringVar(&f.access.CAFile)
	c.Flag("username", "With a URL: who logs in.").NoEnvar().StringVar(&f.access.Username)
	c.Flag("password-file", "With a URL: the password of --username; - reads it from stdin.").NoEnvar().PlaceHolder("FILE").StringVar(&f.access.PasswordFile)
	c.Flag("image", "With a URL: an image to pull, such as library/base:1.0. May stand several times.").NoEnvar().StringsVar(&f.access.Images)
}

// check reads every source of the registries once, and prints the report. The exit code is 1 when one fails.
func check(f *flags, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := checked(ctx, f, stdin, stderr)
	if err == nil {
		report.Runbooks = f.externalURL + "/runbooks/"
		err = writeReport(report, f.report.output, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "registry_exporter: %s\n", err)
		return 1
	}
	if report.Failed() {
		return 1
	}
	return 0
}

func checked(ctx context.Context, f *flags, stdin io.Reader, stderr io.Writer) (*report.Report, error) {
	opts := collector.Options{ConfigFile: f.configFile, Name: "check", StateFrom: f.stateDir, Logger: newLogging("error", f.logFormat, stderr).own}
	names := f.report.names
	if isURL(names) {
		c, err := f.report.config(stdin)
		if err != nil {
			return nil, err
		}
		opts.Config, names = c, nil
	} else if a := f.report.access; a.CAFile+a.Username+a.PasswordFile != "" || len(a.Images) > 0 {
		return nil, errors.New("--ca-file, --username, --password-file and --image go with the URL of a registry; for others they stand in the configuration")
	}
	e, err := collector.New(opts)
	if errors.Is(err, fs.ErrNotExist) && opts.Config == nil && !f.configExists() {
		return nil, fmt.Errorf("%w; without a file, name a URL: registry_exporter check https://registry.example.org", err)
	}
	if err != nil {
		return nil, err
	}
	defer e.Stop()
	return e.Check(ctx, names, progressOn(stderr))
}

func (f *flags) configExists() bool {
	_, err := os.Stat(f.configFile)
	return err == nil
}

func isURL(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "://") })
}

// config describes the registry of a URL.
func (f *checkFlags) config(stdin io.Reader) (*config.Config, error) {
	if len(f.names) > 1 {
		return nil, errors.New("check takes one URL, or names of registries in the configuration")
	}
	a := f.access
	if a.PasswordFile == "-" {
		text, err := io.ReadAll(io.LimitReader(stdin, maxPassword))
		if err != nil {
			return nil, fmt.Errorf("reading the password: %w", err)
		}
		a.PasswordFile, a.Password = "", strings.TrimSpace(string(text))
	}
	return config.ForURL(f.names[0], a)
}

func writeReport(r *report.Report, output string, w io.Writer) error {
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.WriteText(w, wantsColour(w))
}

// progressOn prints a line for each source that has been read, so that people see which one hangs. It is nil when the output is no
// terminal: a file and a pipe get the report alone.
func progressOn(w io.Writer) func(collector.Ended) {
	if !isTerminal(w) {
		return nil
	}
	return func(s collector.Ended) { fmt.Fprintln(w, progressLine(s)) }
}

// progressLine is such as "3 of 9  hub@eqiad redis 127.0.0.1:6379: refused (12ms)".
func progressLine(s collector.Ended) string {
	how := s.Reason
	if how == "" {
		how = "read"
	}
	return fmt.Sprintf("%d of %d  %s %s %s: %s (%s)", s.Done, s.All, s.Registry, s.Collector, s.Address, how, s.Took.Round(time.Millisecond))
}

// wantsColour is so on a terminal, unless NO_COLOR is set.
func wantsColour(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

func isTerminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	if !isFile {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

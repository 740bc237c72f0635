// Package access counts the requests of a registry's clients from the access log of the web server in front of it.
//
//	registries:
//	- name: hub
//	  url: https://hub.example.org
//	  access_log:
//	    paths: [/var/log/nginx/registry.log]
//
// The package accesslog reads the lines and counts. It begins at the end of a log or, with --state.dir, behind the last
// line that the exporter counted before it was restarted. A scrape gets the counts so far:
//
//	registry_access_requests_total{registry="hub",operation="blob_pull",code="200"} 1027
//
// The own log of a Distribution (registry_log) is read in the same way, and says on what requests failed:
//
//	registry_log_errors_total{registry="hub",operation="manifest_pull",call="storage"} 12
//
// access.go makes the source of the access log and has the reasons of its failures, metrics.go has the metrics, samples.go makes
// samples of a report of package accesslog, and words.go has the advice for people. registry_log.go has the source of the
// registry's own log and its metrics, registry_log_words.go its words. The collectors are "access" and "registry_log".
package access

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"registry_exporter/accesslog"
	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// maxSamples bounds the samples of a source. The configuration allows 250 projects with up to 36 series each, or 100 with
// nodes and 76 series each.
const maxSamples = 11_000

// A logReader reads the logs of a registry, those of its web server or its own. After a reload that leaves the section as it is,
// the logReader goes on.
type logReader struct {
	tailer    *accesslog.Tailer
	companion source.Companion // starts and stops tailer
}

// Sources makes the source of the collector access, and none for a registry without a section access_log. The error names
// the line of access_log when package accesslog cannot read the format there.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	a := b.AccessLog
	if a == nil {
		return nil, nil
	}
	options := accesslog.TailOptions{Paths: a.Paths, Lines: a.Options()}
	options.Lines.Own = ask.UserAgent
	if b.StateDir != "" {
		options.StateFile = accesslog.StateFile(b.StateDir, b.Name, b.Site)
	}
	r, address, err := newReader(b, "access_log", a.Syslog, options)
	if err != nil {
		return nil, err
	}
	return []*source.Source{{Address: address, Read: r.read, Companion: &r.companion, Most: maxSamples, Words: words()}}, nil
}

// newReader makes the reader of the logs of one section, whose key is in errors, and returns the label address of its source.
func newReader(b *ask.Builder, key string, syslog *config.Syslog, options accesslog.TailOptions) (r *logReader, address string, err error) {
	for i, path := range options.Paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return nil, "", b.Errorf([]any{key, "paths", i}, "is a folder: name the logs in it, such as %s/*.log", strings.TrimRight(path, "/"))
		}
	}
	addresses := slices.Clone(options.Paths)
	if syslog != nil {
		options.Listen, options.Allow = syslog.Listen, syslog.Networks()
		addresses = append(addresses, "syslog:"+options.Listen)
	}
	fresh, err := accesslog.NewTailer(options, b.Keep.Logs)
	if err != nil {
		return nil, "", b.Errorf([]any{key}, "%w", err)
	}
	r = ask.Kept(b, func() *logReader {
		return &logReader{fresh, source.Companion{Start: fresh.Start, Stop: fresh.Stop}}
	}, options)
	return r, strings.Join(addresses, ","), nil
}

// read returns the counts so far, and the error of a log that cannot be read.
func (r *logReader) read(ctx context.Context) ([]source.Sample, error) {
	report, err := r.tailer.Report(ctx)
	if err != nil {
		return nil, logFailure(err)
	}
	return countSamples(&report), logFailure(report.Problem)
}

// logReasons has the reason of each error of package accesslog. When there are several errors at once, the first in this
// list counts.
var logReasons = []struct {
	err    error
	reason string
}{
	{accesslog.ErrPanic, source.ReasonPanic},
	{accesslog.ErrUnreadable, source.ReasonLogUnreadable},
	{accesslog.ErrListen, source.ReasonNotListening},
	{accesslog.ErrNotSaved, source.ReasonStateNotSaved},
	{accesslog.ErrMissing, source.ReasonLogMissing},
	{accesslog.ErrLost, source.ReasonLinesLost},
	{accesslog.ErrNotBegun, source.ReasonPending},
}

// logFailure gives an error of package accesslog its reason.
func logFailure(err error) error {
	for _, known := range logReasons {
		if errors.Is(err, known.err) {
			return source.Failed(known.reason, "%s", err)
		}
	}
	return err
}

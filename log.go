package main

import (
	"io"
	stdlog "log"
	"log/slog"
	"strings"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// A logging is one log behind three interfaces: go-kit/log for the exporter, slog for the exporter toolkit, and log.Logger for
// net/http.
type logging struct {
	own     log.Logger
	toolkit *slog.Logger
	server  *stdlog.Logger
}

// newLogging filters by level before anything is added to a line: else each would name the filter as its caller.
func newLogging(lvl, format string, to io.Writer) logging {
	sink := log.NewLogfmtLogger(log.NewSyncWriter(to))
	if format == "json" {
		sink = log.NewJSONLogger(log.NewSyncWriter(to))
	}
	sink = level.NewFilter(sink, level.Allow(level.ParseDefault(lvl, level.InfoValue())))
	var slogLevel slog.LevelVar
	_ = slogLevel.UnmarshalText([]byte(lvl)) // the flag takes nothing else
	return logging{
		own:     log.With(sink, "time", log.DefaultTimestampUTC, "caller", log.DefaultCaller),
		toolkit: slog.New(sloggokit.NewGoKitHandler(sink, &slogLevel)),
		server:  stdlog.New(serverLog{log.With(sink, "time", log.DefaultTimestampUTC, "caller", "net/http")}, "", 0),
	}
}

// serverLog logs errors of net/http, such as a TLS handshake that failed or a handler that panicked.
type serverLog struct{ log.Logger }

// Write implements io.Writer.
func (l serverLog) Write(line []byte) (int, error) {
	return len(line), level.Warn(l.Logger).Log("msg", strings.TrimSpace(string(line)))
}

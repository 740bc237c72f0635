package main

import (
	"io"
	"log/slog"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// A logging is one log with two faces: ours, and one for the exporter toolkit, which speaks slog.
type logging struct {
	own     log.Logger
	toolkit *slog.Logger
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
	}
}

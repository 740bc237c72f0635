package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"registry_exporter/collector/source"
)

// Escapes of a terminal.
const (
	inBold   = "\x1b[1m"
	inRed    = "\x1b[31m"
	inGreen  = "\x1b[32m"
	inYellow = "\x1b[33m"
	asBefore = "\x1b[0m"
)

// A textWriter writes a report for a terminal. The first error stays.
type textWriter struct {
	w      io.Writer
	colour bool
	err    error
}

// WriteText writes the report as text, in colour for a terminal.
func (r *Report) WriteText(w io.Writer, colour bool) error {
	t := &textWriter{w: w, colour: colour}
	for _, reg := range r.Registries {
		t.registry(reg)
	}
	t.line("%s", r.Summary)
	if f := r.First; f != nil {
		t.line("%s %s: %s", t.in(inBold, "First:"), f.Registry, f.What)
		t.after("       ", f)
	}
	return t.err
}

func (t *textWriter) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

func (t *textWriter) in(colour, text string) string {
	if !t.colour {
		return text
	}
	return colour + text + asBefore
}

func (t *textWriter) mark(s source.State) string {
	switch s {
	case source.StateOK:
		return t.in(inGreen, "✓")
	case source.StateWarning:
		return t.in(inYellow, "!")
	case source.StateWaiting:
		return "…"
	}
	return t.in(inRed, "✗")
}

func (t *textWriter) registry(r *RegistryReport) {
	passive := ""
	if r.Passive {
		passive = "  (passive)"
	}
	t.line("%s  %s%s", t.in(inBold, r.Name()), r.URL, passive)
	var collectors, endpoints int
	for _, s := range r.Sources {
		collectors = max(collectors, utf8.RuneCountInString(s.Collector))
		endpoints = max(endpoints, utf8.RuneCountInString(s.Endpoint))
	}
	for _, s := range r.Sources {
		said := strings.Join(s.Facts, ", ")
		if s.Reason != "" {
			said = strings.TrimRight(t.in(inRed, s.Reason)+"  "+said, " ")
		}
		t.line("  %s %-*s  %-*s  %7s  %s", t.mark(s.State), collectors, s.Collector, endpoints, s.Endpoint, source.Took(s.Seconds), said)
		t.steps(s.Steps)
		for _, f := range r.findings(s) {
			t.line("      %s %s", t.mark(f.State), f.What)
			t.after("        ", f)
		}
		if s.Error != "" {
			t.line("        error: %s", s.Error)
		}
	}
	t.line("")
}

func (t *textWriter) after(indent string, f *Finding) {
	if f.Means != "" {
		t.line("%s%s", indent, f.Means)
	}
	if f.Try != "" {
		t.line("%stry: %s", indent, t.in(inBold, f.Try))
	}
	if f.Runbook {
		t.line("%srunbook: %s", indent, f.Alert)
	}
}

func (t *textWriter) steps(steps []StepReport) {
	width := 0
	for _, s := range steps {
		width = max(width, utf8.RuneCountInString(s.Step))
	}
	for _, s := range steps {
		said := s.Note
		if s.Error != "" {
			said = strings.TrimLeft(s.Note+"  "+t.in(inRed, s.Reason)+": "+s.Error, " ")
		}
		t.line("      %s %-*s  %7s  %s", t.mark(s.State), width, s.Step, source.Took(s.Seconds), said)
	}
}

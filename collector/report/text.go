package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"registry_exporter/collector/source"
)

// Escape sequences of a terminal.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	reset  = "\x1b[0m"
)

// A textWriter writes a report for a terminal. After the first error it writes nothing more.
type textWriter struct {
	w        io.Writer
	colour   bool
	runbooks string // Report.Runbooks
	err      error
}

// WriteText writes the report as text, with the colours of a terminal if colour is set. The error is that of w.
func (r *Report) WriteText(w io.Writer, colour bool) error {
	t := &textWriter{w: w, colour: colour, runbooks: r.Runbooks}
	for _, reg := range r.Registries {
		t.registry(reg)
	}
	t.line("%s", r.Summary)
	if f := r.First; f != nil {
		t.line("%s %s: %s", t.in(bold, "First:"), f.Registry, f.What)
		t.details("       ", f)
	}
	return t.err
}

// line writes a line, without spaces at its end.
func (t *textWriter) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

// in writes text in a colour, or as it is when the report has no colours.
func (t *textWriter) in(colour, text string) string {
	if !t.colour {
		return text
	}
	return colour + text + reset
}

// mark is the state as one character.
func (t *textWriter) mark(s source.State) string {
	switch s {
	case source.StateOK:
		return t.in(green, "✓")
	case source.StateWarning:
		return t.in(yellow, "!")
	case source.StateWaiting:
		return "…"
	}
	return t.in(red, "✗")
}

// registry writes a registry, and a blank line.
func (t *textWriter) registry(r *RegistryReport) {
	passive := ""
	if r.Passive {
		passive = "  (passive)"
	}
	t.line("%s  %s%s", t.in(bold, r.Name()), r.URL, passive)
	var collectors, addresses int
	for _, s := range r.Sources {
		collectors = max(collectors, utf8.RuneCountInString(s.Collector))
		addresses = max(addresses, utf8.RuneCountInString(s.Address))
	}
	for _, s := range r.Sources {
		facts := strings.Join(s.Facts, ", ")
		if s.Reason != "" {
			facts = strings.TrimRight(t.in(red, s.Reason)+"  "+facts, " ")
		}
		t.line("  %s %-*s  %-*s  %7s  %s", t.mark(s.State), collectors, s.Collector, addresses, s.Address, source.Took(s.Seconds), facts)
		t.steps(s.Steps)
		for _, f := range r.findingsOf(s) {
			t.line("      %s %s", t.mark(f.State), f.What)
			t.details("        ", f)
		}
		if s.Error != "" {
			t.line("        error: %s", s.Error)
		}
	}
	if len(r.Findings) > 0 {
		for _, c := range r.Contacts {
			t.line("  call for %s: %s", c.For, c.Call)
		}
	}
	t.line("")
}

// details writes the lines that follow the sentence of a finding.
func (t *textWriter) details(indent string, f *FindingReport) {
	if f.Means != "" {
		t.line("%s%s", indent, f.Means)
	}
	if f.Try != "" {
		t.line("%stry: %s", indent, t.in(bold, f.Try))
	}
	switch {
	case f.Runbook && t.runbooks != "":
		t.line("%srunbook: %s%s", indent, t.runbooks, f.RunbookLink())
	case f.Runbook:
		t.line("%srunbook: %s", indent, f.Alert)
	}
}

// steps writes the steps of the last run of a probe.
func (t *textWriter) steps(steps []StepReport) {
	width := 0
	for _, s := range steps {
		width = max(width, utf8.RuneCountInString(s.Step))
	}
	for _, s := range steps {
		note := s.Note
		if s.Error != "" {
			note = strings.TrimLeft(s.Note+"  "+t.in(red, s.Reason)+": "+s.Error, " ")
		}
		t.line("      %s %-*s  %7s  %s", t.mark(s.State), width, s.Step, source.Took(s.Seconds), note)
	}
}

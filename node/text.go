package node

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes the report as a table with a row for each runtime and registry, and below it what is wrong and how to mend it.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, " \tRUNTIME\tREGISTRY\tASKS FIRST\tTRUST\tNAME\t/v2/\tLOGIN\tIMAGE")
	for _, v := range r.Verdicts {
		fmt.Fprintln(t, strings.Join(append([]string{mark(v.State), v.Runtime, v.Address}, v.cells(r.Image != "")...), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, v := range r.Verdicts {
		v.writeFindings(&b)
	}
	_, err := io.WriteString(w, cleaned(b.String()))
	return err
}

// cleaned is a text without what does not print, which the names of files may have, and without spaces at the ends of lines.
func cleaned(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		var clean strings.Builder
		for part := range strings.SplitSeq(strings.TrimRight(line, " \n"), " ") {
			clean.WriteString(plain(part) + " ")
		}
		b.WriteString(strings.TrimRight(clean.String(), " ") + "\n")
	}
	return b.String()
}

func mark(state string) string {
	return map[string]string{StateOK: "✓", StateWarning: "!", StateFailed: "✗"}[state]
}

// cells are those of the first endpoint that answered, or else of the last.
func (v *Verdict) cells(image bool) []string {
	if len(v.Endpoints) == 0 {
		return []string{"nobody", "-", "-", "-", v.Login, "-"}
	}
	e := v.Endpoints[len(v.Endpoints)-1]
	for _, one := range v.Endpoints {
		if one.Asked && one.Reason == "" {
			e = one
			break
		}
	}
	pulled := "-"
	if image {
		pulled = tick(e.Pulled)
	}
	status := "-"
	if e.Status != 0 {
		status = fmt.Sprint(e.Status)
	}
	covers := "-"
	if c := e.Certificate; c != nil {
		covers = tick(c.Covers)
	}
	return []string{v.Endpoints[0].URL, e.trust(), covers, status, v.Login, pulled}
}

func tick(good bool) string {
	if good {
		return "✓"
	}
	return "✗"
}

// trust says by what an endpoint is trusted.
func (e *Endpoint) trust() string {
	switch {
	case e.Plain:
		return "plain HTTP"
	case e.NotBy != "":
		return "not verified"
	case e.Certificate != nil && e.Certificate.TrustedBy != "":
		return e.Certificate.TrustedBy
	case e.Certificate != nil:
		return "✗"
	}
	return "-"
}

// writeFindings writes what is wrong, its command, and the notes.
func (v *Verdict) writeFindings(w io.Writer) {
	if v.What == "" && len(v.Notes) == 0 {
		return
	}
	reason := ""
	if v.Reason != "" {
		reason = " (" + v.Reason + ")"
	}
	fmt.Fprintf(w, "\n%s %s, %s%s\n", mark(v.State), v.Runtime, v.Address, reason)
	if v.What != "" {
		fmt.Fprintf(w, "  %s\n", v.What)
	}
	if v.Try != "" {
		fmt.Fprintf(w, "    try: %s\n", v.Try)
	}
	for _, n := range v.Notes {
		if n.Try == v.Try && strings.Contains(v.What, n.What) {
			continue
		}
		fmt.Fprintf(w, "  note: %s\n", n.What)
		if n.Try != "" {
			fmt.Fprintf(w, "    try: %s\n", n.Try)
		}
	}
}

// Package runbooks holds one page for each alert: Markdown in the repository, HTML when served.
package runbooks

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/yuin/goldmark"
)

//go:embed *.md page.html
var files embed.FS

// index is the page that lists all others, under the name that makes it one in the repository too.
const index = "README.md"

// New is the handler of the runbooks below the prefix that was stripped. All pages are made now.
func New() (http.Handler, error) {
	frame, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the frame of the runbooks: %w", err)
	}
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		return nil, fmt.Errorf("listing the runbooks: %w", err)
	}
	b := book{}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading a runbook: %w", err)
		}
		if b[key(name)], err = render(frame, text); err != nil {
			return nil, fmt.Errorf("runbook %s: %w", name, err)
		}
	}
	b[""] = b[key(index)]
	return b, nil
}

// render makes a page of Markdown. Its first line is the title.
func render(frame *template.Template, text []byte) ([]byte, error) {
	var body, page bytes.Buffer
	if err := goldmark.Convert(text, &body); err != nil {
		return nil, fmt.Errorf("making HTML: %w", err)
	}
	title, _, _ := strings.Cut(string(text), "\n")
	err := frame.Execute(&page, struct {
		Title string
		Body  template.HTML
	}{strings.TrimPrefix(title, "# "), template.HTML(body.String())}) // goldmark lets no HTML through
	if err != nil {
		return nil, fmt.Errorf("filling the frame: %w", err)
	}
	return page.Bytes(), nil
}

// A book is all pages as HTML, by key.
type book map[string][]byte

// key finds a page however its name was typed, and as the Markdown links to it.
func key(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".md") }

// ServeHTTP implements http.Handler.
func (b book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, found := b[key(r.URL.Path)]
	if !found {
		http.Error(w, "there is no such runbook; /runbooks/ lists all", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_, _ = w.Write(page) // a client that went away
}

// Package runbooks has a page for each alert: Markdown in the repository, HTML when the exporter serves it.
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

// index is the file that lists all runbooks. With this name it is also the page of the folder in the repository.
const index = "README.md"

// New is the handler of the runbooks, for paths without a prefix such as /runbooks/. It makes all pages at once, and asks know at
// each request: with the registry and site of RegistryDown?registry=hub&site=eqiad, or with nothing.
func New(know func(r *http.Request, registry, site string) Known) (http.Handler, error) {
	frame, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the frame of the runbooks: %w", err)
	}
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		return nil, fmt.Errorf("listing the runbooks: %w", err)
	}
	b := book{pages: map[string][]byte{}, know: know}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading a runbook: %w", err)
		}
		if b.pages[key(name)], err = render(frame, text); err != nil {
			return nil, fmt.Errorf("runbook %s: %w", name, err)
		}
	}
	b.pages[""] = b.pages[key(index)]
	return b, nil
}

// render makes a page of Markdown, whose first line is the title.
func render(frame *template.Template, text []byte) ([]byte, error) {
	var body, page bytes.Buffer
	if err := goldmark.Convert(text, &body); err != nil {
		return nil, fmt.Errorf("making HTML: %w", err)
	}
	title, _, _ := strings.Cut(string(text), "\n")
	err := frame.Execute(&page, struct {
		Title string
		Body  template.HTML
	}{strings.TrimPrefix(title, "# "), template.HTML(strings.Replace(body.String(), "</h1>", "</h1>"+nowGoesHere, 1) + contactsGoHere)}) // goldmark lets no HTML through
	if err != nil {
		return nil, fmt.Errorf("filling the frame: %w", err)
	}
	return page.Bytes(), nil
}

// A book is all pages as HTML.
type book struct {
	pages map[string][]byte // by key
	know  func(r *http.Request, registry, site string) Known
}

// key returns the key of the page with a name: RegistryDown, registrydown and RegistryDown.md have the same.
func key(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".md") }

// ServeHTTP implements http.Handler.
func (b book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, found := b.pages[key(r.URL.Path)]
	if !found {
		http.Error(w, "there is no such runbook; /runbooks/ lists all", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	q := r.URL.Query()
	if name := key(r.URL.Path); name == "" || name == key(index) { // which explains the words in capitals
		q = nil
	}
	_, _ = w.Write(b.know(r, q.Get("registry"), q.Get("site")).fill(page)) // a client that went away
}

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

// A Contact is whom to call, from the configuration.
type Contact struct {
	Registry string // such as "hub@eqiad"
	For      string // what they look after, such as "swift"
	Call     string // who they are, and how to reach them
}

// contactsGoHere marks the place of the contacts in a page.
const contactsGoHere = "<!-- contacts -->"

var contactsBelow = template.Must(template.New("contacts").Parse(`<h2>Whom to call</h2>
<ul>
{{range .}}<li>{{.Registry}}, {{.For}}: {{.Call}}</li>
{{end}}</ul>
`))

// New returns the handler of the runbooks. Its paths have no prefix such as /runbooks/. It renders all pages at once. At
// each request it calls contacts and adds them at the end of the page.
func New(contacts func() []Contact) (http.Handler, error) {
	frame, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the frame of the runbooks: %w", err)
	}
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		return nil, fmt.Errorf("listing the runbooks: %w", err)
	}
	b := book{pages: map[string][]byte{}, contacts: contacts}
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
	}{strings.TrimPrefix(title, "# "), template.HTML(body.String() + contactsGoHere)}) // goldmark lets no HTML through
	if err != nil {
		return nil, fmt.Errorf("filling the frame: %w", err)
	}
	return page.Bytes(), nil
}

// A book is all pages as HTML.
type book struct {
	pages    map[string][]byte // by key
	contacts func() []Contact
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
	_, _ = w.Write(bytes.Replace(page, []byte(contactsGoHere), b.whomToCall(), 1)) // fails for a client that went away
}

// whomToCall writes the contacts as HTML; nothing when there are none.
func (b book) whomToCall() []byte {
	var text bytes.Buffer
	if all := b.contacts(); len(all) > 0 && contactsBelow.Execute(&text, all) != nil {
		return nil
	}
	return text.Bytes()
}

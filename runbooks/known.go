package runbooks

import (
	"bytes"
	"html/template"
	"regexp"
	"slices"
)

// Known is what the exporter knows while a runbook is read.
type Known struct {
	Registry string            // that the link names, such as "hub@eqiad"; empty: the link names none that is configured
	Query    string            // that names it, such as "registry=hub&site=eqiad"
	Words    map[string]string // what stands in the commands instead of a word in capitals, such as "FRONT": "registry.example.org"
	Wrong    []Finding         // what is wrong with it now, the first to look at first
	Contacts []Contact
}

// A Finding is one fault.
type Finding struct {
	What string // is wrong, in one sentence
	Try  string // the next command for a shell; empty: there is none
}

// A Contact is whom to call, from the configuration.
type Contact struct {
	Registry string // such as "hub@eqiad"
	For      string // what they look after, such as "swift"
	Call     string // who they are, and how to reach them
}

// Where the parts of Known stand in a page.
const (
	nowGoesHere      = "<!-- now -->"
	contactsGoHere   = "<!-- contacts -->"
	mostFindingsHere = 3
)

var (
	now = template.Must(template.New("now").Parse(`
<section class="now">
<p><b>{{.Registry}} now:</b>{{if not .Wrong}} the exporter finds nothing wrong. The fault may come and go, or be over.{{end}}</p>
{{range .Wrong}}<p>{{.What}}.</p>
{{with .Try}}<pre><code>{{.}}</code></pre>
{{end}}{{end}}<p><a href="../">All that is known</a> · <a href="{{.Answers}}">Each answer, with its error</a></p>
</section>`))
	contactsBelow = template.Must(template.New("contacts").Parse(`<h2>Whom to call</h2>
<ul>
{{range .}}<li>{{.Registry}}, {{.For}}: {{.Call}}</li>
{{end}}</ul>
`))
	// capital is a word in capitals that is not part of a longer one, as SITE is of OTHER_SITE, or the front with its port.
	capital = regexp.MustCompile(`\bhttps://FRONT\b|\bFRONT:443\b|\b[A-Z][A-Z_]*[A-Z](\.pem)?\b`)
	andSite = []byte("&amp;site=SITE")
	another = regexp.MustCompile(`href="\w+\.md`)
)

// fill puts into a page what is known.
func (k Known) fill(page []byte) []byte {
	if k.Registry == "" {
		return k.withContacts(bytes.Replace(page, []byte(nowGoesHere), nil, 1))
	}
	if k.Words["SITE"] == "" { // the registry has no sites: probe?registry=hub is all
		page = bytes.ReplaceAll(page, andSite, nil)
	}
	page = capital.ReplaceAllFunc(page, func(word []byte) []byte {
		if value, known := k.Words[string(word)]; known {
			return []byte(template.HTMLEscapeString(value))
		}
		return word
	})
	query := template.HTMLEscapeString("?" + k.Query)
	page = another.ReplaceAllFunc(page, func(link []byte) []byte { return slices.Concat(link, []byte(query)) })
	return k.withContacts(bytes.Replace(page, []byte(nowGoesHere), k.now(), 1))
}

// now is the paragraph about the registry as HTML.
func (k Known) now() []byte {
	k.Wrong = k.Wrong[:min(len(k.Wrong), mostFindingsHere)]
	var text bytes.Buffer
	answers := template.URL("../probe?" + k.Query + "&debug=true")
	if now.Execute(&text, struct {
		Known
		Answers template.URL
	}{k, answers}) != nil {
		return nil
	}
	return text.Bytes()
}

// withContacts puts whom to call at the end.
func (k Known) withContacts(page []byte) []byte {
	var text bytes.Buffer
	if len(k.Contacts) > 0 && contactsBelow.Execute(&text, k.Contacts) != nil {
		text.Reset()
	}
	return bytes.Replace(page, []byte(contactsGoHere), text.Bytes(), 1)
}

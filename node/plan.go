package node

import "strings"

// A runtime is a program that pulls images, with what its files tell it.
type runtime interface {
	name() string
	// plan is what it does to pull from a registry. repository is that of the image, or empty when none is given.
	plan(r *Registry, repository string) *plan
	// trust is the command that lets it trust a CA file, beside what it trusts now.
	trust(address, caFile string) string
	// plain is the command that lets it ask a registry over plain HTTP.
	plain(address string) string
	// login is the command that gives it a login.
	login(address string) string
}

// A plan is what a runtime does to pull from a registry.
type plan struct {
	files     []string    // that say so
	refused   *fault      // why it asks nobody; nil: it asks
	endpoints []*endpoint // in the order in which it asks
	notes     []Note
	login     login
	pods      bool // pods bring logins of their own: imagePullSecrets
}

// A fault is what keeps a runtime from pulling.
type fault struct {
	reason string // of the closed list in reason.go
	what   string // a sentence
	try    string // the command that mends it; empty: none does, on this machine
}

// A Note is something in the files that is not as it was meant, and does not by itself keep the runtime from pulling.
type Note struct {
	What string `json:"what"`
	Try  string `json:"try,omitempty"`
}

// hubHost answers for dockerHub.
const hubHost = "registry-1.docker.io"

// An endpoint is an address that a runtime asks.
type endpoint struct {
	scheme   string // http or https
	host     string // host, and port where it has one
	path     string // before the repository: /v2, or another with override_path
	mirror   bool   // another registry is asked if this one does not have it
	named    string // file that names it; empty: it is the registry itself
	skip     string // file and setting that switch off verification; empty: the runtime verifies
	fallback bool   // without verification, plain HTTP is tried where HTTPS fails
	cas      []caFile
	pairs    []pair                   // client certificates
	login    login                    // for this address alone; empty: that of the plan, if this is the registry itself
	proxy    string                   // URL; empty: none
	rename   func(string) string      // the repository as this endpoint knows it; nil: the same
	pulls    func(digested bool) bool // whether it is asked for an image; nil: always
}

// url is such as https://10.0.0.5:5000, with the path where it is not /v2.
func (e *endpoint) url() string {
	path := e.path
	if path == "/v2" {
		path = ""
	}
	return e.scheme + "://" + e.host + path
}

// repository is that of an image as the endpoint knows it.
func (e *endpoint) repository(name string) string {
	if e.rename == nil {
		return name
	}
	return e.rename(name)
}

// itself is the registry, asked without a mirror. Docker Hub answers at another name than stands in its images.
func itself(address string) *endpoint {
	host := address
	if address == dockerHub {
		host = hubHost
	}
	return &endpoint{scheme: "https", host: host, path: "/v2"}
}

// note adds a note.
func (p *plan) note(try, what string) { p.notes = append(p.notes, Note{What: what, Try: try}) }

// invalid is a fault of a file that the runtime does not read.
func invalid(what, try string) *fault { return &fault{reasonConfigInvalid, what, try} }

// quoted is a list of words in quotes, for people.
func quoted(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }

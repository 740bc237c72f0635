package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A field is something of a line that is counted.
type field uint8

const (
	ignored field = iota
	requestLine
	method
	sentURI // what the client sent
	uri     // what became of it: /50x.html where nginx answers errors with a page
	args
	status
	bodyBytes
	sentBytes
	requestLength
	contentLength
	requestTime
	upstreamTime
	upstreamAddr
	cacheStatus
	timeLocal
	timeISO
	timeUnix
	userAgent
	node
	fields // how many there are
)

var fieldOf = map[string]field{
	"request": requestLine, "request_method": method, "request_uri": sentURI, "uri": uri, "document_uri": uri,
	"args": args, "query_string": args, "status": status, "body_bytes_sent": bodyBytes, "bytes_sent": sentBytes,
	"request_length": requestLength, "content_length": contentLength, "http_content_length": contentLength,
	"request_time": requestTime, "upstream_response_time": upstreamTime, "upstream_addr": upstreamAddr,
	"upstream_cache_status": cacheStatus, "time_local": timeLocal, "time_iso8601": timeISO, "msec": timeUnix,
	"http_user_agent": userAgent,
}

// A scanner cuts lines of one format into fields.
type scanner struct {
	prefix []byte // every line begins with it
	steps  []step
	has    [fields]bool
	node   field
}

// A step is a field and what it ends with.
type step struct {
	field    field
	until    []byte // empty: the end of the line
	keep     bool   // until belongs to the next field, a path
	orUntil  []byte // what is behind that path, in case there is none
	last     bool   // the line ends with until
	escapes  bool   // until may stand in the field behind a backslash
	multiple bool   // upstreams: "a, b : c"
	dash     bool   // a path ends with "-" where $args, which is merged into it, is empty
}

// compile makes a scanner of a format. nodeVariable is that of Options.
func compile(pasted, nodeVariable string) (*scanner, error) {
	format, err := readFormat(pasted)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(format.text, "\n\r") {
		return nil, fmt.Errorf("%s: a line break within the format", excerpt(format.text[strings.IndexAny(format.text, "\n\r"):]))
	}
	parts, err := split(format.text)
	if err != nil {
		return nil, err
	}
	if parts, err = merge(parts); err != nil {
		return nil, err
	}
	s := &scanner{prefix: []byte(parts[0].literal)}
	for i, p := range parts[:len(parts)-1] {
		s.steps = append(s.steps, newStep(s.fieldOf(p.variable), parts[i:], format.escape))
	}
	if err := s.setNode(nodeVariable, parts); err != nil {
		return nil, err
	}
	return s, s.check()
}

// newStep is for the first of the parts. There is always one after it.
func newStep(f field, parts []part, escape string) step {
	next := parts[1]
	until := next.literal
	keep := until == "" && next.variable != ""
	var behind string
	if keep {
		until, behind = "/", parts[2].literal
	}
	return step{
		field: f, until: []byte(until), keep: keep, orUntil: []byte(behind), last: next.variable == "",
		escapes:  strings.HasPrefix(until, `"`) && escape != "none",
		multiple: strings.HasPrefix(parts[0].variable, "upstream_") && until != ", " && until != " : ",
		dash:     parts[0].merged && escape == "default",
	}
}

// fieldOf takes each field once: the second time it is ignored.
func (s *scanner) fieldOf(variable string) field {
	f := fieldOf[variable]
	if s.has[f] {
		return ignored
	}
	s.has[f] = f != ignored
	return f
}

// aboutClients are the beginnings of variables that a client chooses or that tell who it is.
var aboutClients = []string{
	"remote_", "http_", "cookie_", "arg", "request", "uri", "document_uri", "query_string", "binary_remote_", "realip_",
	"proxy_add_", "proxy_protocol_", "ssl_client_", "ssl_session", "content_", "host", "is_args", "sent_http_", "upstream_http_",
	"upstream_cookie_", "limit_rate", "geoip_", "ssl_server_name", "ssl_curves", "ssl_ciphers", "uid_", "jwt_", "fastcgi_script_", "fastcgi_path_",
	"slice_range",
}

func (s *scanner) setNode(variable string, parts []part) error {
	variable = strings.TrimPrefix(variable, "$")
	if variable == "" {
		return nil
	}
	for _, prefix := range aboutClients {
		if strings.HasPrefix(variable, prefix) && variable != "hostname" {
			return fmt.Errorf("$%s names no node: a client chooses it, or it tells who the client is", variable)
		}
	}
	at := slices.IndexFunc(parts, func(p part) bool { return p.variable == variable })
	if at < 0 {
		return fmt.Errorf("$%s, which names the node, is not in the format", variable)
	}
	if s.node = s.steps[at].field; s.node == ignored {
		s.node, s.steps[at].field, s.has[node] = node, node, true
	}
	return nil
}

func (s *scanner) check() error {
	switch {
	case !s.has[status]:
		return errors.New("there is no $status")
	case s.has[requestLine], s.has[method] && (s.has[sentURI] || s.has[uri]):
		return nil
	}
	return errors.New("there is neither $request nor $request_method with $request_uri")
}

// scan cuts a line without its '\n'. It tells whether the line is of this format.
func (s *scanner) scan(line []byte, values *[fields][]byte) bool {
	if !bytes.HasPrefix(line, s.prefix) {
		return false
	}
	line = line[len(s.prefix):]
	for i := range s.steps {
		step := &s.steps[i]
		end := step.end(line)
		if end < 0 {
			return false
		}
		values[step.field] = line[:end]
		if step.dash && bytes.IndexByte(line[:end], '?') < 0 {
			values[step.field] = bytes.TrimSuffix(line[:end], []byte("-"))
		}
		if !step.keep {
			end += len(step.until)
		}
		line = line[end:]
		if step.last {
			return len(line) == 0
		}
	}
	return true
}

// end is where the field ends that the line begins with, or -1.
func (s *step) end(line []byte) int {
	if len(s.until) == 0 {
		return len(line)
	}
	if s.keep && len(s.orUntil) > 0 {
		if end := bytes.Index(line, s.orUntil); end >= 0 && bytes.IndexByte(line[:end], '/') < 0 {
			return end
		}
	}
	first, more := s.until[0], s.until[1:]
	for at := 0; ; at++ {
		i := bytes.IndexByte(line[at:], first)
		if i < 0 {
			return -1
		}
		at += i
		switch {
		case len(more) > 0 && !bytes.HasPrefix(line[at+1:], more):
		case s.escapes && escaped(line[:at]):
		case s.multiple && between(line, at):
		default:
			return at
		}
	}
}

// escaped tells whether what follows stands behind a backslash that is none itself.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// between tells whether at is within what nginx puts between upstreams: ", " or " : ".
func between(line []byte, at int) bool {
	next := func(i int) byte {
		if i < 0 || i >= len(line) {
			return 0
		}
		return line[i]
	}
	switch line[at] {
	case ',':
		return next(at+1) == ' '
	case ':':
		return next(at-1) == ' ' && next(at+1) == ' '
	case ' ':
		return next(at-1) == ',' || next(at+1) == ':' && next(at+2) == ' ' || next(at-1) == ':' && next(at-2) == ' '
	}
	return false
}

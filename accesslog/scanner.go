package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A field is a value of a line that Counts uses.
type field uint8

const (
	ignored field = iota
	requestLine
	method
	sentURI // $request_uri, as the client sent it
	uri     // $uri, after rewrites: /50x.html when nginx answers an error with a page
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

// A step is a field and the text behind it in the format.
type step struct {
	field    field
	until    []byte // empty: the end of the line
	keep     bool   // until is "/", and the next field, a path, begins with it
	orUntil  []byte // the text behind that path: the field ends there when the path is empty
	last     bool   // the line ends with until
	escapes  bool   // the field may hold until behind a backslash
	multiple bool   // the field is a list of upstreams, such as "a, b : c"
	dash     bool   // the field is $uri?$args: an empty $args is logged as "-"
}

// compile makes a scanner of a format. nodeVariable is Options.Node.
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

// newStep is the step for the variable of parts[0]. parts[1] has the text behind it.
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

// fieldOf is the field of a variable; ignored for one that is not counted, and for a field that the format has a second time.
func (s *scanner) fieldOf(variable string) field {
	f := fieldOf[variable]
	if isRequestURI(variable) {
		f = sentURI
	}
	if s.has[f] {
		return ignored
	}
	s.has[f] = f != ignored
	return f
}

// aboutClients are the first letters of variables whose value a client chooses, or that identify a client.
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
		if (strings.HasPrefix(variable, prefix) || isRequestURI(variable)) && variable != "hostname" {
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

// scan cuts a line, without its '\n', into values. It returns false when the line is not of this format.
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

// end is the length of the field at the beginning of the line; -1 when the text behind it does not follow.
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

// escaped says whether the byte behind b is escaped: b ends in an odd number of backslashes.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// between says whether line[at] is part of a ", " or " : ", which nginx writes between two upstreams.
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

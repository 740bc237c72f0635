package accesslog

import "bytes"

// An entryField is a value of a line of a registry's own log that RegistryCounts uses.
type entryField uint8

const (
	entryOther entryField = iota
	entryTime
	entryMessage
	entryMethod
	entryURI
	entryAgent
	entryStatus
	entryWritten
	entryDetail
	entryRepository
	entryFields // how many there are
)

// An entry has the values of one line, as they stand between quotes: with their backslashes.
type entry [entryFields][]byte

func (f *registryFormat) fieldOf(key []byte) entryField {
	switch string(key) {
	case f.time:
		return entryTime
	case f.message:
		return entryMessage
	case "http.request.method":
		return entryMethod
	case "http.request.uri":
		return entryURI
	case "http.request.useragent":
		return entryAgent
	case "http.response.status":
		return entryStatus
	case "http.response.written":
		return entryWritten
	case "err.detail":
		return entryDetail
	case "vars.name":
		return entryRepository
	}
	return entryOther
}

// A registryFormat is one of log.formatter of Distribution.
type registryFormat struct {
	begins        string // the beginning of each line
	time, message string // keys
	cut           func(f *registryFormat, line []byte, e *entry) bool
}

var registryFormats = map[string]*registryFormat{
	"text":     {begins: `time="`, time: "time", message: "msg", cut: cutText},
	"json":     {begins: `{"`, time: "time", message: "msg", cut: cutJSON},
	"logstash": {begins: `{"`, time: "@timestamp", message: "message", cut: cutJSON},
}

// scan cuts a line into e. It returns false when the line is not of the format. It skips the text before the beginning, such as the
// time and the host that rsyslog writes.
func (f *registryFormat) scan(line []byte, e *entry) bool {
	*e = entry{}
	if !bytes.HasPrefix(line, []byte(f.begins)) {
		at := bytes.Index(line[:min(len(line), maxHeader)], []byte(" "+f.begins))
		if at < 0 || bytes.IndexByte(line[:at], '"') >= 0 {
			return false
		}
		line = line[at+1:]
	}
	return f.cut(f, line, e) && e[entryMessage] != nil
}

// cutText cuts key=value key="a value", as logrus writes them: a value without quotes has no space.
func cutText(f *registryFormat, line []byte, e *entry) bool {
	for len(line) > 0 {
		equals := bytes.IndexByte(line, '=')
		if equals < 0 {
			return false
		}
		key, rest := line[:equals], line[equals+1:]
		value, rest, good := cutValue(rest)
		if !good || len(rest) > 0 && rest[0] != ' ' {
			return false
		}
		e[f.fieldOf(key)] = value
		line = bytes.TrimPrefix(rest, []byte(" "))
	}
	return true
}

func cutValue(text []byte) (value, rest []byte, good bool) {
	if len(text) > 0 && text[0] == '"' {
		end := quoteEnd(text[1:])
		if end < 0 {
			return nil, nil, false
		}
		return text[1 : 1+end], text[end+2:], true
	}
	end := bytes.IndexByte(text, ' ')
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:], true
}

// quoteEnd is the index of the quote that ends a text; -1 without one.
func quoteEnd(text []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 {
			return -1
		}
		if at += i; at == 0 || text[at-1] != '\\' || !escaped(text[:at]) {
			return at
		}
	}
}

// cutJSON cuts an object of one line. Values that are objects or lists themselves are kept as they stand.
func cutJSON(f *registryFormat, line []byte, e *entry) bool {
	for rest := line[1:]; ; {
		rest = bytes.TrimLeft(rest, " \t")
		if len(rest) == 0 || rest[0] != '"' {
			return false
		}
		end := quoteEnd(rest[1:])
		if end < 0 {
			return false
		}
		key := rest[1 : 1+end]
		rest = bytes.TrimLeft(rest[end+2:], " \t")
		if len(rest) == 0 || rest[0] != ':' {
			return false
		}
		rest = bytes.TrimLeft(rest[1:], " \t")
		length, good := valueLength(rest)
		if !good {
			return false
		}
		value := rest[:length]
		if length > 1 && value[0] == '"' {
			value = value[1 : length-1]
		}
		e[f.fieldOf(key)] = value
		rest = bytes.TrimLeft(rest[length:], " \t")
		switch {
		case len(rest) > 0 && rest[0] == ',':
			rest = rest[1:]
		case len(rest) > 0 && rest[0] == '}':
			return len(bytes.TrimSpace(rest[1:])) == 0
		default:
			return false
		}
	}
}

// valueLength is the length of the JSON value at the beginning of text, with its quotes or brackets.
func valueLength(text []byte) (length int, good bool) {
	if len(text) == 0 {
		return 0, false
	}
	switch text[0] {
	case '"':
		end := quoteEnd(text[1:])
		return end + 2, end >= 0
	case '{', '[':
		return nestedLength(text)
	}
	end := bytes.IndexAny(text, ",} \t")
	return end, end > 0
}

// nestedLength is the length of an object or a list: up to the bracket that closes the first.
func nestedLength(text []byte) (length int, good bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, true
			}
		case '"':
			end := quoteEnd(text[i+1:])
			if end < 0 {
				return 0, false
			}
			i += end + 1
		}
	}
	return 0, false
}

// unquoted is a value without its backslashes: \u0026 becomes &, which encoding/json writes so. It lies in scratch, which bounds
// it, if the value has any. Characters beyond ASCII stay as they are.
func unquoted(value, scratch []byte) []byte {
	if bytes.IndexByte(value, '\\') < 0 {
		return value
	}
	plain := scratch[:0]
	for i := 0; i < len(value) && len(plain) < cap(plain); i++ {
		b := value[i]
		if b != '\\' || i+1 == len(value) {
			plain = append(plain, b)
			continue
		}
		i++
		digits := map[byte]int{'u': 4, 'x': 2}[value[i]]
		code, good := hexNumber(value[i+1:], digits)
		switch {
		case good && code < 0x80:
			plain = append(plain, byte(code))
			i += digits
		case value[i] == 'n' || value[i] == 't' || value[i] == 'r':
			plain = append(plain, ' ')
		default:
			plain = append(plain, value[i])
		}
	}
	return plain
}

// hexNumber reads so many hexadecimal digits.
func hexNumber(text []byte, digits int) (n int, good bool) {
	if digits == 0 || len(text) < digits {
		return 0, false
	}
	for _, b := range text[:digits] {
		digit := unhex(b)
		if digit > 15 {
			return 0, false
		}
		n = n<<4 | int(digit)
	}
	return n, true
}

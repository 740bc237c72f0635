package accesslog

import (
	"errors"
	"fmt"
	"strings"
)

// nginxQuotes replaces the escapes that nginx knows in quoted strings of nginx.conf. Any other backslash stays.
var nginxQuotes = strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`, `\t`, "\t", `\r`, "\r", `\n`, "\n")

// named are the formats that a configuration may give by name.
var named = map[string]string{
	"combined": `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`,
	"harbor":   `$remote_addr - "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time $pipe`,
}

// A logFormat is a log_format of nginx: its text, such as "$request" $status, and its escape=.
type logFormat struct {
	text   string
	escape string // default, json or none
}

// readFormat reads Options.Format.
func readFormat(pasted string) (logFormat, error) {
	pasted = strings.TrimSpace(pasted)
	if text, found := named[pasted]; found {
		return logFormat{text, "default"}, nil
	}
	bare := logFormat{pasted, "default"}
	rest, directive := strings.CutPrefix(pasted, "log_format")
	directive = directive && strings.IndexAny(rest, " \t\r\n") == 0
	if !directive && !strings.HasPrefix(pasted, "'") && !strings.HasPrefix(pasted, `"`) && !strings.HasPrefix(pasted, "escape=") {
		return bare, nil
	}
	words, err := words(pasted)
	if err != nil && directive {
		return logFormat{}, err
	}
	if directive {
		if len(words) < 3 {
			return logFormat{}, errors.New("log_format wants a name and a format")
		}
		words = words[2:]
	}
	return joined(words, bare, directive || err == nil && strings.HasPrefix(pasted, "escape="))
}

// joined joins the strings of a format, such as '$request ' '$status'. Without the directive around them a text that only
// begins with a quote is the format itself, bare, such as "$request" $status.
func joined(words []word, bare logFormat, directive bool) (logFormat, error) {
	f := logFormat{escape: "default"}
	if len(words) > 0 && !words[0].quoted {
		if escape, found := strings.CutPrefix(words[0].text, "escape="); found {
			f.escape, words = escape, words[1:]
		}
	}
	switch f.escape {
	case "default", "json", "none":
	default:
		return logFormat{}, fmt.Errorf("escape=%s: it can be default, json or none", f.escape)
	}
	var text strings.Builder
	for _, w := range words {
		if !w.quoted && !directive {
			return bare, nil
		}
		text.WriteString(w.text)
	}
	f.text = text.String()
	if !directive && (len(words) == 0 || strings.Contains(f.text, "$") && checkNeighbours(f.text) != nil) {
		return bare, nil
	}
	return f, nil
}

// checkNeighbours returns an error when nothing parts two variables. Joined, the format "$request" "$status" becomes
// $request$status, which is such an error; the strings "…$status" " $request_time" of a format become none.
func checkNeighbours(text string) error {
	parts, err := split(text)
	if err == nil {
		_, err = merge(parts)
	}
	return err
}

// A word is one word of nginx.conf, without its quotes.
type word struct {
	text   string
	quoted bool
}

// words are the words of conf up to the first semicolon.
func words(conf string) ([]word, error) {
	var all []word
	for at := 0; at < len(conf); {
		switch b := conf[at]; b {
		case ' ', '\t', '\r', '\n':
			at++
		case ';':
			if rest := strings.TrimSpace(conf[at+1:]); rest != "" && !strings.HasPrefix(rest, "#") {
				return nil, fmt.Errorf("character %d: there is more behind the ;", at+2)
			}
			return all, nil
		case '#':
			end := strings.IndexByte(conf[at:], '\n')
			if end < 0 {
				return all, nil
			}
			at += end
		case '\'', '"':
			end := closing(conf, at)
			if end < 0 {
				return nil, fmt.Errorf("character %d: the %c is not closed", at+1, b)
			}
			all = append(all, word{nginxQuotes.Replace(conf[at+1 : end]), true})
			at = end + 1
		default:
			end := strings.IndexAny(conf[at:], " \t\r\n;")
			if end < 0 {
				end = len(conf) - at
			}
			all = append(all, word{conf[at : at+end], false})
			at += end
		}
	}
	return all, nil
}

// closing is the index of the quote that closes the one at start.
func closing(conf string, start int) int {
	for at := start + 1; at < len(conf); at++ {
		switch conf[at] {
		case '\\':
			at++
		case conf[start]:
			return at
		}
	}
	return -1
}

// A part is a variable and the text before it. The last has no variable.
type part struct {
	literal  string
	variable string
	merged   bool // it is a path, and $args follows it without a text between
}

func split(text string) ([]part, error) {
	var parts []part
	for {
		literal, rest, found := strings.Cut(text, "$")
		if !found {
			return append(parts, part{literal: literal}), nil
		}
		name := rest
		if inner, braces := strings.CutPrefix(rest, "{"); braces {
			if name, text, found = strings.Cut(inner, "}"); !found {
				return nil, fmt.Errorf("%s: the ${ is not closed", excerpt("${"+inner))
			}
		} else {
			end := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
			if end < 0 {
				end = len(rest)
			}
			name, text = rest[:end], rest[end:]
		}
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isWord(r) }) {
			return nil, fmt.Errorf("%s: no name of a variable", excerpt("$"+rest))
		}
		parts = append(parts, part{literal: literal, variable: name})
	}
}

func isWord(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// excerpt is the place in a format for an error: the first 40 bytes of the rest of it.
func excerpt(s string) string {
	const enough = 40
	if len(s) > enough {
		s = s[:enough]
	}
	return fmt.Sprintf("at %q", s)
}

// merge joins $uri$is_args$args to one part. The error names two other variables between which there is no text.
func merge(parts []part) ([]part, error) {
	var merged []part
	for _, p := range parts {
		if len(merged) == 0 || p.literal != "" || p.variable == "" {
			merged = append(merged, p)
			continue
		}
		before := merged[len(merged)-1].variable
		switch {
		case isURI(before) && p.variable == "is_args":
		case isURI(before) && (p.variable == "args" || p.variable == "query_string"):
			merged[len(merged)-1].merged = true
		case isURI(p.variable):
			merged = append(merged, p) // a path: its slash shows where it begins
		default:
			return nil, fmt.Errorf("$%s$%s: nothing tells where one ends and the other begins", before, p.variable)
		}
	}
	return merged, nil
}

// isRequestURI says whether a variable is the path as it was sent: $request_uri, or one that a map makes of it, such as GitLab's
// $filtered_request_uri. Headers, arguments and cookies of that name are none.
func isRequestURI(variable string) bool {
	name, found := strings.CutSuffix(variable, "request_uri")
	return found && !strings.Contains(name, "http_") && !strings.HasPrefix(name, "arg_") && !strings.HasPrefix(name, "cookie_")
}

func isURI(variable string) bool {
	return variable == "uri" || variable == "document_uri" || isRequestURI(variable)
}

package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/BurntSushi/toml"
)

// Errors of parsers quote what they read, which may be a password: texts say the line alone.

// lineOfJSON is such as ", line 3,"; empty when the error has no place.
func lineOfJSON(text []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return atLine(text, syntax.Offset)
	case errors.As(err, &kind):
		return atLine(text, kind.Offset)
	}
	return ""
}

func atLine(text []byte, offset int64) string {
	before := text[:min(max(offset, 0), int64(len(text)))]
	return fmt.Sprintf(", line %d,", 1+bytes.Count(before, []byte("\n")))
}

// lineOfTOML is such as ", line 3,"; empty when the error has no place.
func lineOfTOML(err error) string {
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		return fmt.Sprintf(", line %d,", syntax.Position.Line)
	}
	return ""
}

// parseEndpoint reads the URL of a mirror. Without a scheme it is https, and without a path /v2.
func parseEndpoint(text string) (*endpoint, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("no URL")
	}
	e := &endpoint{scheme: u.Scheme, host: u.Host, path: "/v2"}
	if clean := path.Clean("/" + u.Path); clean != "/" {
		e.path = clean
	}
	return e, nil
}

package collector

import (
	"encoding/json"
	"errors"
)

// fromJSON reads a whole JSON text into v. Its errors have own words: those of encoding/json repeat parts of the text.
func fromJSON(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return failed(reasonBadAnswer, "not JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return failed(reasonBadAnswer, "a JSON value of another type than expected")
	}
	return err
}

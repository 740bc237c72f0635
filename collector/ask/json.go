package ask

import (
	"encoding/json"
	"errors"

	"registry_exporter/collector/source"
)

// FromJSON reads a whole JSON text into v. The reason of an error is bad_answer. The error does not quote the text, as
// those of encoding/json do.
func FromJSON(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return source.Failed(source.ReasonBadAnswer, "not JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return source.Failed(source.ReasonBadAnswer, "a JSON value of another type than expected")
	}
	return err
}

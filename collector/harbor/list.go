package harbor

import (
	"bytes"
	"encoding/json"
	"fmt"

	"registry_exporter/collector/source"
)

// maxListed bounds the rows of one answer. Harbor puts at most pageSize on a page, and has some 20 queues; there is a pool for each
// jobservice.
const maxListed = 1000

// A list is an array of an answer. It stops at maxListed rows, with reason too_large: each row, even {}, takes hundreds of bytes
// of memory.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	if text[0] != '[' {
		return source.Failed(source.ReasonBadAnswer, "a JSON value of another type than expected")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("reading the beginning of a list: %w", err)
	}
	for d.More() {
		if len(*l) == maxListed {
			return source.Failed(source.ReasonTooLarge, "an answer has more than %d rows", maxListed)
		}
		var row T
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
		*l = append(*l, row)
	}
	return nil
}

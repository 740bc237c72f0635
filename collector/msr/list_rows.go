package msr

import (
	"errors"
	"time"

	"registry_exporter/collector/source"
)

// maxRows bounds the rows that are read of a list: MSR is asked for 200 jobs, and has a worker for each replica.
const maxRows = 1000

// readRows reads a body such as {"jobs": […]}, with the rows under key; null is a list without rows. It calls field with each key
// of each row, and row behind the last one; row returns errShape for one that lacks what it needs. The error has reason
// bad_answer or too_large; rows before it were read.
func readRows(body []byte, key string, begin func(), field func(d *decoder, key []byte) error, row func() error) error {
	d := &decoder{data: body}
	found, rows := false, 0
	err := d.object(func(name []byte) error {
		if string(name) != key {
			return d.skip()
		}
		found = true
		if d.null() {
			return nil
		}
		return d.array(func() error {
			if rows++; rows > maxRows {
				return source.Failed(source.ReasonTooLarge, "more than %d %s", maxRows, key)
			}
			return d.tolerate(func() error {
				begin()
				if err := d.object(func(name []byte) error { return d.tolerate(func() error { return field(d, name) }) }); err != nil {
					return err
				}
				return row()
			})
		})
	})
	switch {
	case errors.Is(err, errShape):
		return source.Failed(source.ReasonBadAnswer, "not a JSON object with a list of %s", key)
	case err != nil:
		return err
	case !found:
		return source.Failed(source.ReasonBadAnswer, "the answer has no %s", key)
	}
	return errors.Join(d.end(), d.oddities())
}

// optionalText reads a text; null is an empty one.
func (d *decoder) optionalText() (string, error) {
	if d.null() {
		return "", nil
	}
	return d.text()
}

// optionalTime reads a time; null, an empty text, and times that stand for never are the zero time.
func (d *decoder) optionalTime() (time.Time, error) {
	text, err := d.optionalText()
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil && text != "" {
		return time.Time{}, errShape
	}
	if !happened(at) {
		return time.Time{}, nil
	}
	return at, nil
}

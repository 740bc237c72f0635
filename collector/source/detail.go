package source

import "errors"

// A detailedError has words for everybody, and others for the log of the exporter alone: those of the system name resolved
// addresses and our resolver.
type detailedError struct {
	text string
	err  error
}

func (d detailedError) Error() string { return d.text }

func (d detailedError) Unwrap() error { return d.err }

// Detailed says text instead of the words of err, which Detail gives. The reason stays.
func Detailed(err error, text string) error { return detailedError{text, err} }

// Detail is the words that Detailed has taken out of err; empty: none.
func Detail(err error) string {
	var d detailedError
	if errors.As(err, &d) {
		return d.err.Error()
	}
	return ""
}

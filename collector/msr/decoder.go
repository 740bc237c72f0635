package msr

import (
	"encoding/json"
	"errors"

	"registry_exporter/collector/source"
)

// maxDepth is how deep objects and arrays may nest.
const maxDepth = 64

// errShape is the error for a value of another type than expected, such as a text where a number should be. The text is
// still JSON: tolerate passes over the value, and reading goes on behind it.
var errShape = errors.New("a value of another type than expected")

// A decoder reads a JSON text once, from its beginning to its end, in place. A cluster_status may have megabytes: the
// decoder allocates only the texts that the caller asks for.
//
//	d := &decoder{data: []byte(`{"a": 1, "b": "odd"}`)}
//	err := d.object(func(key []byte) error {
//		return d.tolerate(func() error { _, err := d.number(); return err }) // reads 1, and counts "odd" in d.odd
//	})
type decoder struct {
	data  []byte
	pos   int // index in data of the next byte
	depth int // of the objects and arrays around pos
	odd   int // values that tolerate has passed over
}

// syntax is the error for a text that is not JSON at the current position. Its reason is bad_answer.
func (d *decoder) syntax(what string) error {
	return source.Failed(source.ReasonBadAnswer, "not JSON at byte %d: %s", d.pos, what)
}

// peek passes over white space and returns the byte behind it, without reading that one; 0 at the end of the text.
func (d *decoder) peek() byte {
	for ; d.pos < len(d.data); d.pos++ {
		switch c := d.data[d.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take reads c if it comes next, behind white space.
func (d *decoder) take(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.pos++
	return true
}

// open reads the { or [ of a value. It returns errShape when another value comes next.
func (d *decoder) open(c byte) error {
	if d.peek() == 0 && d.pos >= len(d.data) {
		return d.syntax("the text ends")
	}
	if !d.take(c) {
		return errShape
	}
	if d.depth++; d.depth > maxDepth {
		return source.Failed(source.ReasonBadAnswer, "JSON nests deeper than %d", maxDepth)
	}
	return nil
}

// object reads an object. It calls field behind the colon of each key; field must read the value there. The key is a
// part of data or a copy, good until field returns.
func (d *decoder) object(field func(key []byte) error) error {
	if err := d.open('{'); err != nil {
		return err
	}
	for first := true; !d.take('}'); first = false {
		if !first && !d.take(',') {
			return d.syntax("no comma between fields")
		}
		if d.peek() != '"' {
			return d.syntax("a key is not a text")
		}
		key, err := d.rawText()
		if err != nil {
			return err
		}
		if !d.take(':') {
			return d.syntax("no colon behind a key")
		}
		if err := field(key); err != nil {
			return err
		}
	}
	d.depth--
	return nil
}

// array reads an array. It calls element before each element; element must read it.
func (d *decoder) array(element func() error) error {
	if err := d.open('['); err != nil {
		return err
	}
	for first := true; !d.take(']'); first = false {
		if !first && !d.take(',') {
			return d.syntax("no comma between elements")
		}
		if err := element(); err != nil {
			return err
		}
	}
	d.depth--
	return nil
}

// tolerate calls read, which must read the next value. When read returns errShape, tolerate passes over the whole value,
// counts it in odd and returns nil.
func (d *decoder) tolerate(read func() error) error {
	start, depth := d.pos, d.depth
	err := read()
	if !errors.Is(err, errShape) {
		return err
	}
	d.pos, d.depth = start, depth
	d.odd++
	return d.skip()
}

// skip passes over the next value, of any type.
func (d *decoder) skip() error {
	switch d.peek() {
	case '{':
		return d.object(func([]byte) error { return d.skip() })
	case '[':
		return d.array(d.skip)
	case '"':
		text, plain, err := d.quoted()
		if err == nil && !plain && !json.Valid(text) {
			return d.syntax("a text with an invalid character")
		}
		return err
	case 't', 'f', 'n':
		if d.word("true") || d.word("false") || d.null() {
			return nil
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		_, err := d.numberToken()
		return err
	}
	return d.syntax("no value")
}

// end returns an error when anything but white space follows.
func (d *decoder) end() error {
	if d.peek(); d.pos < len(d.data) {
		return d.syntax("something follows the value")
	}
	return nil
}

// oddities returns an error when tolerate has passed over values. Its reason is bad_answer.
func (d *decoder) oddities() error {
	if d.odd > 0 {
		return source.Failed(source.ReasonBadAnswer, "%d values of another type than expected", d.odd)
	}
	return nil
}

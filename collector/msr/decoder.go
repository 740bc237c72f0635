package msr

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"registry_exporter/collector/source"
)

// maxDepth is how deep a JSON answer may nest.
const maxDepth = 64

// errShape says that a value is of another type than expected; what follows it can still be read.
var errShape = errors.New("a value of another type than expected")

// A decoder walks a cluster_status, which may have megabytes, once and in place. It allocates only the texts it is asked for, and goes on
// behind a value of the wrong shape, so that one odd row loses nothing but itself.
type decoder struct {
	data  []byte
	pos   int
	depth int
	odd   int // values passed over by tolerate
}

func (d *decoder) syntax(what string) error {
	return source.Failed(source.ReasonBadAnswer, "not JSON at byte %d: %s", d.pos, what)
}

// peek is the first byte of the next value, 0 at the end.
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

func (d *decoder) take(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.pos++
	return true
}

// open begins an object or array. The value that begins otherwise is errShape, the end of the text is not JSON.
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

// object calls field for each key; field must read the value behind it.
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

// array calls element before each element; element must read it.
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

// tolerate runs read on the next value. One of another shape is passed over whole and counted in odd.
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

// rawText reads a text and undoes its escapes; without any it is a part of the data.
func (d *decoder) rawText() ([]byte, error) {
	quoted, plain, err := d.quoted()
	if err != nil {
		return nil, err
	}
	if plain {
		return quoted[1 : len(quoted)-1], nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return nil, d.syntax("a text with an invalid character")
	}
	return []byte(s), nil
}

// quoted reads a text as it stands; plain says that there is nothing to undo or to object to in it.
func (d *decoder) quoted() (text []byte, plain bool, err error) {
	if d.peek() != '"' {
		if d.pos >= len(d.data) {
			return nil, false, d.syntax("the text ends")
		}
		return nil, false, errShape
	}
	plain = true
	for i := d.pos + 1; i < len(d.data); i++ {
		switch c := d.data[i]; {
		case c == '"':
			text = d.data[d.pos : i+1]
			d.pos = i + 1
			return text, plain, nil
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			plain = false
		}
	}
	return nil, false, d.syntax("a text does not end")
}

func (d *decoder) text() (string, error) {
	raw, err := d.rawText()
	return string(raw), err
}

// number reads a finite number. One that no float64 can hold is errShape.
func (d *decoder) number() (float64, error) {
	c := d.peek()
	if c != '-' && (c < '0' || c > '9') {
		if d.pos >= len(d.data) {
			return 0, d.syntax("the text ends")
		}
		return 0, errShape
	}
	token, err := d.numberToken()
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseFloat(string(token), 64)
	if err != nil {
		return 0, errShape
	}
	return value, nil
}

// maxCount is above whatever can be counted, and low enough for sums of counts to stay finite.
const maxCount = 1 << 63

// count is a number that can be a size or how many there are.
func (d *decoder) count() (float64, error) {
	value, err := d.number()
	if err == nil && (value < 0 || value >= maxCount) {
		return 0, errShape
	}
	return value, err
}

func (d *decoder) numberToken() ([]byte, error) {
	start := d.pos
	d.one("-")
	if !d.one("0") && !d.digits() {
		return nil, d.syntax("a number without digits")
	}
	if d.one(".") && !d.digits() {
		return nil, d.syntax("a number without digits behind the point")
	}
	if d.one("eE") {
		d.one("+-")
		if !d.digits() {
			return nil, d.syntax("a number without digits in its exponent")
		}
	}
	return d.data[start:d.pos], nil
}

// one reads a byte that is in set.
func (d *decoder) one(set string) bool {
	if d.pos < len(d.data) && strings.IndexByte(set, d.data[d.pos]) >= 0 {
		d.pos++
		return true
	}
	return false
}

func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.data) && d.data[d.pos] >= '0' && d.data[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}

func (d *decoder) word(w string) bool {
	d.peek()
	if !bytes.HasPrefix(d.data[d.pos:], []byte(w)) {
		return false
	}
	d.pos += len(w)
	return true
}

func (d *decoder) boolean() (bool, error) {
	switch {
	case d.word("true"):
		return true, nil
	case d.word("false"):
		return false, nil
	case d.pos >= len(d.data):
		return false, d.syntax("the text ends")
	}
	return false, errShape
}

// null reads a null, if one is next.
func (d *decoder) null() bool { return d.word("null") }

// skip passes over one value of any shape.
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

// following returns an error when anything follows the value.
func (d *decoder) following() error {
	if d.peek(); d.pos < len(d.data) {
		return d.syntax("something follows the value")
	}
	return nil
}

// oddities returns an error when values were passed over.
func (d *decoder) oddities() error {
	if d.odd > 0 {
		return source.Failed(source.ReasonBadAnswer, "%d values of another type than expected", d.odd)
	}
	return nil
}

package collector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// maxDepth is how deep a JSON answer may nest.
const maxDepth = 64

// errShape says that a value is of another type than expected; what follows it can still be read.
var errShape = errors.New("a value of another type than expected")

// A decoder walks a JSON text once, in place. It allocates only the texts it is asked for, and goes on
// behind a value of the wrong shape, so that one odd row loses nothing but itself.
type decoder struct {
	data  []byte
	pos   int
	depth int
	odd   int // values passed over by tolerate
}

func (d *decoder) syntax(what string) error {
	return failed(reasonBadAnswer, "not JSON at byte %d: %s", d.pos, what)
}

func (d *decoder) space() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// peek is the first byte of the next value, 0 at the end.
func (d *decoder) peek() byte {
	d.space()
	if d.pos < len(d.data) {
		return d.data[d.pos]
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
		return failed(reasonBadAnswer, "JSON nests deeper than %d", maxDepth)
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
	if d.peek() != '"' {
		if d.pos >= len(d.data) {
			return nil, d.syntax("the text ends")
		}
		return nil, errShape
	}
	start := d.pos
	for i := d.pos + 1; ; {
		n := bytes.IndexByte(d.data[i:], '"')
		if n < 0 {
			return nil, d.syntax("a text does not end")
		}
		i += n
		if escapes := countBackslashes(d.data[start+1 : i]); escapes%2 == 1 {
			i++
			continue
		}
		d.pos = i + 1
		return d.unescape(d.data[start : i+1])
	}
}

// countBackslashes counts those at the end of b.
func countBackslashes(b []byte) int {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n
}

func (d *decoder) unescape(quoted []byte) ([]byte, error) {
	inner := quoted[1 : len(quoted)-1]
	plain := true
	for _, c := range inner {
		if c < ' ' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return inner, nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return nil, d.syntax("a text with an invalid character")
	}
	return []byte(s), nil
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

// count is a number that cannot be negative: a size or how many there are.
func (d *decoder) count() (float64, error) {
	value, err := d.number()
	if err == nil && value < 0 {
		return 0, errShape
	}
	return value, err
}

func (d *decoder) numberToken() ([]byte, error) {
	start := d.pos
	digits := func() bool {
		from := d.pos
		for d.pos < len(d.data) && d.data[d.pos] >= '0' && d.data[d.pos] <= '9' {
			d.pos++
		}
		return d.pos > from
	}
	at := func(set string) bool {
		if d.pos < len(d.data) && bytes.IndexByte([]byte(set), d.data[d.pos]) >= 0 {
			d.pos++
			return true
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		return nil, d.syntax("a number without digits")
	}
	if at(".") && !digits() {
		return nil, d.syntax("a number without digits behind the point")
	}
	if at("eE") {
		at("+-")
		if !digits() {
			return nil, d.syntax("a number without digits in its exponent")
		}
	}
	return d.data[start:d.pos], nil
}

func (d *decoder) word(w string) bool {
	d.space()
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
		_, err := d.rawText()
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

// end returns an error when anything follows the value, or when values were passed over.
func (d *decoder) end() error {
	if d.space(); d.pos < len(d.data) {
		return d.syntax("something follows the value")
	}
	if d.odd > 0 {
		return failed(reasonBadAnswer, "%s", fmt.Sprintf("%d values of another type than expected", d.odd))
	}
	return nil
}

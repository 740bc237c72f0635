package msr

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// rawText reads a text. Without escapes it returns a part of data, else a copy with the escapes replaced: "a\nb" has a
// line feed.
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

// quoted reads a text and returns it with its quotes. It is plain when it holds neither escapes nor control characters,
// which JSON forbids.
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

// text is like rawText, and always returns a copy.
func (d *decoder) text() (string, error) {
	raw, err := d.rawText()
	return string(raw), err
}

// number reads a finite number. It returns errShape for one that no float64 holds, such as 1e999.
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

// maxCount is the first number that count refuses. Sums of counts below it stay finite.
const maxCount = 1 << 63

// count reads a number of bytes or of things: errShape unless 0 <= number < maxCount.
func (d *decoder) count() (float64, error) {
	value, err := d.number()
	if err == nil && (value < 0 || value >= maxCount) {
		return 0, errShape
	}
	return value, err
}

// numberToken reads a number and returns its text, such as -1.5e3.
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

// one reads the next byte if set holds it.
func (d *decoder) one(set string) bool {
	if d.pos < len(d.data) && strings.IndexByte(set, d.data[d.pos]) >= 0 {
		d.pos++
		return true
	}
	return false
}

// digits reads digits, at least one.
func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.data) && d.data[d.pos] >= '0' && d.data[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}

// word reads w if it comes next, behind white space.
func (d *decoder) word(w string) bool {
	d.peek()
	if !bytes.HasPrefix(d.data[d.pos:], []byte(w)) {
		return false
	}
	d.pos += len(w)
	return true
}

// boolean reads true or false.
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

// null reads null if it comes next.
func (d *decoder) null() bool { return d.word("null") }

package msr

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// decoded returns the value of a whole JSON text, as encoding/json reads it into an any.
func decoded(text []byte) (any, error) {
	d := &decoder{data: text}
	value, err := d.anyValue()
	if err == nil {
		err = d.finish()
	}
	return value, err
}

func (d *decoder) anyValue() (any, error) {
	switch d.peek() {
	case '{':
		fields := map[string]any{}
		err := d.object(func(key []byte) (err error) {
			fields[validText(key)], err = d.anyValue()
			return err
		})
		return fields, err
	case '[':
		elements := []any{}
		err := d.array(func() error {
			e, err := d.anyValue()
			elements = append(elements, e)
			return err
		})
		return elements, err
	case '"':
		text, err := d.rawText()
		return validText(text), err
	case 't', 'f':
		return d.boolean()
	case 'n':
		if d.null() {
			return nil, nil
		}
	}
	return d.number()
}

// validText replaces each invalid byte, as encoding/json does. The decoder leaves them for source.CleanLabel.
func validText(b []byte) string { return string([]rune(string(b))) }

// finish returns an error unless the whole text was read and nothing in it was odd.
func (d *decoder) finish() error {
	if err := d.end(); err != nil {
		return err
	}
	return d.oddities()
}

func accepts(text []byte) error {
	d := &decoder{data: text}
	if err := d.skip(); err != nil {
		return err
	}
	return d.finish()
}

func TestDecoderReadsWhatIsJSON(t *testing.T) {
	for _, c := range jsonTexts {
		t.Run(c.name, func(t *testing.T) {
			if err := accepts([]byte(c.text)); err != nil {
				t.Errorf("skip: %s", err)
			}
			var want any
			if err := json.Unmarshal([]byte(c.text), &want); err != nil {
				t.Fatal(err)
			}
			got, err := decoded([]byte(c.text))
			if err != nil {
				t.Error(err)
			}
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%#v, want %#v", got, want)
			}
		})
	}
}

func TestDecoderRefusesWhatIsNot(t *testing.T) {
	for _, c := range notJSONTexts {
		t.Run(c.name, func(t *testing.T) {
			if json.Valid([]byte(c.text)) {
				t.Fatal("is JSON")
			}
			err := accepts([]byte(c.text))
			if source.Reason(err) != source.ReasonBadAnswer {
				t.Errorf("skip: error %v, want one for %s", err, source.ReasonBadAnswer)
			}
			if _, err := decoded([]byte(c.text)); err == nil {
				t.Error("decoded")
			}
		})
	}
}

func TestDecoderRefusesEveryBeginningOfAText(t *testing.T) {
	text := []byte(`{"a":[1.5e3,"x\"y",true,false,null,{"b":{}}]}`)
	for n := range text {
		if err := accepts(text[:n]); source.Reason(err) != source.ReasonBadAnswer {
			t.Errorf("%s: error %v, want one for %s", text[:n], err, source.ReasonBadAnswer)
		}
	}
}

func TestDecoderBoundsDepth(t *testing.T) {
	for _, c := range []struct {
		name, open, close string
	}{
		{"arrays", "[", "]"},
		{"objects", `{"a":`, "}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nested := func(n int) []byte {
				return []byte(strings.Repeat(c.open, n) + "[]" + strings.Repeat(c.close, n))
			}
			if err := accepts(nested(maxDepth - 1)); err != nil {
				t.Errorf("at the bound: %s", err)
			}
			if err := accepts(nested(maxDepth)); source.Reason(err) != source.ReasonBadAnswer {
				t.Errorf("above the bound: error %v, want one for %s", err, source.ReasonBadAnswer)
			}
			if err := accepts([]byte(strings.Repeat(c.open, 5_000_000))); source.Reason(err) != source.ReasonBadAnswer {
				t.Errorf("far above the bound: error %v, want one for %s", err, source.ReasonBadAnswer)
			}
		})
	}
}

func TestDecoderForgetsDepthOfWhatIsBehind(t *testing.T) {
	siblings := "[" + strings.Repeat(`[{"a":[]}],`, 10*maxDepth) + "[]]"
	if err := accepts([]byte(siblings)); err != nil {
		t.Error(err)
	}
}

func TestDecoderGoesOnBehindAnOddValue(t *testing.T) {
	text := `[1, "two", [3, [4]], {"five": {"six": []}}, null, true, 1e999, -8, 9]`
	d := &decoder{data: []byte(text)}
	var sum float64
	err := d.array(func() error {
		return d.tolerate(func() error {
			n, err := d.count()
			sum += n
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if sum != 1+9 {
		t.Errorf("sum is %v, want 10", sum)
	}
	if d.odd != 7 {
		t.Errorf("%d values are odd, want 7", d.odd)
	}
	if err := d.finish(); source.Reason(err) != source.ReasonBadAnswer {
		t.Errorf("end: error %v, want one for %s", err, source.ReasonBadAnswer)
	}
}

func TestDecoderPassesOverAnOddValueThatBrokeOffInside(t *testing.T) {
	d := &decoder{data: []byte(`[[[["x"]]], 5]`)}
	var got float64
	err := d.array(func() error {
		return d.tolerate(func() (err error) {
			if d.peek() == '[' {
				return d.array(func() error { return d.array(func() error { _, err := d.boolean(); return err }) })
			}
			got, err = d.number()
			return err
		})
	})
	if err != nil || got != 5 || d.depth != 0 || d.odd != 1 {
		t.Errorf("error %v, number %v, depth %d, odd %d; want none, 5, 0, 1", err, got, d.depth, d.odd)
	}
}

func TestDecoderDoesNotTolerateWhatIsNotJSON(t *testing.T) {
	d := &decoder{data: []byte(`[1, {"a" 2}]`)}
	err := d.array(func() error {
		return d.tolerate(func() error { _, err := d.number(); return err })
	})
	if source.Reason(err) != source.ReasonBadAnswer || errors.Is(err, errShape) {
		t.Errorf("error %v, want one of syntax", err)
	}
}

func TestCountIsWhatCanBeCounted(t *testing.T) {
	for text, good := range map[string]bool{
		"0": true, "12": true, "12.5": true, "9223372036854774784": true,
		"9223372036854775808": false, "1e19": false, "1e999": false, "-1": false, "-0.001": false, `"1"`: false, "null": false,
	} {
		d := &decoder{data: []byte(text)}
		if _, err := d.count(); (err == nil) != good {
			t.Errorf("%s: error %v, want one: %v", text, err, !good)
		}
	}
}

// FuzzDecoder compares the decoder with encoding/json.
func FuzzDecoder(f *testing.F) {
	for _, c := range jsonTexts {
		f.Add([]byte(c.text))
	}
	for _, c := range notJSONTexts {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := accepts(text)
		if err != nil && strings.Contains(err.Error(), "deeper") {
			return
		}
		if valid := json.Valid(text); valid != (err == nil) {
			t.Fatalf("error %v, but json.Valid says %v", err, valid)
		}
		var want any
		wantErr := json.Unmarshal(text, &want)
		got, err := decoded(text)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, encoding/json has %v", err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(want, got) {
			t.Fatalf("%#v, want %#v", got, want)
		}
	})
}

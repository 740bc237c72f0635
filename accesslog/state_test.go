package accesslog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"registry_exporter/accesslog/genlog"
)

func restarted(t *testing.T, c *Counts) *Counts {
	t.Helper()
	data, err := c.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	again := newCounts(t, c.options)
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return again
}

// A log that is read through many restarts comes to the same as one that is read at once.
func TestRestarts(t *testing.T) {
	for _, o := range []Options{
		{Format: genlog.JSON, Depth: WholeName, MaxProjects: 30, Node: "upstream_addr"},
		{Format: genlog.JSON, Depth: AllButLast},
	} {
		text := logOf(3000, (*genlog.Generator).AppendJSON)
		whole, often := newCounts(t, o), newCounts(t, o)
		whole.Add(text)
		whole.TooLong(2)
		i := 0
		for line := range strings.Lines(string(text)) {
			often.Add([]byte(line))
			if i++; i%97 == 0 {
				often = restarted(t, often)
			}
		}
		often.TooLong(2)
		often = restarted(t, often)
		if got, want := fmt.Sprintf("%+v", often.Snapshot()), fmt.Sprintf("%+v", whole.Snapshot()); got != want {
			t.Errorf("with restarts\n%s\nwithout\n%s", got, want)
		}
		got, _ := often.MarshalBinary()
		want, _ := whole.MarshalBinary()
		if !bytes.Equal(got, want) {
			t.Error("what is saved differs")
		}
	}
}

// The checksum would tell of these first, but is no defence.
func TestDecodeDamaged(t *testing.T) {
	o := Options{Format: short, MaxProjects: 4}.withDefaults()
	c := newCounts(t, o)
	c.Add(pull("a", 200))
	c.Add(pull("b", 200))
	data := c.encode()
	for _, test := range []struct {
		name     string
		old, new string
	}{
		{"one name twice", "\x01a\x01b", "\x01a\x01a"},
		{"a name that is none", "\x01a\x01b", "\x01a\x01B"},
		{"more names than places", "\x02\x01a\x01b", "\x05\x01a\x01b\x01c\x01d\x01e"},
		{"a name without end", "\x02\x01a", "\x02\xff\xff\x7fa"},
		{"more numbers", "\x02\x01a\x01b", "\x00"},
		{"fewer numbers", "\x00\x00\x00\x00\x00\x00", ""},
		{"a number without end", "\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := decode(bytes.Replace(data, []byte(test.old), []byte(test.new), 1), o); err != errDamaged {
				t.Errorf("%v, want %v", err, errDamaged)
			}
		})
	}
	if _, err := decode(data, o); err != nil {
		t.Error("what is not damaged:", err)
	}
}

func TestWhatWasSavedDoesNotFit(t *testing.T) {
	o := Options{Format: short}
	c := newCounts(t, o)
	c.Add(pull("a/b", 200))
	data, _ := c.MarshalBinary()
	saved := func(change func(*Options)) *Counts {
		other := o
		change(&other)
		return newCounts(t, other)
	}
	for _, test := range []struct {
		name string
		data []byte
		into *Counts
		want error
	}{
		{"nothing", nil, newCounts(t, o), errDamaged},
		{"cut", data[:len(data)-1], newCounts(t, o), errDamaged},
		{"one bit", bytes.Replace(data, []byte("a/b"), []byte("a/c"), 1), newCounts(t, o), errDamaged},
		{"more", append(bytes.Clone(data), 0), newCounts(t, o), errDamaged},
		{"other depth", data, saved(func(o *Options) { o.Depth = 1 }), errOtherOptions},
		{"other limit", data, saved(func(o *Options) { o.MaxProjects = 5 }), errOtherOptions},
		{"other format", data, saved(func(o *Options) { o.Format = "combined" }), errOtherOptions},
		{"other speed", data, saved(func(o *Options) { o.SlowBelow = 5 }), errOtherOptions},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := fmt.Sprint(test.into.Snapshot())
			if err := test.into.UnmarshalBinary(test.data); err != test.want {
				t.Errorf("%v, want %v", err, test.want)
			}
			if after := fmt.Sprint(test.into.Snapshot()); after != before {
				t.Errorf("changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

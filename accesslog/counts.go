package accesslog

import (
	"bytes"
	"encoding/json"
	"time"
)

// Counts are what the lines of one log came to. They are not safe for concurrent use.
type Counts struct {
	options                    Options
	parsed, unmatched, tooLong uint64
	last                       time.Time
}

// New is where nothing was counted yet. The error says what is wrong with the options; in the format, also where.
func New(o Options) (*Counts, error) {
	return &Counts{options: o.withDefaults()}, nil
}

// Add counts whole lines, each ended by '\n'. It keeps nothing of them.
func (c *Counts) Add(lines []byte) {
	if n := bytes.Count(lines, []byte{'\n'}); n > 0 {
		c.parsed += uint64(n)
		c.last = time.Now()
	}
}

// TooLong counts lines that were skipped because they are too long.
func (c *Counts) TooLong(n int) { c.tooLong += uint64(n) }

// LastLine is when the last line was written, by the log's own clock where the format has one, else when it was read;
// the zero time before the first.
func (c *Counts) LastLine() time.Time { return c.last }

type state struct {
	Parsed, Unmatched, TooLong uint64
	Last                       time.Time
}

// MarshalBinary is all that was counted, to go on from after a restart.
func (c *Counts) MarshalBinary() ([]byte, error) {
	return json.Marshal(state{c.parsed, c.unmatched, c.tooLong, c.last})
}

// UnmarshalBinary replaces what was counted. Data that is damaged, or comes from other options, is an error and
// changes nothing.
func (c *Counts) UnmarshalBinary(data []byte) error {
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	c.parsed, c.unmatched, c.tooLong, c.last = s.Parsed, s.Unmatched, s.TooLong, s.Last
	return nil
}

// Snapshot is what was counted so far.
func (c *Counts) Snapshot() Snapshot {
	return Snapshot{
		Requests: []Row{},
		Lines: []Row{
			{[]string{"parsed"}, float64(c.parsed)}, {[]string{"unmatched"}, float64(c.unmatched)}, {[]string{"too_long"}, float64(c.tooLong)},
		},
		LastLine: c.last,
	}
}

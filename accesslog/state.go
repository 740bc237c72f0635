package accesslog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// Saved counters are a byte with the version of the layout, 8 bytes of a hash of the options, the counters, and 4 bytes of a
// checksum (CRC-32).
const (
	stateVersion = 4
	printBytes   = 8
	sumBytes     = 4
)

var (
	errOtherOptions = errors.New("counters that were saved with other options, or by another version")
	errDamaged      = errors.New("counters that were saved are damaged")
)

// MarshalBinary encodes all counters: some 10 KB, and up to 100 KB more for the sizes of layers.
func (c *Counts) MarshalBinary() ([]byte, error) {
	return seal(c.fingerprint(), c.encode()), nil
}

// UnmarshalBinary replaces all counters. An error, which changes none, says that the data is damaged, or was saved with other
// options or by another version.
func (c *Counts) UnmarshalBinary(data []byte) error {
	data, err := unseal(c.fingerprint(), data)
	if err != nil {
		return err
	}
	t, err := decode(data, c.options)
	if err != nil {
		return err
	}
	c.tally = t
	return nil
}

// seal puts the print of the options before counters, and a checksum behind both.
func seal(print, counters []byte) []byte {
	data := append(print, counters...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(data))
}

// unseal returns the counters of data that seal made with the same print.
func unseal(print, data []byte) ([]byte, error) {
	if len(data) < len(print)+sumBytes {
		return nil, errDamaged
	}
	data, sum := data[:len(data)-sumBytes], data[len(data)-sumBytes:]
	switch {
	case binary.BigEndian.Uint32(sum) != crc32.ChecksumIEEE(data):
		return nil, errDamaged
	case !slices.Equal(data[:len(print)], print):
		return nil, errOtherOptions
	}
	return data[len(print):], nil
}

// fingerprint differs when the version of the layout or an option differs: the counters have another meaning then.
func (c *Counts) fingerprint() []byte {
	o := c.options
	text := fmt.Appendf(nil, "%q %d %d %d %v %q", o.Format, o.Depth, o.MaxProjects, o.SlowAfter, o.SlowBelow, o.Node)
	if o.Own != "" {
		text = fmt.Appendf(text, " %q", o.Own)
	}
	sum := sha256.Sum256(text)
	return append([]byte{stateVersion}, sum[:printBytes]...)
}

// encode writes the names of projects, upstreams and nodes, then all numbers (as varints).
func (t *tally) encode() []byte {
	var b []byte
	for _, names := range [][]string{t.projects.names, t.upstreams.all, t.nodes.all} {
		b = appendNames(b, names)
	}
	t.each(func(n *uint64) { b = binary.AppendUvarint(b, *n) })
	return b
}

// appendNames writes all names but the first, which is always "other".
func appendNames(b []byte, names []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(names)-1))
	for _, name := range names[1:] {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
	}
	return b
}

func decode(data []byte, o Options) (*tally, error) {
	t := newTally(o)
	d := decoder{rest: data}
	if !d.places(&t.projects.busiest) {
		return nil, errDamaged
	}
	t.projects.all = make([]project, len(t.projects.names))
	for _, n := range []*names{&t.upstreams, &t.nodes} {
		for _, name := range d.names(maxNodes) {
			if before := len(n.all); n.find([]byte(name)) != before {
				return nil, errDamaged
			}
		}
	}
	t.each(func(n *uint64) { *n = d.number() })
	if d.failed || len(d.rest) > 0 {
		return nil, errDamaged
	}
	return t, nil
}

// each calls show with every number. A change of their order needs a new stateVersion.
func (t *tally) each(show func(*uint64)) {
	for _, n := range []*uint64{&t.parsed, &t.unmatched, &t.tooLong, &t.last, &t.empty, &t.incomplete, &t.lost, &t.own, &t.projects.foldedOperations} {
		show(n)
	}
	for o := range t.requests {
		eachOf(t.requests[o][:], show)
		eachOf(t.bytes[o][:], show)
		eachOf(t.durations[o].counts[:], show)
		show(&t.durations[o].micros)
	}
	eachOf(t.cache[:], show)
	eachOf(t.upstream[:len(t.upstreams.all)], show)
	for i := range t.projects.all {
		t.projects.all[i].each(len(t.nodes.all), show)
	}
	t.projects.busiest.each(show)
	for i := range t.blobs {
		for j := range t.blobs[i] {
			show(&t.blobs[i][j].key)
			show(&t.blobs[i][j].size)
		}
	}
}

func (p *busiest) each(show func(*uint64)) {
	for i := range p.uses {
		for j := range p.uses[i] {
			show(&p.uses[i][j].hash)
			show(&p.uses[i][j].uses)
		}
	}
	eachOf(p.folded[:], show)
}

func (p *project) each(nodes int, show func(*uint64)) {
	for m := range moves {
		eachOf(p.outcomes[m][:], show)
	}
	eachOf(p.bytes[:], show)
	eachOf(p.micros[:], show)
	for d := range directions {
		for n := range nodes {
			show(&p.layers[d][n].all)
			show(&p.layers[d][n].slow)
		}
	}
}

func eachOf(numbers []uint64, show func(*uint64)) {
	for i := range numbers {
		show(&numbers[i])
	}
}

// A decoder reads what encode wrote. After the first mistake failed is true, and all numbers are 0.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) number() uint64 {
	n, length := binary.Uvarint(d.rest)
	if d.failed = d.failed || length <= 0; d.failed {
		return 0
	}
	d.rest = d.rest[length:]
	return n
}

// places reads the names of p. It returns false when one is no name, or is there twice.
func (d *decoder) places(p *busiest) bool {
	for _, name := range d.names(p.max) {
		if _, doubled := p.byName[name]; doubled || !validName([]byte(name)) {
			return false
		}
		p.add(name)
	}
	return !d.failed
}

func (d *decoder) names(most int) []string {
	n := d.number()
	if d.failed = d.failed || n > uint64(most); d.failed {
		return nil
	}
	var all []string
	for range n {
		length := d.number()
		if d.failed = d.failed || length > uint64(len(d.rest)); d.failed {
			return nil
		}
		all = append(all, string(d.rest[:length]))
		d.rest = d.rest[length:]
	}
	return all
}

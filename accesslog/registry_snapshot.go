package accesslog

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// A RegistrySnapshot holds all counters of a registry's own log, in an order that is always the same. No value ever decreases.
type RegistrySnapshot struct {
	Requests         []Row // operation, outcome: of each request that ended; canceled: the client hung up
	Errors           []Row // operation, call: of those with the outcome server_error
	RepositoryErrors []Row // repository, call: the same by repository, the busiest by name and all others as "other"
	EmptyLayers      []Row // repository: a layer answered with 200 and not one byte
	OwnRequests      []Row // no labels, one row: requests with the agent RegistryOptions.Own, which no other row has
	RedisErrors      []Row // no labels, one row: lines about Redis that fails
	Panics           []Row // no labels, one row: panics of a request or of the process
	Lines            []Row // outcome: parsed, unmatched, too_long

	LastLine time.Time // that the last line has; zero before the first
}

// Snapshot copies the counters.
func (c *RegistryCounts) Snapshot() RegistrySnapshot {
	s := RegistrySnapshot{
		OwnRequests: single(c.own), RedisErrors: single(c.redis), Panics: single(c.panics),
		Lines: []Row{row(c.parsed, "parsed"), row(c.unmatched, "unmatched"), row(c.tooLong, "too_long")},
	}
	if c.last > 0 {
		s.LastLine = time.Unix(0, int64(c.last)).UTC()
	}
	for o := range operations {
		s.Requests = append(s.Requests, rowsOf(o.String(), c.requests[o][:], outcomeNames[:])...)
		s.Errors = append(s.Errors, rowsOf(o.String(), c.failed[o][:], callNames[:])...)
	}
	for i, r := range c.repositories {
		name := c.places.names[i]
		s.RepositoryErrors = append(s.RepositoryErrors, rowsOf(name, r.failed[:], callNames[:])...)
		if r.empty > 0 {
			s.EmptyLayers = append(s.EmptyLayers, row(r.empty, name))
		}
	}
	return s
}

// rowsOf makes a Row of each count that is not 0, with first as its first label.
func rowsOf(first string, counts []uint64, names []string) []Row {
	var all []Row
	for i, n := range counts {
		if n > 0 {
			all = append(all, row(n, first, names[i]))
		}
	}
	return all
}

func (c *RegistryCounts) show(r *Report) { r.Registry = c.Snapshot() }

// registryStateVersion is that of the layout of saved counters of a registry's own log.
const registryStateVersion = 1

// MarshalBinary encodes all counters: some 10 KB.
func (c *RegistryCounts) MarshalBinary() ([]byte, error) {
	return seal(c.fingerprint(), c.encode()), nil
}

// UnmarshalBinary replaces all counters. An error, which changes none, says that the data is damaged, or was saved with other
// options or by another version.
func (c *RegistryCounts) UnmarshalBinary(data []byte) error {
	data, err := unseal(c.fingerprint(), data)
	if err != nil {
		return err
	}
	t, err := decodeRegistry(data)
	if err != nil {
		return err
	}
	c.registryTally = t
	return nil
}

func (c *RegistryCounts) fingerprint() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "registry log %q %q", c.options.Format, c.options.Own))
	return append([]byte{registryStateVersion}, sum[:printBytes]...)
}

// encode writes the names of repositories, then all numbers (as varints).
func (t *registryTally) encode() []byte {
	t.repository(otherPlace) // there is one for each name
	b := appendNames(nil, t.places.names)
	t.each(func(n *uint64) { b = binary.AppendUvarint(b, *n) })
	return b
}

func decodeRegistry(data []byte) (*registryTally, error) {
	t := newRegistryTally()
	d := decoder{rest: data}
	if !d.places(&t.places) {
		return nil, errDamaged
	}
	t.repository(otherPlace)
	t.each(func(n *uint64) { *n = d.number() })
	if d.failed || len(d.rest) > 0 {
		return nil, errDamaged
	}
	return t, nil
}

// each calls show with every number. A change of their order needs a new registryStateVersion.
func (t *registryTally) each(show func(*uint64)) {
	for _, n := range []*uint64{&t.parsed, &t.unmatched, &t.tooLong, &t.last, &t.own, &t.redis, &t.panics} {
		show(n)
	}
	for o := range t.requests {
		eachOf(t.requests[o][:], show)
		eachOf(t.failed[o][:], show)
	}
	for i := range t.repositories {
		eachOf(t.repositories[i].failed[:], show)
		show(&t.repositories[i].empty)
	}
	t.places.each(show)
}

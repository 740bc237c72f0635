package accesslog

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// RegistryOptions say how lines of a registry's own log are read.
type RegistryOptions struct {
	// Format is log.formatter of Distribution: "text", "json" or "logstash".
	Format string
	// Own is the User-Agent of the exporter; "" for none. Requests with it count in OwnRequests alone.
	Own string
}

// maxRepositories bounds the repositories that are counted by name.
const maxRepositories = 100

// RegistryCounts counts the lines of a registry's own log. One goroutine at a time may use it. One line ends each request, good or
// bad: those are counted. All others, such as the warnings before a login, are beside it.
type RegistryCounts struct {
	options RegistryOptions
	format  *registryFormat
	entry   entry
	uri     [2 << 10]byte
	path    [1 << 10]byte
	*registryTally
}

// A registryTally holds all counters. It is saved, and read again after a restart.
type registryTally struct {
	parsed, unmatched, tooLong uint64
	last                       uint64 // nanoseconds since 1970
	own, redis, panics         uint64
	requests                   [operations][outcomes]uint64
	failed                     [operations][calls]uint64
	places                     busiest // of repositories
	repositories               []repository
}

// A repository has the counters of one repository, or of all that have no place.
type repository struct {
	failed [calls]uint64
	empty  uint64
}

func newRegistryTally() *registryTally {
	return &registryTally{places: newBusiest(maxRepositories), repositories: make([]repository, 1)}
}

// NewRegistry makes RegistryCounts in which all counters are 0. The error says that there is no such format.
func NewRegistry(o RegistryOptions) (*RegistryCounts, error) {
	f := registryFormats[o.Format]
	if f == nil {
		return nil, fmt.Errorf("format of the registry's log: %q is none of %s", o.Format, strings.Join(slices.Sorted(maps.Keys(registryFormats)), ", "))
	}
	return &RegistryCounts{options: o, format: f, registryTally: newRegistryTally()}, nil
}

// Add counts whole lines, each ended by '\n'. It keeps no reference to lines.
func (c *RegistryCounts) Add(lines []byte) {
	var last []byte // when the last line of the format was written
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		line := lines
		if lines = nil; end >= 0 {
			line, lines = line[:end], line[end+1:]
		}
		switch line = bytes.TrimSuffix(line, []byte("\r")); {
		case c.format.scan(line, &c.entry) && c.count():
			c.parsed++
			last = c.entry[entryTime]
		case isPanic(line):
			c.panics++
			c.parsed++
		default:
			c.unmatched++
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, string(last)); err == nil {
		c.last = uint64(max(at.UnixNano(), 0))
	}
	c.entry = entry{}
}

// TooLong counts n lines that the reader skipped, since they are longer than 64 KiB.
func (c *RegistryCounts) TooLong(n int) { c.tooLong += uint64(max(n, 0)) }

// count counts the line in entry. It returns false when a line about the end of a request has no status.
func (c *RegistryCounts) count() bool {
	message := c.entry[entryMessage]
	switch {
	case string(message) == "response completed" || string(message) == "response completed with error":
		return c.ended()
	case isRedis(message):
		c.redis++
	}
	return true
}

// ended counts the end of a request.
func (c *RegistryCounts) ended() bool {
	e := &c.entry
	status := statusOf(e[entryStatus])
	if status < 0 {
		return false
	}
	if c.options.Own != "" && string(e[entryAgent]) == c.options.Own {
		c.own++
		return true
	}
	path, query := splitURI(unquoted(e[entryURI], c.uri[:]), c.path[:])
	request := classify(e[entryMethod], path, query)
	name := request.repository
	if e[entryRepository] != nil {
		name = e[entryRepository]
	}
	outcome := outcomeOf(status)
	if outcome == serverError && clientLeft(e[entryDetail]) {
		outcome = canceled
	}
	c.requests[request.operation][outcome]++
	switch {
	case outcome == serverError:
		failed := callOf(e[entryDetail])
		c.failed[request.operation][failed]++
		c.repository(c.places.findFailing(name)).failed[failed]++
	case request.operation == blobPull && status == 200 && string(e[entryWritten]) == "0" && string(request.digest) != emptyDigest:
		c.repository(c.places.findFailing(name)).empty++
	case outcome == ok && len(name) > 0:
		c.places.find(name, true)
	}
	return true
}

// repository returns the counters of a place. The pointer is valid until the next call.
func (t *registryTally) repository(place int) *repository {
	for len(t.repositories) < len(t.places.names) {
		t.repositories = append(t.repositories, repository{})
	}
	return &t.repositories[place]
}

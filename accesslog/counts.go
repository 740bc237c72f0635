package accesslog

import (
	"bytes"
	"fmt"
	"time"
)

// Counts counts the lines of one log. One goroutine at a time may use it.
type Counts struct {
	options Options
	scanner *scanner
	now     func() time.Time
	values  [fields][]byte // of the line that is being counted
	path    [1 << 10]byte  // the path of that line, with %41 decoded to A
	*tally
}

// A tally holds all counters. It is saved, and read again after a restart.
type tally struct {
	parsed, unmatched, tooLong uint64
	last                       uint64 // nanoseconds since 1970
	requests                   [operations][codes]uint64
	bytes                      [operations][directions]uint64 // of operations that are not counted by project
	durations                  [operations]durations
	empty, incomplete, lost    uint64
	own                        uint64
	cache                      [len(cacheNames)]uint64
	upstream                   [maxNodes + 1]uint64
	upstreams, nodes           names
	projects                   projects
	blobs                      blobs
}

func newTally(o Options) *tally {
	return &tally{upstreams: newNames(), nodes: newNames(), projects: newProjects(o.MaxProjects)}
}

// New makes Counts in which all counters are 0. The error names the option that is wrong and, in a format, the place.
func New(o Options) (*Counts, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s, err := compile(o.Format, o.Node)
	if err != nil {
		return nil, fmt.Errorf("format of the access log: %w", err)
	}
	return &Counts{options: o, scanner: s, now: time.Now, tally: newTally(o)}, nil
}

// Add counts whole lines, each ended by '\n'. It keeps no reference to lines.
func (c *Counts) Add(lines []byte) {
	var last []byte // the last line that was parsed
	parsed := true
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		line := lines
		if lines = nil; end >= 0 {
			line, lines = line[:end], line[end+1:]
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if parsed = c.line(line); parsed {
			c.parsed++
			last = line
		} else {
			c.unmatched++
		}
	}
	if last != nil {
		if !parsed {
			c.scanner.scan(last, &c.values)
		}
		c.setLast()
	}
	clear(c.values[:])
}

// TooLong counts n lines that the reader skipped, since they are longer than 64 KiB.
func (c *Counts) TooLong(n int) { c.tooLong += uint64(max(n, 0)) }

// LastLine is the time that the last line has or, when the format has no time, the time at which it was read. Before the
// first line it is the zero time.
func (c *Counts) LastLine() time.Time {
	if c.last == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(c.last)).UTC()
}

// setLast sets last from the line in values.
func (c *Counts) setLast() {
	at := c.now()
	if c.scanner.has[timeUnix] || c.scanner.has[timeISO] || c.scanner.has[timeLocal] {
		var valid bool
		if at, valid = clockOf(&c.values); !valid {
			return // last stays the time of an earlier line
		}
	}
	c.last = uint64(max(at.UnixNano(), 0))
}

// A line holds the values of one line of the log. An amount that the line does not have is not present.
type line struct {
	request
	status  int
	move    int // as moveOf returns it
	bytes   [directions]amount
	body    amount // bytes to the client, without headers
	micros  amount
	outcome outcome
}

// An amount is a number of a line. present is false when the format lacks its variable, or the line has "-".
type amount struct {
	n       uint64
	present bool
}

// isOwn says whether the exporter itself sent the request of the line in values.
func (c *Counts) isOwn() bool {
	return c.TellsOwn() && string(c.values[userAgent]) == c.options.Own
}

// TellsOwn says whether the requests of Options.Own can be told apart: it is set, and the format has $http_user_agent.
func (c *Counts) TellsOwn() bool { return c.options.Own != "" && c.scanner.has[userAgent] }

// line counts one line. It returns false, and counts nothing, when the line is not of the format.
func (c *Counts) line(text []byte) bool {
	var l line
	if !c.scanner.scan(text, &c.values) || !c.read(&l) {
		return false
	}
	if c.isOwn() {
		c.own++
		return true
	}
	c.requests[l.operation][codeOf(l.status)]++
	if l.micros.present {
		c.durations[l.operation].add(l.micros.n)
	}
	if l.status == 404 && (l.operation == uploadChunk || l.operation == uploadCommit) {
		c.lost++
	}
	if l.move < 0 {
		c.bytes[l.operation][out] += l.bytes[out].n
		c.bytes[l.operation][in] += l.bytes[in].n
		return true
	}
	c.moved(&l)
	return true
}

// read fills l from values. It returns false when a field holds no number where one belongs: the line is not of the format.
func (c *Counts) read(l *line) bool {
	v := &c.values
	if l.status = statusOf(v[status]); l.status < 0 {
		return false
	}
	good := true
	read := func(f field, parse func([]byte) (uint64, bool, bool)) amount {
		if !c.scanner.has[f] {
			return amount{}
		}
		n, present, valid := parse(v[f])
		good = good && valid
		return amount{n, present}
	}
	l.body = read(bodyBytes, number)
	l.bytes[out] = firstOf(l.body, read(sentBytes, number))
	l.bytes[in] = firstOf(read(requestLength, number), read(contentLength, number))
	l.micros = read(requestTime, micros)
	if !c.scanner.has[requestTime] {
		l.micros = read(upstreamTime, upstreamMicros)
	}
	l.request = c.classify()
	l.move = moveOf(l.operation)
	l.outcome = outcomeOf(l.status)
	return good
}

func firstOf(a, b amount) amount {
	if a.present {
		return a
	}
	return b
}

// classify finds the operation from $request_method and $request_uri, else from $request, else from $uri.
func (c *Counts) classify() request {
	v, has := &c.values, &c.scanner.has
	verb, target := v[method], v[sentURI]
	switch {
	case has[method] && has[sentURI]:
	case has[requestLine]:
		verb, target = splitRequest(v[requestLine])
	default:
		target = v[uri]
	}
	path, query := splitURI(target, c.path[:])
	if query == nil {
		query = v[args]
	}
	return classify(verb, path, query)
}

// moved counts a line that pulls or pushes a manifest or a layer.
func (c *Counts) moved(l *line) {
	used := l.status/100 == 2
	p := c.projects.find(projectOf(l.repository, c.options.Depth), used)
	p.outcomes[l.move][l.outcome]++
	there := directionOf(l.move)
	p.bytes[l.move] += l.bytes[there].n
	c.bytes[l.operation][1-there] += l.bytes[1-there].n
	if there == out && l.outcome == ok {
		c.answered()
	}
	if l.move == blobPulls && l.status == 200 && l.body.present {
		c.pulled(l)
	}
	if c.transferred(l) {
		c.transfer(l, p, there)
	}
}

// pulled counts a layer that was answered with 200 and no bytes, or with fewer bytes than an earlier pull of it got.
func (c *Counts) pulled(l *line) {
	if l.body.n == 0 {
		if string(l.digest) != emptyDigest {
			c.empty++
		}
		return
	}
	if key := blobKey(l.digest); key != 0 && l.body.n < c.blobs.seen(key, l.body.n) {
		c.incomplete++
	}
}

// maxHeaders is more bytes than a request without a layer has.
const maxHeaders = 32 << 10

// transferred says whether the line is of a layer that was sent, whole or until the client hung up (499). A commit (PUT)
// counts only when the layer came with it: when it has more bytes than headers can have.
func (c *Counts) transferred(l *line) bool {
	switch {
	case !l.micros.present || l.status/100 != 2 && l.status != 499:
		return false
	case l.move == blobPulls:
		return l.bytes[out].present
	case l.move == uploadChunks:
		return l.bytes[in].present
	case l.move == uploadCommits:
		return l.bytes[in].n > maxHeaders
	}
	return false
}

func (c *Counts) transfer(l *line, p *project, there direction) {
	p.micros[there] += l.micros.n
	on := 0
	if c.scanner.node != ignored {
		on = c.nodes.find(lastUpstream(c.values[c.scanner.node]))
	}
	p.layers[there][on].all++
	after := uint64(c.options.SlowAfter / time.Microsecond)
	if l.micros.n > after && float64(l.bytes[there].n) < c.options.SlowBelow*seconds(l.micros.n) {
		p.layers[there][on].slow++
	}
}

// answered counts the cache result and the upstream of a pull that went well.
func (c *Counts) answered() {
	if c.scanner.has[cacheStatus] {
		if result := cacheResult(c.values[cacheStatus]); result >= 0 {
			c.cache[result]++
		}
	}
	if !c.scanner.has[upstreamAddr] {
		return
	}
	name := lastUpstream(c.values[upstreamAddr])
	if absent(name) {
		name = []byte("none")
	}
	c.upstream[c.upstreams.find(name)]++
}

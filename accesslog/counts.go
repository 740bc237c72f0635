package accesslog

import (
	"bytes"
	"fmt"
	"time"
)

// Counts are what the lines of one log came to. They are not safe for concurrent use.
type Counts struct {
	options Options
	scanner *scanner
	now     func() time.Time
	values  [fields][]byte // of the line at hand
	path    [1 << 10]byte  // of the line at hand, without its percent signs
	*tally
}

// A tally is all that a restart must not lose.
type tally struct {
	parsed, unmatched, tooLong uint64
	last                       uint64 // nanoseconds since 1970
	requests                   [operations][codes]uint64
	bytes                      [operations][directions]uint64 // those that belong to no project
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

// New is where nothing was counted yet. The error says what is wrong with the options; in the format, also where.
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

// Add counts whole lines, each ended by '\n'. It keeps nothing of them.
func (c *Counts) Add(lines []byte) {
	var last []byte // that was parsed
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

// TooLong counts lines that were skipped because they are too long.
func (c *Counts) TooLong(n int) { c.tooLong += uint64(max(n, 0)) }

// LastLine is when the last line was written, by the log's own clock where the format has one, else when it was read;
// the zero time before the first.
func (c *Counts) LastLine() time.Time {
	if c.last == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(c.last)).UTC()
}

// setLast takes the clock of the line at hand.
func (c *Counts) setLast() {
	at := c.now()
	if c.scanner.has[timeUnix] || c.scanner.has[timeISO] || c.scanner.has[timeLocal] {
		var valid bool
		if at, valid = clockOf(&c.values); !valid {
			return // the one before is near enough
		}
	}
	c.last = uint64(max(at.UnixNano(), 0))
}

// A line is what one line says, where it does.
type line struct {
	request
	status  int
	move    int // -1: none
	bytes   [directions]amount
	body    amount // what the client got, without headers
	micros  amount
	outcome outcome
}

// An amount is absent when the log does not tell it.
type amount struct {
	n       uint64
	present bool
}

// isOwn says whether the line at hand is of a request that is no client's.
func (c *Counts) isOwn() bool {
	return c.TellsOwn() && string(c.values[userAgent]) == c.options.Own
}

// TellsOwn says whether the format has $http_user_agent, and there is an agent to leave out.
func (c *Counts) TellsOwn() bool { return c.options.Own != "" && c.scanner.has[userAgent] }

// line tells whether it is a line of the format.
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

// read makes numbers of the fields. A number that is none means that the line is not of the format.
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

// classify takes $uri only where the log does not say what the client sent.
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

// moved counts what pulls or pushes images and layers.
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

// pulled looks at the size of a layer.
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

// maxHeaders is more than a request has without a layer in it.
const maxHeaders = 32 << 10

// transferred tells whether a layer went through, to its end or until the client left. A commit has one only when it
// all came in one request.
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

// answered counts who answered a pull that went well.
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

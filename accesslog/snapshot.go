package accesslog

import "time"

// A Row is one series: the values of its labels, in the order that Snapshot names, and its value.
type Row struct {
	Labels []string
	Value  float64
}

// A Snapshot holds all counters, in an order that is always the same. Rows are nil when the format lacks the variables that they
// are counted from, and empty when nothing was counted yet. No value but that of a gauge ever decreases.
type Snapshot struct {
	Requests   []Row       // operation, code: a status such as "200", or "other" for one that is not in statuses
	Bytes      []Row       // operation, direction (out: to the client; in: from it), project ("": the operation is not counted by project)
	Operations []Row       // operation, project, outcome: ok, unauthorized, rate_limited (429), client_error, canceled (499), server_error
	Durations  []Histogram // by operation, of $request_time

	TransferSeconds []Row // direction, project: how long clients were receiving or sending layers
	Layers          []Row // direction, project[, node]: layers that went through, slow or not
	SlowLayers      []Row // direction, project[, node]: the slow ones of these layers

	EmptyPulls      []Row // no labels, one row: a layer answered with 200 and not one byte
	IncompletePulls []Row // no labels, one row: a layer answered with 200 and fewer bytes than it gave before
	UploadLost      []Row // no labels, one row: 404 on a chunk or commit of an upload

	Cache     []Row // result, of pulls that went well: $upstream_cache_status in lower case, such as hit, or other
	Upstreams []Row // upstream, of pulls that went well: the one that answered, or "none" for the web server itself

	Lines            []Row // outcome: parsed, unmatched, too_long
	Projects         []Row // no labels, one row: projects counted by name, a gauge
	FoldedProjects   []Row // no labels, one row: projects that are counted together as "other", an estimate
	FoldedOperations []Row // no labels, one row: pulls and pushes of these projects that went well

	OwnRequests []Row // no labels, one row: lines with the agent Options.Own; above, only Lines counts them, too

	LastLine time.Time // as Counts.LastLine returns it
}

// A Histogram says how long requests of one operation took, as a classic and as a native histogram.
type Histogram struct {
	Operation string
	Count     uint64
	Sum       float64 // seconds

	Buckets []Bucket // classic, cumulative, without +Inf

	Schema        int32 // native
	ZeroThreshold float64
	ZeroCount     uint64
	Spans         []Span
	Deltas        []int64
}

// A Bucket counts the requests that took at most UpperBound seconds.
type Bucket struct {
	UpperBound float64
	Count      uint64
}

// A Span is Length buckets of a native histogram that follow each other. Offset buckets that are empty stand before it.
type Span struct {
	Offset int32
	Length uint32
}

// Snapshot copies the counters.
func (c *Counts) Snapshot() Snapshot {
	s := Snapshot{
		Requests:         c.requestRows(),
		Operations:       []Row{},
		UploadLost:       single(c.lost),
		Lines:            []Row{row(c.parsed, "parsed"), row(c.unmatched, "unmatched"), row(c.tooLong, "too_long")},
		Projects:         single(uint64(len(c.projects.all) - 1)),
		FoldedProjects:   []Row{{Value: c.projects.foldedNames()}},
		FoldedOperations: single(c.projects.foldedOperations),
		LastLine:         c.LastLine(),
	}
	c.addFields(&s)
	for i := range c.projects.all {
		c.addProject(&s, c.projects.names[i], &c.projects.all[i])
	}
	return s
}

// addFields adds the rows that need a variable in the format. addProject adds those of projects.
func (c *Counts) addFields(s *Snapshot) {
	has := c.scanner.has
	sent, received := has[bodyBytes] || has[sentBytes], has[requestLength] || has[contentLength]
	timed := has[requestTime] || has[upstreamTime]
	if sent || received {
		s.Bytes = c.byteRows()
	}
	if timed {
		s.Durations = c.histograms()
	}
	if timed && (sent || received) {
		s.TransferSeconds, s.Layers, s.SlowLayers = []Row{}, []Row{}, []Row{}
	}
	if has[bodyBytes] {
		s.EmptyPulls, s.IncompletePulls = single(c.empty), single(c.incomplete)
	}
	if c.TellsOwn() {
		s.OwnRequests = single(c.own)
	}
	if has[cacheStatus] {
		s.Cache = rows(c.cache[:], cacheNames[:])
	}
	if has[upstreamAddr] {
		s.Upstreams = rows(c.upstream[:], c.upstreams.all)
	}
}

func (c *Counts) show(r *Report) { r.Counts = c.Snapshot() }

func (c *Counts) requestRows() []Row {
	all := []Row{}
	for o := range operations {
		for code, n := range c.requests[o] {
			if n > 0 {
				all = append(all, row(n, o.String(), codeName(code)))
			}
		}
	}
	return all
}

// byteRows are the bytes of operations that are not counted by project.
func (c *Counts) byteRows() []Row {
	all := []Row{}
	for o := range operations {
		for d := range directions {
			if n := c.bytes[o][d]; n > 0 {
				all = append(all, row(n, o.String(), directionNames[d], ""))
			}
		}
	}
	return all
}

func (c *Counts) histograms() []Histogram {
	all := []Histogram{}
	for o := range operations {
		if h := c.durations[o].histogram(o); h.Count > 0 {
			all = append(all, h)
		}
	}
	return all
}

// addProject adds the rows of one project whose values are not 0.
func (c *Counts) addProject(s *Snapshot, name string, p *project) {
	for m, o := range moveOperations {
		for outcome, n := range p.outcomes[m] {
			if n > 0 {
				s.Operations = append(s.Operations, row(n, o.String(), name, outcomeNames[outcome]))
			}
		}
		if p.bytes[m] > 0 {
			s.Bytes = append(s.Bytes, row(p.bytes[m], o.String(), directionNames[directionOf(m)], name))
		}
	}
	for d := range directions {
		if p.micros[d] > 0 {
			s.TransferSeconds = append(s.TransferSeconds, Row{[]string{directionNames[d], name}, seconds(p.micros[d])})
		}
		c.addLayers(s, name, p, d)
	}
}

// addLayers adds the rows of layers that were sent. Each has a row of slow layers beside it, even if that is 0.
func (c *Counts) addLayers(s *Snapshot, name string, p *project, d direction) {
	for i, n := range p.layers[d] {
		if n.all == 0 {
			continue
		}
		labels := []string{directionNames[d], name}
		if c.scanner.node != ignored {
			labels = append(labels, c.nodes.all[i])
		}
		s.Layers = append(s.Layers, row(n.all, labels...))
		s.SlowLayers = append(s.SlowLayers, row(n.slow, labels...))
	}
}

func row(n uint64, labels ...string) Row { return Row{labels, float64(n)} }

func single(n uint64) []Row { return []Row{row(n)} }

// rows makes a Row of each count that is not 0.
func rows(counts []uint64, names []string) []Row {
	all := []Row{}
	for i, n := range counts {
		if n > 0 {
			all = append(all, row(n, names[i]))
		}
	}
	return all
}

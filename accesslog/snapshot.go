package accesslog

import "time"

// A Row is one series: the values of its metric's labels, in their order, and its value.
type Row struct {
	Labels []string
	Value  float64
}

// A Snapshot is all that was counted, in an order that is always the same. Nil rows mean that the format lacks what
// they are counted from; rows that are empty and not nil, that nothing was counted yet. Values only grow.
type Snapshot struct {
	Requests   []Row       // operation, code: the status, or "other" for those that have no name of their own
	Bytes      []Row       // operation, direction (out: to the client; in: from it), project ("" where operations have none)
	Operations []Row       // operation, project, outcome: ok, unauthorized, client_error, canceled (499), server_error
	Durations  []Histogram // by operation, of $request_time

	TransferSeconds []Row // direction, project: how long clients were receiving or sending layers
	Layers          []Row // direction, project[, node]: layers that went through, slow or not
	SlowLayers      []Row // the same labels: of those, the slow ones

	EmptyPulls      []Row // no labels, one row: a layer answered with 200 and not one byte
	IncompletePulls []Row // no labels, one row: a layer answered with 200 and fewer bytes than it gave before
	UploadLost      []Row // no labels, one row: 404 on a chunk or commit of an upload

	Cache     []Row // result: what $upstream_cache_status said of pulls: hit, miss, bypass, expired, stale, updating, revalidated, other
	Upstreams []Row // upstream: which one answered a pull that went well; "none" when the web server did itself

	Lines            []Row // outcome: parsed, unmatched, too_long
	Projects         []Row // no labels, one row: projects counted by name, a gauge
	FoldedProjects   []Row // no labels, one row: names counted together as "other" for lack of place, an estimate
	FoldedOperations []Row // no labels, one row: successful operations of such names

	OwnRequests []Row // no labels, one row: lines of the agent that the options call own, which nothing above counts but Lines

	LastLine time.Time // as LastLine() says
}

// A Histogram is how long one operation took, both as classic and as native histogram.
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

// A Bucket is how many took at most so many seconds.
type Bucket struct {
	UpperBound float64
	Count      uint64
}

// A Span is a run of buckets of a native histogram, so many buckets after the one before.
type Span struct {
	Offset int32
	Length uint32
}

// Snapshot is what was counted so far.
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
		c.addProject(&s, &c.projects.all[i])
	}
	return s
}

// addFields adds what is there only when the format has it, but for projects.
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

// byteRows are those that belong to no project.
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

// addProject adds the rows of one project: those that have something to tell.
func (c *Counts) addProject(s *Snapshot, p *project) {
	for m, o := range moveOperations {
		for outcome, n := range p.outcomes[m] {
			if n > 0 {
				s.Operations = append(s.Operations, row(n, o.String(), p.name, outcomeNames[outcome]))
			}
		}
		if p.bytes[m] > 0 {
			s.Bytes = append(s.Bytes, row(p.bytes[m], o.String(), directionNames[directionOf(m)], p.name))
		}
	}
	for d := range directions {
		if p.micros[d] > 0 {
			s.TransferSeconds = append(s.TransferSeconds, Row{[]string{directionNames[d], p.name}, seconds(p.micros[d])})
		}
		c.addLayers(s, p, d)
	}
}

// addLayers shows that no layer was slow only where there were layers.
func (c *Counts) addLayers(s *Snapshot, p *project, d direction) {
	for i, n := range p.layers[d] {
		if n.all == 0 {
			continue
		}
		labels := []string{directionNames[d], p.name}
		if c.scanner.node != ignored {
			labels = append(labels, c.nodes.all[i])
		}
		s.Layers = append(s.Layers, row(n.all, labels...))
		s.SlowLayers = append(s.SlowLayers, row(n.slow, labels...))
	}
}

func row(n uint64, labels ...string) Row { return Row{labels, float64(n)} }

func single(n uint64) []Row { return []Row{row(n)} }

// rows are those that are not 0.
func rows(counts []uint64, names []string) []Row {
	all := []Row{}
	for i, n := range counts {
		if n > 0 {
			all = append(all, row(n, names[i]))
		}
	}
	return all
}

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
	Requests   []Row       // operation, code: a class (2xx …), but 401, 404, 416, 429, 499 and 500 to 511 by themselves
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

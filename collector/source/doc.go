// Package source is what all collectors have in common: sources, the samples that they read, the reasons why they
// fail, and the words that they give to reports.
//
//	source.go    Source: one thing that is read, such as /_ping of one replica of an MSR
//	reading.go   Source.Get: scrapes that come at once share one reading, and those that come shortly after it; each has an end
//	waits.go     how long the requests of a reading wait for other requests, which is no fault of the address
//	result.go    Result: the samples and the error of a reading, and look-ups in them
//	metric.go    Metric, Gauge, Counter, Histogram: name, help, type and labels
//	sample.go    Sample: one value of a metric, with its labels
//	failure.go   Failed, and the closed list of reasons; reason.go sorts any error into it; detail.go keeps words for the log
//	probe.go     Probe: runs on a clock of its own; a scrape gets the last run, of which stale.go leaves out old successes
//	turn.go      Turn: when the first run of each of many probes begins
//	keep.go      Keep: what outlives a reload of the configuration
//	past.go      Past: whether a source that is refused now was let in before, with the same configuration
//	names.go     Names: bounds the names that answers put into labels over time
//	mask.go      Mask: takes secrets out of labels and texts; plain.go makes texts fit for a terminal
//	words.go     Words: facts, findings, advice and alerts of a source (state.go, advice.go, place.go)
//	text.go      sizes, times and lists as people read them
//	thresholds.go  the thresholds of findings, which are those of the alerts
//
// A source reads until its context ends, and returns what it has learnt until then together with the error:
//
//	var up = source.Gauge("registry_redis_reachable", "1 if Redis answers PING.", "address")
//
//	s := &source.Source{
//		Collector: "redis", Address: "10.0.0.1:6379", Timeout: 10 * time.Second,
//		Down: []source.Sample{up.Sample(0, "10.0.0.1:6379")},
//		Read: func(ctx context.Context) ([]source.Sample, error) {
//			return nil, source.Failed(source.ReasonBadAnswer, "the answer to PING is no PONG")
//		},
//	}
//	r := s.Get(ctx, 9*time.Second) // r.Samples are those of Down, source.Reason(r.Err) is "bad_answer"
package source

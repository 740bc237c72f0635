package source

import (
	"context"
	"sync"
	"time"
)

// MaxSamples bounds the samples of one source, unless it has a bound of its own.
const MaxSamples = 1500

// A Source is one thing that one collector reads from one address, such as /_ping of one replica. It is for many
// goroutines.
type Source struct {
	Collector string                                  // value of the label collector, such as "ping"
	Address   string                                  // value of the label address, mostly host:port
	Timeout   time.Duration                           // of one reading
	Down      []Sample                                // stand for metrics that a reading has no sample of, such as registry_api_up 0; of a probe: after its first run
	Read      func(context.Context) ([]Sample, error) // may return samples together with an error; unused when Probe is set
	Probe     *Probe                                  // set: a reading takes the last run of the probe
	Companion *Companion                              // set: it runs while the source is live
	Most      int                                     // samples of a reading; 0: MaxSamples
	Words     Words                                   // for reports
	Mask      func() Mask                             // hides the secrets of the registry in labels from outside; nil: hides nothing
	Past      *Past                                   // nil: nothing is known of earlier readings
	Names     *Names                                  // bounds the names in labels from outside over time, to a third of Most; nil: does not

	mu      sync.Mutex
	running []*reading // at most maxAtOnce
	recent  *reading   // is given again; nil: none
	logged  string     // reason that NoteReason got last
}

// A Companion runs beside scrapes as long as its source is live, such as the reader of a log. A reload stops it, and
// hands what Stop returns to the companion of the same registry that starts next.
type Companion struct {
	Start func(handover []byte) // nil: no companion ran before
	Stop  func() (handover []byte)
}

// NoteReason stores the reason of a result, "" when there is none, and returns the one that was stored before.
func (s *Source) NoteReason(reason string) (before string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.logged = s.logged, reason
	return before
}

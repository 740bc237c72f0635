package trust

import (
	"time"

	"registry_exporter/collector/source"
)

// samples are those of a run that ends now. Before the feed has been read once, none of them counts anything.
func (r *reader) samples(isRead bool, now time.Time) []source.Sample {
	address, s := r.feed.account.Address, &r.book.saved
	all := []source.Sample{
		readSuccess.Sample(source.Bool01(isRead), address),
		lastRun.Sample(source.Unix(now), address),
		cursorLost.Sample(float64(s.Lost), address),
	}
	if !s.Begun {
		return all
	}
	s.Changes.each(true, func(category string, n float64) {
		all = append(all, changesTotal.Sample(n, address, category))
		if at, found := s.Last[category]; found {
			all = append(all, lastChange.Sample(source.Unix(at), address, category))
		}
	})
	for _, p := range append(s.Repositories[:len(s.Repositories):len(s.Repositories)], place{other, s.Other}) {
		p.each(false, func(category string, n float64) {
			all = append(all, changesByRepository.Sample(n, address, p.Repository, category))
		})
	}
	for _, d := range s.Deletions {
		if now.Sub(d.Read) < deletionShown {
			all = append(all, deletionTime.Sample(source.Unix(d.At), address, d.Repository))
		}
	}
	return all
}

// each calls yield for update and deletion, and for other when there are some or withOther is set.
func (t tally) each(withOther bool, yield func(category string, n float64)) {
	yield(update, float64(t.Update))
	yield(deletion, float64(t.Deletion))
	if withOther || t.Other > 0 {
		yield(other, float64(t.Other))
	}
}

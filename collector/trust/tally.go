package trust

import (
	"maps"
	"slices"
	"time"
)

// The categories: those of Notary, and other for any that it may get.
const (
	update   = "update"
	deletion = "deletion"
	other    = "other"
)

// deletionShown is how long a deletion stays on the page after it was read.
const deletionShown = 24 * time.Hour

// A saved is all that is known of a feed, and the content of the state file.
type saved struct {
	Version      int                  `json:"version"`
	Begun        bool                 `json:"begun"`  // false: where the feed ends is not known yet
	Cursor       position             `json:"cursor"` // of the last change that is counted; zero: the feed had none
	Changes      tally                `json:"changes"`
	Last         map[string]time.Time `json:"last"` // by category: the last change
	Repositories []place              `json:"repositories"`
	Other        tally                `json:"other"` // of repositories that are not counted by name
	Candidates   []candidate          `json:"candidates"`
	Deletions    []deleted            `json:"deletions"`
	Lost         uint64               `json:"lost"` // how often the cursor was lost
}

// A tally counts changes by category.
type tally struct {
	Update   uint64 `json:"update"`
	Deletion uint64 `json:"deletion"`
	Other    uint64 `json:"other"`
}

// A deleted is the last deletion of a repository.
type deleted struct {
	Repository string    `json:"repository"`
	At         time.Time `json:"at"`   // CreatedAt
	Read       time.Time `json:"read"` // when the exporter read it; one that was made before the exporter began: At
}

func categoryOf(category string) string {
	if category == update || category == deletion {
		return category
	}
	return other
}

func (t *tally) add(category string) {
	switch category {
	case update:
		t.Update++
	case deletion:
		t.Deletion++
	default:
		t.Other++
	}
}

// changes is how many changes are counted.
func (s saved) changes() uint64 { return s.Changes.Update + s.Changes.Deletion + s.Changes.Other }

func (s saved) clone() saved {
	s.Last = maps.Clone(s.Last)
	if s.Last == nil {
		s.Last = map[string]time.Time{}
	}
	s.Repositories, s.Candidates, s.Deletions = slices.Clone(s.Repositories), slices.Clone(s.Candidates), slices.Clone(s.Deletions)
	return s
}

// count counts a change of a repository, which is other when it has no name that can be shown.
func (s *saved) count(c change, repository string, most int) {
	category := categoryOf(c.category)
	s.Changes.add(category)
	s.placeOf(repository, most).add(category)
}

// remember notes the time of a change, and a deletion that was read within deletionShown. The time of one that lies in the future is
// now.
func (s *saved) remember(c change, repository string, most int, now, read time.Time) {
	category := categoryOf(c.category)
	at := notAfter(c.At, now)
	s.Last[category] = at
	if category != deletion || now.Sub(read) >= deletionShown {
		return
	}
	s.Deletions = slices.DeleteFunc(s.Deletions, func(d deleted) bool { return now.Sub(d.Read) >= deletionShown })
	find := func(name string) int {
		return slices.IndexFunc(s.Deletions, func(d deleted) bool { return d.Repository == name })
	}
	i := find(repository)
	if i < 0 && len(s.Deletions) >= most {
		repository = other
		i = find(other)
	}
	if i < 0 {
		s.Deletions = append(s.Deletions, deleted{})
		i = len(s.Deletions) - 1
	}
	s.Deletions[i] = deleted{repository, at, read}
}

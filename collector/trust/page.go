package trust

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// A change is one record of the feed.
type change struct {
	position
	gun      string // the repository, mostly with the host of its registry
	category string // as it came
}

// A position is the place of a change in the feed. The zero value is the place before the first change.
type position struct {
	ID string    `json:"id"` // a decimal number, or of an MSR a UUID
	At time.Time `json:"at"` // CreatedAt
}

// isID says whether a text may be the ID of a change. It is sent back, and -1 and 0 mean something else.
func isID(id string) bool { return anyID.MatchString(id) && id != fromStart }

var anyID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$`)

// isAfter says whether p stands behind q in the feed. Numbers are in their order. UUIDs are random: those changes are in the order of
// their times, and at one time in that of the IDs.
func (p position) isAfter(q position) bool {
	if q.ID == "" {
		return true
	}
	mine, errMine := strconv.ParseUint(p.ID, 10, 64)
	theirs, errTheirs := strconv.ParseUint(q.ID, 10, 64)
	if errMine == nil && errTheirs == nil {
		return mine > theirs
	}
	if order := p.At.Compare(q.At); order != 0 {
		return order > 0
	}
	return strings.Compare(p.ID, q.ID) > 0
}

// parsePage reads an answer such as {"count":1,"records":[…]}, whose changes stand behind last. A page that holds a change twice, goes
// backwards or has another number of changes than it says is refused as a whole (bad_answer): its changes might be counted twice,
// or not at all.
func parsePage(body []byte, last position, most int) ([]change, error) {
	var answer struct {
		Count   *int
		Records []struct{ ID, CreatedAt, GUN, Category string }
	}
	if err := ask.FromJSON(body, &answer); err != nil {
		return nil, err
	}
	switch n := len(answer.Records); {
	case answer.Count == nil:
		return nil, source.Failed(source.ReasonBadAnswer, "the answer is no page of a changefeed: it has no count")
	case *answer.Count != n:
		return nil, source.Failed(source.ReasonBadAnswer, "the page says count %d and holds %d changes", *answer.Count, n)
	case n > most:
		return nil, source.Failed(source.ReasonBadAnswer, "the page holds %d changes, and %d were asked for", n, most)
	}
	var changes []change
	for i, record := range answer.Records {
		at, err := time.Parse(time.RFC3339, record.CreatedAt)
		if err != nil || !isID(record.ID) {
			return nil, source.Failed(source.ReasonBadAnswer, "a change has an ID or a CreatedAt that no Notary writes")
		}
		c := change{position{record.ID, at}, record.GUN, record.Category}
		if i == 0 && last.ID == neverAsked && c.ID == neverAsked { // it was asked for from the start
			continue
		}
		if !c.isAfter(last) {
			return nil, source.Failed(source.ReasonBadAnswer, "the feed goes backwards, or repeats a change: change %d of a page does not stand behind the one before", i+1)
		}
		changes, last = append(changes, c), c.position
	}
	return changes, nil
}

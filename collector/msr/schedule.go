package msr

import (
	"strings"
	"time"

	robfig "github.com/robfig/cron/v3"
)

// scheduleFields are those of MSR: six with seconds, such as "57 54 3 * * *", five without, or @daily and the like.
const scheduleFields = robfig.SecondOptional | robfig.Minute | robfig.Hour | robfig.Dom | robfig.Month | robfig.Dow | robfig.Descriptor

// Bounds of a schedule.
const (
	maxSchedule  = 200                  // bytes
	scheduleRuns = 1000                 // runs that are looked at: each minute of most of a day
	scheduleTime = 370 * 24 * time.Hour // how far ahead
)

// intervalOf is the longest time between two runs of a schedule, from the run at start on; 0: it is not understood, or has no
// second run.
func intervalOf(text string, start time.Time) time.Duration {
	if every, is := strings.CutPrefix(text, "@every "); is {
		d, _ := time.ParseDuration(every)
		return max(d, 0)
	}
	if len(text) > maxSchedule || strings.Contains(text, "TZ=") { // robfig would read a file for the time zone
		return 0
	}
	if begin, is := strings.CutSuffix(text, " 7"); is { // Sunday, which is 0 for robfig
		text = begin + " 0"
	}
	schedule, err := robfig.NewParser(scheduleFields).Parse(text)
	if err != nil {
		return 0
	}
	first := schedule.Next(start.UTC().Truncate(time.Second).Add(-time.Second))
	longest := time.Duration(0)
	for at, n := first, 0; !at.IsZero() && n < scheduleRuns && at.Sub(first) < scheduleTime; n++ {
		next := schedule.Next(at)
		if !next.IsZero() {
			longest = max(longest, next.Sub(at))
		}
		at = next
	}
	return longest
}

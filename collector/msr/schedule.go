package msr

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A schedule is when a cron of MSR is due: six fields with seconds, such as "57 54 3 * * *", or five without.
type schedule struct {
	second, minute, hour, day, month, weekday uint64 // bit n is set when n fits
	anyDay, anyWeekday                        bool   // * in the field: the other one alone decides
}

// shorthands are what MSR takes in place of six fields.
var shorthands = map[string]string{
	"@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
	"@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
}

// Bounds of a walk through a schedule.
const (
	walkRuns  = 1000                     // runs that are looked at: each minute of most of a day
	walkTime  = 370 * 24 * time.Hour     // how far ahead
	walkLimit = 5 * 366 * 24 * time.Hour // until the next run: 29 February may be four years away
)

// intervalOf is the longest time between two runs of a schedule, from the run at start on; 0: it is not understood.
func intervalOf(text string, start time.Time) time.Duration {
	if every, is := strings.CutPrefix(text, "@every "); is {
		d, _ := time.ParseDuration(every)
		return max(d, 0)
	}
	s, ok := parseSchedule(text)
	if !ok {
		return 0
	}
	first, found := s.next(start.UTC().Truncate(time.Second).Add(-time.Second))
	longest := time.Duration(0)
	for at, n := first, 0; found && n < walkRuns && at.Sub(first) < walkTime; n++ {
		var next time.Time
		if next, found = s.next(at); found {
			longest = max(longest, next.Sub(at))
			at = next
		}
	}
	return longest
}

// parseSchedule reads six fields, five, or a shorthand.
func parseSchedule(text string) (s schedule, ok bool) {
	if long, is := shorthands[text]; is {
		text = long
	}
	fields := strings.Fields(text)
	if len(fields) == 5 {
		fields = slices.Insert(fields, 0, "0")
	}
	if len(fields) != 6 {
		return s, false
	}
	bounds := [6][2]int{{0, 59}, {0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}
	for i, set := range []*uint64{&s.second, &s.minute, &s.hour, &s.day, &s.month, &s.weekday} {
		if *set, ok = parseField(fields[i], bounds[i][0], bounds[i][1]); !ok {
			return s, false
		}
	}
	if s.weekday&(1<<7) != 0 { // Sunday is 0, and 7
		s.weekday |= 1
	}
	s.anyDay, s.anyWeekday = isAny(fields[3]), isAny(fields[5])
	return s, true
}

func isAny(field string) bool { return strings.HasPrefix(field, "*") || field == "?" }

// fieldNames are the names of months and days of the week.
var fieldNames = strings.NewReplacer(
	"jan", "1", "feb", "2", "mar", "3", "apr", "4", "may", "5", "jun", "6", "jul", "7", "aug", "8", "sep", "9", "oct", "10", "nov", "11", "dec", "12",
	"sun", "0", "mon", "1", "tue", "2", "wed", "3", "thu", "4", "fri", "5", "sat", "6",
)

// parseField reads a list of ranges with steps, such as "*/15", "1-5" or "0,30".
func parseField(field string, low, high int) (set uint64, ok bool) {
	for part := range strings.SplitSeq(fieldNames.Replace(strings.ToLower(field)), ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 {
				return 0, false
			}
			step = n
		}
		from, to := low, high
		if span != "*" && span != "?" {
			fromText, toText, ranged := strings.Cut(span, "-")
			var err error
			if from, err = strconv.Atoi(fromText); err != nil {
				return 0, false
			}
			if to = from; stepped {
				to = high
			}
			if ranged {
				if to, err = strconv.Atoi(toText); err != nil {
					return 0, false
				}
			}
		}
		if from < low || to > high || from > to || step > high {
			return 0, false
		}
		for n := from; n <= to; n += step {
			set |= 1 << n
		}
	}
	return set, true
}

// next is the first run behind a time.
func (s schedule) next(after time.Time) (at time.Time, found bool) {
	limit := after.Add(walkLimit)
	for at = after.Add(time.Second); at.Before(limit); {
		switch {
		case s.month&(1<<int(at.Month())) == 0:
			at = time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.hasDay(at):
			at = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, time.UTC)
		case s.hour&(1<<at.Hour()) == 0:
			at = at.Truncate(time.Hour).Add(time.Hour)
		case s.minute&(1<<at.Minute()) == 0:
			at = at.Truncate(time.Minute).Add(time.Minute)
		case s.second&(1<<at.Second()) == 0:
			at = at.Add(time.Second)
		default:
			return at, true
		}
	}
	return time.Time{}, false
}

// hasDay says whether a run may be on the day: where both the day of the month and that of the week are given, either will do.
func (s schedule) hasDay(at time.Time) bool {
	day, weekday := s.day&(1<<at.Day()) != 0, s.weekday&(1<<int(at.Weekday())) != 0
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

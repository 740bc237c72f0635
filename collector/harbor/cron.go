package harbor

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"registry_exporter/collector/source"
)

// maxCron bounds an expression, in bytes.
const maxCron = 200

// runsAhead is how many of the next runs are looked at for the longest time between two: a schedule may leave out weekends.
const runsAhead = 10

// due is when the first run after last is due, by a cron expression of six fields, seconds first, such as "0 */5 * * * *". period
// is the longest time between two of the next runs. ok is false for an expression that Harbor would not take, and for a
// schedule that never runs.
func due(expression string, last time.Time) (at time.Time, period time.Duration, ok bool) {
	if len(expression) > maxCron || strings.Contains(expression, "TZ=") || last.IsZero() {
		return at, 0, false
	}
	schedule, err := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(expression)
	if err != nil {
		return at, 0, false
	}
	at = schedule.Next(last.UTC())
	run := at
	for range runsAhead {
		next := schedule.Next(run)
		if next.IsZero() {
			break
		}
		period, run = max(period, next.Sub(run)), next
	}
	return at, period, !at.IsZero() && period > 0
}

// scheduleSamples are about a schedule that began its last run at last; it was last changed not after that.
func scheduleSamples(expression string, last time.Time, schedule, policy string) []source.Sample {
	at, period, ok := due(expression, last)
	if !ok {
		return nil
	}
	return []source.Sample{scheduleDue.Sample(source.Unix(at), schedule, policy), schedulePeriod.Sample(period.Seconds(), schedule, policy)}
}

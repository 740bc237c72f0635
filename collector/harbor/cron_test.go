package harbor

import (
	"strings"
	"testing"
	"time"
)

func TestWhenASchedulesNextRunIsDue(t *testing.T) {
	last := time.Date(2026, 11, 27, 18, 15, 7, 0, time.UTC) // a Friday
	for _, c := range []struct {
		cron   string
		due    string
		period time.Duration
	}{
		{"0 */5 * * * *", "2026-11-27T18:20:00Z", 5 * time.Minute},
		{"0 0 0 * * *", "2026-11-28T00:00:00Z", 24 * time.Hour},
		{"30 15 18 * * *", "2026-11-27T18:15:30Z", 24 * time.Hour},
		{"0 0 3 * * 1-5", "2026-11-30T03:00:00Z", 72 * time.Hour},
		{"0 0 0 29 2 *", "2028-02-29T00:00:00Z", 1461 * 24 * time.Hour},
	} {
		at, period, ok := due(c.cron, last)
		if got := at.Format(time.RFC3339); !ok || got != c.due || period != c.period {
			t.Errorf("%s: %s every %s (%t), want %s every %s", c.cron, got, period, ok, c.due, c.period)
		}
	}
}

func TestWhatIsNoSchedule(t *testing.T) {
	last := time.Date(2026, 11, 28, 18, 15, 7, 0, time.UTC)
	for _, cron := range []string{
		"", "* * * * *", "@daily", "0 0 0 30 2 *", "TZ=", "TZ=Europe/Berlin 0 0 0 * * *", "CRON_TZ=x", "0 */0 * * * *", "0 99 * * * *",
		strings.Repeat("0,", 1<<20) + "0 * * * * *", "\xff",
	} {
		if at, period, ok := due(cron, last); ok {
			t.Errorf("%.20q: due %s, every %s", cron, at, period)
		}
	}
	if _, _, ok := due("0 0 0 * * *", time.Time{}); ok {
		t.Error("due after a time that is not known")
	}
}

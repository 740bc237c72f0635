package msr

import (
	"strings"
	"testing"
	"time"
)

func TestIntervalOfASchedule(t *testing.T) {
	start := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC) // a Sunday
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"57 54 3 * * *":                   day,
		"0 0 3 * * 6":                     7 * day,
		"0 0 3 * * sat":                   7 * day,
		"0 0 3 * * 7":                     7 * day,
		"0 0 3 * * 1-5":                   3 * day,
		"0 0 3 1 * *":                     31 * day,
		"0 0 3 1,15 * *":                  17 * day,
		"0 0 3 1 * 0":                     7 * day,
		"0 0 3 1 jan ?":                   366 * day,
		"0 */5 * * * *":                   5 * time.Minute,
		"0 0/20 * * * *":                  20 * time.Minute,
		"* * * * * *":                     time.Second,
		"0 0/60 * * * *":                  time.Hour,
		"0 5/9223372036854775807 * * * *": time.Hour,
		"0 3 * * *":                       day,
		"0 0 9-17 * * *":                  16 * time.Hour,
		"@hourly":                         time.Hour,
		"@daily":                          day,
		"@weekly":                         7 * day,
		"@every 90m":                      90 * time.Minute,
		"0 0 3 29 2 *":                    4*365*day + day,
		"0 0 3 31 2 *":                    0,
		"@every soon":                     0,
		"@every -5m":                      0,
		"@sometimes":                      0,
		"0 0 3 * *  * * *":                0,
		"0 0 25 * * *":                    0,
		"0 0 5-3 * * *":                   0,
		"0 */0 * * * *":                   0,
		"0 x * * * *":                     0,
		"0 1-x * * * *":                   0,
		"0 */x * * * *":                   0,
		"":                                0,
	} {
		if got := intervalOf(text, start); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzSchedule(f *testing.F) {
	f.Add("57 54 3 * * *", int64(1488330000))
	f.Add("0 0/20 1-5,7 * jan ?", int64(0))
	f.Add("5/9223372036854775807 * * * * *", int64(0))
	f.Fuzz(func(t *testing.T, text string, at int64) {
		start := time.Unix(at%(1<<36), 0)
		begin := time.Now()
		if got := intervalOf(text, start); got < 0 || got > 5*366*24*time.Hour && !strings.HasPrefix(text, "@every") {
			t.Errorf("%q: %s", text, got)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%q took %s", text, took)
		}
	})
}

package accesslog

import (
	"strings"
	"time"
)

// The times of a log are parsed here and not by time.Parse, which allocates memory for each line.

// clockOf is the time of a line: from $msec, else from $time_iso8601, else from $time_local.
func clockOf(values *[fields][]byte) (time.Time, bool) {
	if micros, present, valid := epochMicros(values[timeUnix]); valid && present {
		return time.UnixMicro(int64(micros)), true
	}
	if at, valid := clockISO(values[timeISO]); valid {
		return at, true
	}
	return clockLocal(values[timeLocal])
}

// clockISO reads 2026-11-21T13:05:59+01:00.
func clockISO(b []byte) (time.Time, bool) {
	if len(b) != len("2026-11-21T13:05:59+01:00") || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[22] != ':' {
		return time.Time{}, false
	}
	month := digits(b[5:7])
	return clock(digits(b[:4]), month, digits(b[8:10]), b[11:19], b[19], digits(b[20:22]), digits(b[23:]))
}

// clockLocal reads 21/Nov/2026:13:05:59 +0100.
func clockLocal(b []byte) (time.Time, bool) {
	if len(b) != len("21/Nov/2026:13:05:59 +0100") || b[2] != '/' || b[6] != '/' || b[11] != ':' || b[20] != ' ' {
		return time.Time{}, false
	}
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	month := strings.Index(months, string(b[3:6]))
	if month < 0 || month%3 != 0 {
		return time.Time{}, false
	}
	return clock(digits(b[7:11]), month/3+1, digits(b[:2]), b[12:20], b[21], digits(b[22:24]), digits(b[24:]))
}

func clock(year, month, day int, hms []byte, sign byte, zoneHours, zoneMinutes int) (time.Time, bool) {
	hour, minute, second := digits(hms[:2]), digits(hms[3:5]), digits(hms[6:])
	if min(year, month-1, day-1, hour, minute, second, zoneHours, zoneMinutes) < 0 || hms[2] != ':' || hms[5] != ':' {
		return time.Time{}, false
	}
	if month > 12 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1970 || year > 2255 || sign != '+' && sign != '-' {
		return time.Time{}, false
	}
	zone := time.Duration(zoneHours)*time.Hour + time.Duration(zoneMinutes)*time.Minute
	if sign == '+' {
		zone = -zone
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC).Add(zone), true
}

// digits is the number that b spells. It is negative when a byte is no digit.
func digits(b []byte) (n int) {
	for _, d := range b {
		if d -= '0'; d > 9 {
			return -1 << 10
		}
		n = n*10 + int(d)
	}
	return n
}

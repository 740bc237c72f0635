package source

import (
	"fmt"
	"strings"
	"time"
)

// Size is a number of bytes for people, such as "1.5 KiB".
func Size(bytes float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if bytes < 1024 || unit == "TiB" {
			if unit == "B" || bytes >= 100 {
				return fmt.Sprintf("%.0f %s", bytes, unit)
			}
			return fmt.Sprintf("%.1f %s", bytes, unit)
		}
		bytes /= 1024
	}
	return ""
}

// Span is a length of time for people, such as "3 days", "47 hours", "3 minutes" or "59 s".
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}

// Took is a measured time for people, such as "34 ms" or "12.3 s".
func Took(seconds float64) string {
	if seconds < 0.9995 {
		return fmt.Sprintf("%.0f ms", seconds*1000)
	}
	return fmt.Sprintf("%.1f s", seconds)
}

// MaxNamed bounds the lists in sentences.
const MaxNamed = 5

// FirstFew joins the first MaxNamed of a list, such as "a, b, c, d, e and 2 more".
func FirstFew(all []string) string {
	if len(all) > MaxNamed {
		return strings.Join(all[:MaxNamed], ", ") + fmt.Sprintf(" and %d more", len(all)-MaxNamed)
	}
	return strings.Join(all, ", ")
}

// Plural is a number and its noun, such as "1 check" or "2 checks".
func Plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Instance is the name of a registry and site that people see, such as hub@eqiad, or hub without a site.
func Instance(name, site string) string {
	if site == "" {
		return name
	}
	return name + "@" + site
}

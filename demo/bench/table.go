package main

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

func printCosts(costs ...*cost) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tms CPU/scrape\twall p50 ms\twall p99 ms\tRSS MB\tpeak MB\tseries\tus CPU/series\t")
	for _, c := range costs {
		fmt.Fprintf(w, "%s\t%.2f\t%s\t%s\t%.1f\t%.1f\t%d\t%.1f\t\n", c.name, ms(c.cpu),
			wall(0.5, c), wall(0.99, c), c.rss, c.peak, c.series, 1000*ms(c.perSeries()))
	}
	w.Flush()
}

// wall writes a quantile of the times; nothing for a sum, since nobody scrapes several exporters one after the other.
func wall(q float64, c *cost) string {
	if len(c.wall) == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", ms(quantile(q, c.wall)))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// goal prints whether a goal is met.
func goal(met bool, format string, args ...any) {
	verdict := "not met"
	if met {
		verdict = "met"
	}
	fmt.Printf("  goal %s: %s\n", verdict, fmt.Sprintf(format, args...))
}

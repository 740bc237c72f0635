package access

import (
	"strings"

	"registry_exporter/collector/source"
)

// words returns the facts and the advice of the collector access.
func words() source.Words {
	return source.Words{Facts: logFacts, Advice: logAdvice("access log")}
}

// logAdvice is about a log that is called so.
func logAdvice(called string) []source.Advice {
	advice := []source.Advice{
		{Reasons: source.ReasonLogMissing, What: "there is no access log {address}: its path is another, or nothing was ever written", Try: "ls -l {address}"},
		{Reasons: source.ReasonLogUnreadable, What: "the access log {address} cannot be read: we have no right to it, or it is no file", Try: "ls -l {address}; id"},
		{Reasons: source.ReasonLinesLost, What: "lines of the access log {address} were gone before they were read: it was compressed or truncated while we were down or behind, or our state was damaged", Try: "ls -lt {address}*"},
		{Reasons: source.ReasonNotListening, What: "we cannot listen at {address}: another process does, or it is no address of this machine", Try: "ss -lnptu"},
		{Reasons: source.ReasonStateNotSaved, What: "how far the access log {address} is read cannot be saved: the folder of --state.dir is full, or we have no right to it", Try: "df -h"},
		{What: "the access log {address} cannot be read as it should: its path, our right to read it, or its format is another", Try: "ls -l {address}; tail -n 3 {address}"},
	}
	for i := range advice {
		advice[i].What = strings.ReplaceAll(advice[i].What, "access log", called)
	}
	return advice
}

// logFacts returns facts such as "3 lines" and "2.0 KiB not read yet".
func logFacts(_ *source.View, res source.Result) []string {
	if len(res.Samples) == 0 {
		return nil
	}
	return readFacts(res, linesTotal, logLag)
}

// readFacts says how many lines are counted and how much is not, by the metrics of lines and lag.
func readFacts(res source.Result, lines, lag *source.Metric) []string {
	facts := []string{source.Plural(int(sumOf(res.All(lines))), "line", "lines")}
	if waiting := sumOf(res.All(lag)); waiting > 0 {
		facts = append(facts, source.Size(waiting)+" not read yet")
	}
	return facts
}

func sumOf(samples []source.Sample) (sum float64) {
	for _, s := range samples {
		sum += s.Value
	}
	return sum
}

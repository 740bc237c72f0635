package collector

func accessWords() words {
	return words{facts: accessFacts, advice: []advice{
		{reasons: reasonLogMissing, what: "there is no access log {endpoint}: its path is another, or nothing was ever written", try: "ls -l {endpoint}"},
		{reasons: reasonLogUnreadable, what: "the access log {endpoint} cannot be read: we have no right to it, or it is no file", try: "ls -l {endpoint}; id"},
		{reasons: reasonLinesLost, what: "lines of the access log {endpoint} were gone before they were read: it was compressed or truncated while we were down or behind, or our state was damaged", try: "ls -lt {endpoint}*"},
		{reasons: reasonNotListening, what: "we cannot listen at {endpoint}: another process does, or it is no address of this machine", try: "ss -lnptu"},
		{reasons: reasonStateNotSaved, what: "how far the access log {endpoint} is read cannot be saved: the folder of --state.dir is full, or we have no right to it", try: "df -h"},
		{what: "the access log {endpoint} cannot be read as it should: its path, our right to read it, or its format is another", try: "ls -l {endpoint}; tail -n 3 {endpoint}"},
	}}
}

// accessFacts are how much was read, and how much is waiting.
func accessFacts(_ *view, res result) []string {
	if len(res.samples) == 0 {
		return nil
	}
	lines, waiting := 0, 0.0
	for _, s := range res.all(accessLines) {
		lines += int(s.value)
	}
	for _, s := range res.all(accessLag) {
		waiting += s.value
	}
	facts := []string{plural(lines, "line", "lines")}
	if waiting > 0 {
		facts = append(facts, size(waiting)+" not read yet")
	}
	return facts
}

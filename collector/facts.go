package collector

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is the value of the only sample of a metric, or of the first.
func (r result) value(m *metric) (value float64, found bool) {
	for _, s := range r.samples {
		if s.metric == m {
			return s.value, true
		}
	}
	return 0, false
}

func (r result) lowest(m *metric) (value float64, found bool) {
	for _, s := range r.all(m) {
		if !found || s.value < value {
			value, found = s.value, true
		}
	}
	return value, found
}

func (r result) all(m *metric) []sample {
	var all []sample
	for _, s := range r.samples {
		if s.metric == m {
			all = append(all, s)
		}
	}
	return all
}

func (s sample) label(name string) string {
	return s.labels[slices.Index(s.metric.labels, name)]
}

// where are the values of a label of the samples of a metric that have a value, each once.
func (r result) where(m *metric, value float64, label string) []string {
	var values []string
	for _, s := range r.all(m) {
		if s.value == value && !slices.Contains(values, s.label(label)) {
			values = append(values, s.label(label))
		}
	}
	return values
}

// facts are the few things worth telling of what was read.
func (l *look) facts(res result) []string {
	switch res.source.collector {
	case "access":
		return accessFacts(res)
	case "api":
		return l.apiFacts(res)
	case "health":
		if ok, _ := res.value(healthOK); ok == 1 {
			return []string{"all checks pass"}
		}
		return nil
	case "msr":
		return msrFacts(res)
	case "nginx":
		if n, found := res.value(nginxActive); found {
			return []string{plural(int(n), "open connection", "open connections")}
		}
		return nil
	case "ping":
		if ok, _ := res.value(pingHealthy); ok == 1 {
			return []string{"healthy"}
		}
		return nil
	case "redis":
		return redisFacts(res)
	case "swift":
		objects, found := res.value(swiftObjects)
		if bytes, _ := res.value(swiftBytes); found {
			return []string{plural(int(objects), "object", "objects"), size(bytes)}
		}
		return nil
	}
	if len(res.source.steps()) > 0 {
		return nil
	}
	return otherFacts(res)
}

func (s *source) steps() []step {
	if s.probe == nil {
		return nil
	}
	return s.probe.track.result().steps
}

// failedAt says whether a step of the last run failed.
func (s *source) failedAt(name string) bool {
	return slices.ContainsFunc(s.steps(), func(done step) bool { return done.name == name && done.err != nil })
}

func (l *look) apiFacts(res result) []string {
	facts := []string{"front"}
	if !l.isFront(res.source) {
		facts = []string{"backend"}
	}
	if status, found := res.value(apiStatusCode); found {
		facts = append(facts, fmt.Sprintf("status %.0f", status))
	}
	for _, s := range res.all(apiAuth) {
		if scheme := s.label("scheme"); scheme == "none" {
			facts = append(facts, "open to all")
		} else {
			facts = append(facts, "wants a login ("+scheme+")")
		}
	}
	if in, _ := res.value(apiAuthorized); in == 1 {
		facts = append(facts, "let in")
	}
	if end, found := res.value(tlsExpiry); found {
		left := unixTime(end).Sub(l.now)
		if left > 0 {
			facts = append(facts, "certificate for "+span(left)+" more")
		} else {
			facts = append(facts, "certificate ended "+span(-left)+" ago")
		}
	}
	return facts
}

func msrFacts(res result) []string {
	var facts []string
	if verdicts := res.all(msrReplicaHealth); len(verdicts) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s OK", len(res.where(msrReplicaHealth, 1, "replica")), plural(len(verdicts), "replica", "replicas")))
	}
	if servers := res.all(msrServerUp); len(servers) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s up", len(res.where(msrServerUp, 1, "server")), plural(len(servers), "server", "servers")))
	}
	if lowest, found := res.lowest(msrTableAvailability); found {
		words := []string{"a table is lost", "a table is out of date", "a table is read-only", "all tables writable", "all tables ready"}
		facts = append(facts, words[min(max(int(lowest), 0), 4)])
	}
	if held, _ := res.value(msrGCLockHeld); held == 1 {
		facts = append(facts, "a garbage collection runs")
	}
	return facts
}

func redisFacts(res result) []string {
	var facts []string
	for _, s := range res.all(redisInfo) {
		facts = append(facts, "version "+s.label("version"), s.label("role"), s.label("maxmemory_policy"))
	}
	if used, limit, found := redisMemory(res); found && limit > 0 {
		facts = append(facts, size(used)+" of "+size(limit))
	} else if found {
		facts = append(facts, size(used)+", no limit")
	}
	return facts
}

func redisMemory(res result) (used, limit float64, found bool) {
	for _, s := range res.samples {
		switch s.metric.name {
		case "registry_redis_memory_used_bytes":
			used, found = s.value, true
		case "registry_redis_memory_max_bytes":
			limit = s.value
		}
	}
	return used, limit, found
}

// otherFacts are the first few numbers of a collector that has no words of its own.
func otherFacts(res result) []string {
	var facts []string
	for _, s := range res.samples {
		name := strings.TrimPrefix(strings.TrimPrefix(s.metric.name, "registry_"), res.source.collector+"_")
		value := strconv.FormatFloat(s.value, 'g', 6, 64)
		switch {
		case len(facts) == maxNamed:
			return append(facts, "…")
		case strings.HasSuffix(name, "timestamp_seconds"), strings.HasSuffix(name, "interval_seconds"):
			continue
		case strings.HasSuffix(name, "_bytes"):
			value = size(s.value)
		case strings.HasSuffix(name, "_seconds"):
			value = took(s.value)
		}
		var own []string
		for i, label := range s.metric.labels {
			if label != "endpoint" && label != "role" {
				own = append(own, s.labels[i])
			}
		}
		facts = append(facts, strings.TrimSpace(strings.ReplaceAll(name, "_", " ")+" "+strings.Join(own, " "))+": "+value)
	}
	return facts
}

func unixTime(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }

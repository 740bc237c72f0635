package redis

import (
	"strconv"
	"strings"

	"registry_exporter/collector/source"
)

var (
	serverInfo = source.Gauge("registry_redis_info",
		"Always 1; version, redis_role and maxmemory_policy are labels (INFO: redis_version, role, maxmemory_policy).",
		"address", "version", "redis_role", "maxmemory_policy").Outside("version", "maxmemory_policy")
	memoryUsed = source.Gauge("registry_redis_memory_used_bytes", "Memory in use, in bytes (INFO: used_memory).", "address")
	memoryMax  = source.Gauge("registry_redis_memory_max_bytes", "Memory that Redis may use, in bytes; 0 is without limit (INFO: maxmemory).", "address")
	refused    = source.Counter("registry_redis_refused_total",
		"Logins and commands that Redis refused, of any client: WRONGPASS, NOAUTH without a login, NOPERM without the right (INFO: errorstat_…, Redis 6.2 or later).",
		"address", "error")
)

// refusals are the errors of Redis that are about who asks.
var refusals = [...]string{"NOAUTH", "NOPERM", "WRONGPASS"}

// errorSection begins the part of INFO that counts errors. An error that has not happened has no line there.
const errorSection = "# Errorstats"

// infoNumbers are the numbers of INFO that become metrics.
var infoNumbers = []struct {
	key    string
	metric *source.Metric
}{
	{"used_memory", memoryUsed},
	{"maxmemory", memoryMax},
	{"connected_clients", source.Gauge("registry_redis_clients", "Connected clients, the asking one too (INFO: connected_clients).", "address")},
	{"evicted_keys", source.Counter("registry_redis_evicted_keys_total", "Keys dropped because memory was full (INFO: evicted_keys).", "address")},
	{"keyspace_hits", source.Counter("registry_redis_keyspace_hits_total", "Lookups that found their key (INFO: keyspace_hits).", "address")},
	{"keyspace_misses", source.Counter("registry_redis_keyspace_misses_total", "Lookups that did not find their key (INFO: keyspace_misses).", "address")},
	{"rejected_connections", source.Counter("registry_redis_rejected_connections_total", "Connections refused because there were too many (INFO: rejected_connections).", "address")},
}

// parseInfo reads the key:value lines of INFO. A number that is missing or negative has no sample: Dragonfly says
// rejected_connections:-1. Without a redis_version, or any of the numbers, the reason of the error is bad_answer.
func parseInfo(text, address string) ([]source.Sample, error) {
	info := map[string]string{}
	countsErrors := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		countsErrors = countsErrors || line == errorSection
		if key, value, found := strings.Cut(line, ":"); found {
			info[key] = value
		}
	}
	samples := []source.Sample{serverInfo.Sample(1, address, info["redis_version"], knownRole(info["role"]), info["maxmemory_policy"])}
	numbers := 0
	for _, n := range infoNumbers {
		if value, err := strconv.ParseUint(info[n.key], 10, 64); err == nil {
			samples = append(samples, n.metric.Sample(float64(value), address))
			numbers++
		}
	}
	if countsErrors {
		samples = append(samples, refusedSamples(info, address)...)
	}
	switch {
	case info["redis_version"] == "":
		return nil, source.Failed(source.ReasonBadAnswer, "INFO has no redis_version")
	case numbers == 0:
		return nil, source.Failed(source.ReasonBadAnswer, "INFO has none of the numbers that Redis has, such as used_memory")
	}
	return samples, nil
}

// refusedSamples are those of refusals, from lines such as errorstat_NOAUTH:count=2.
func refusedSamples(info map[string]string, address string) []source.Sample {
	var samples []source.Sample
	for _, name := range refusals {
		count, err := strconv.ParseUint(strings.TrimPrefix(info["errorstat_"+name], "count="), 10, 64)
		if info["errorstat_"+name] == "" {
			count, err = 0, nil
		}
		if err == nil {
			samples = append(samples, refused.Sample(float64(count), address, name))
		}
	}
	return samples
}

// knownRole returns a role that Redis documents, or other.
func knownRole(role string) string {
	switch role {
	case "master", "slave", "sentinel":
		return role
	}
	return "other"
}

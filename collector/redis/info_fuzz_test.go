package redis

import (
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// Any INFO gives each metric once at most, or none and a bad answer.
func FuzzInfo(f *testing.F) {
	const numbers = "used_memory:1\r\nmaxmemory:0\r\nconnected_clients:1\r\nevicted_keys:0\r\nkeyspace_hits:18446744073709551615\r\nkeyspace_misses:0\r\nrejected_connections:0\r\n"
	for _, text := range []string{
		"# Server\r\nredis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n" + numbers, "redis_version:7\nrole:gone\n", "redis_version:\xff\n",
		"redis_version:7\r\nredis_version:8\r\n" + numbers, "redis_version:7\r\nused_memory:-1\r\nmaxmemory:1e3\r\nconnected_clients: 1\r\nevicted_keys:99999999999999999999\r\n", "::\r\n:\n", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := parseInfo(text, "127.0.0.1:6379")
		if err != nil && source.Reason(err) != source.ReasonBadAnswer {
			t.Errorf("%v with reason %s", err, source.Reason(err))
		}
		if err == nil && len(samples) != 1+len(infoNumbers) || len(samples) > 1+len(infoNumbers) {
			t.Errorf("%d samples beside %v", len(samples), err)
		}
		if err != nil && !strings.Contains(text, "redis_version:") && samples != nil {
			t.Errorf("%d samples without a version", len(samples))
		}
		seen := map[*source.Metric]bool{}
		for _, s := range samples {
			if seen[s.Metric] || s.Value < 0 || s.Value != s.Value {
				t.Errorf("%v", s)
			}
			seen[s.Metric] = true
		}
	})
}

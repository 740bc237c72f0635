package redis

import (
	"strings"

	"registry_exporter/collector/source"
)

// harborFindings are about the Redis of a Harbor. It is no cache: a key that is dropped is an upload, a job or a schedule.
func harborFindings(res source.Result, cli string) []source.Finding {
	policy := res.Where(serverInfo, 1, "maxmemory_policy")
	switch {
	case isFull(res):
		return []source.Finding{{
			State: source.StateFailed, Alert: "HarborRedisFull", Try: cli + " INFO memory",
			What: "Harbor's Redis is full: it takes no writes, so pushes fail at their first bytes and jobs are lost, while Harbor calls it healthy. Give it more memory, and let it evict nothing",
		}}
	case len(policy) > 0 && strings.HasPrefix(strings.ToLower(policy[0]), "allkeys-"):
		return []source.Finding{{
			State: source.StateWarning, Try: cli + " CONFIG SET maxmemory-policy noeviction",
			What: "Harbor's Redis drops keys when it is full (" + policy[0] + "), and its keys are uploads, jobs and schedules: let it evict nothing",
		}}
	}
	return nil
}

// harborAlert is the name of the alert about a Redis of a Harbor that cannot be asked. While Harbor itself reaches it, only the way from
// the exporter is cut.
func harborAlert(v *source.View, res source.Result) string {
	const down = "HarborRedisDown"
	switch {
	case source.IsOurs(source.Reason(res.Err)):
		return source.CannotLook
	case v.Cause != nil && v.Cause.Alert == down:
		return down
	}
	return "HarborComponentUnhealthy"
}

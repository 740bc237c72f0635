package redis

import (
	"strings"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// wordsOf returns the facts, findings and advice about the Redis. ofHarbor says that it is that of a Harbor, which keeps uploads, jobs
// and schedules in it.
func wordsOf(c *config.Redis, ofHarbor bool) source.Words {
	p := placeOf(c)
	cli := redisCLI(c, p)
	p.Request = cli + " PING"
	words := source.Words{
		Place: p.Always(),
		Facts: memoryFacts,
		Findings: func(_ *source.View, res source.Result) []source.Finding {
			if !isFull(res) {
				return nil
			}
			return []source.Finding{{
				State: source.StateWarning, Alert: "RegistryCacheFull", What: "the cache is full and, with noeviction, takes nothing new", Try: cli + " CONFIG SET maxmemory-policy allkeys-lru",
			}}
		},
		Alert: func(_ *source.View, res source.Result) string {
			if source.IsOurs(source.Reason(res.Err)) {
				return source.CannotLook
			}
			return "RegistryCacheDown"
		},
		Advice: []source.Advice{
			{Reasons: source.ReasonRefused, What: "nothing listens at {address}: Redis is stopped, or the port is wrong", Try: "systemctl status redis-server   # on {host}"},
			{Reasons: source.ReasonTimeout, What: "Redis at {address} does not answer in time: it is stuck in a long command, or a firewall drops what is sent", Try: cli + " --latency"},
			{Reasons: source.ReasonUnauthorized, What: "Redis does not let us in: user or password is wrong or missing", Try: source.TryRequest},
			{Reasons: source.ReasonForbidden, What: "the account may not do that: it needs PING and INFO", Try: cli + " ACL WHOAMI"},
			{Reasons: source.ReasonReadOnly, What: "Redis refuses writes since it could not save to its disk (MISCONF): the disk is full, or Redis may not write there", Try: "df -h   # on {host}"},
			{Reasons: source.ReasonUnavailable, What: "Redis answers that it cannot serve now: it loads its data, has lost its master or has too many clients", Try: cli + " INFO"},
		},
	}
	if ofHarbor {
		words.Findings = func(_ *source.View, res source.Result) []source.Finding { return harborFindings(res, cli) }
		words.Alert = harborAlert
	}
	return words
}

// placeOf returns the Redis as sentences and commands name it.
func placeOf(c *config.Redis) source.Place {
	p := source.PlaceOf(c.Addr)
	p.Name = p.Host
	if c.TLSConfig != nil {
		p.CAFile = c.TLSConfig.CAFile
		if c.TLSConfig.ServerName != "" {
			p.Name = c.TLSConfig.ServerName
		}
	}
	return p
}

// redisCLI is the command that connects to the Redis, such as redis-cli -h 10.0.0.9 -p 6379 --askpass. It asks for the password.
func redisCLI(c *config.Redis, p source.Place) string {
	command := "redis-cli -h " + source.Quote(p.Host) + " -p " + source.Quote(p.Port)
	if c.TLSConfig != nil {
		command += " --tls"
	}
	if p.CAFile != "" {
		command += " --cacert " + source.Quote(p.CAFile)
	}
	if c.Username != "" {
		command += " --user " + source.Quote(c.Username)
	}
	if c.Username != "" || c.Password != "" || c.PasswordFile != "" {
		command += " --askpass"
	}
	return command
}

// memoryFacts returns facts such as "version 7.0.15", "master", "allkeys-lru" and "49.9 MiB of 128 MiB".
func memoryFacts(_ *source.View, res source.Result) []string {
	var facts []string
	for _, s := range res.All(serverInfo) {
		facts = append(facts, "version "+s.Label("version"), s.Label("redis_role"), s.Label("maxmemory_policy"))
	}
	used, found := res.Value(memoryUsed)
	switch limit, _ := res.Value(memoryMax); {
	case found && limit > 0:
		facts = append(facts, source.Size(used)+" of "+source.Size(limit))
	case found:
		facts = append(facts, source.Size(used)+", no limit")
	}
	return facts
}

// isFull is true when used_memory is above source.CacheFullRatio of maxmemory and the policy is noeviction: Redis then
// refuses new keys.
func isFull(res source.Result) bool {
	used, _ := res.Value(memoryUsed)
	limit, _ := res.Value(memoryMax)
	policy := res.Where(serverInfo, 1, "maxmemory_policy")
	return limit > 0 && used/limit > source.CacheFullRatio && len(policy) > 0 && strings.EqualFold(policy[0], "noeviction")
}

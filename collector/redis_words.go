package collector

import (
	"strings"

	"registry_exporter/config"
)

func redisWords(c *config.Redis) words {
	p := redisPlace(c)
	cli := redisCLI(c, p)
	p.request = cli + " PING"
	return words{
		place: p.always(),
		facts: redisFacts,
		findings: func(_ *view, res result) []sourceFinding {
			if !cacheIsFull(res) {
				return nil
			}
			return []sourceFinding{{
				StateWarning, "RegistryCacheFull", "the cache is full and, with noeviction, takes nothing new", cli + " CONFIG SET maxmemory-policy allkeys-lru",
			}}
		},
		alert: func(_ *view, res result) string {
			if isOurs(reason(res.err)) {
				return cannotLook
			}
			return "RegistryCacheDown"
		},
		advice: []advice{
			{reasons: reasonRefused, what: "nothing listens at {endpoint}: Redis is stopped, or the port is wrong", try: "systemctl status redis-server   # on {host}"},
			{reasons: reasonTimeout, what: "Redis at {endpoint} does not answer in time: it is stuck in a long command, or a firewall drops what is sent", try: cli + " --latency"},
			{reasons: reasonUnauthorized, what: "Redis does not let us in: user or password is wrong or missing", try: tryRequest},
			{reasons: reasonForbidden, what: "the account may not do that: it needs PING and INFO", try: cli + " ACL WHOAMI"},
			{reasons: reasonUnavailable, what: "Redis answers that it cannot serve now: it loads its data, has lost its master or has too many clients", try: cli + " INFO"},
		},
	}
}

func redisPlace(c *config.Redis) place {
	p := placeOf(c.Addr)
	p.name = p.host
	if c.TLSConfig != nil {
		p.caFile = c.TLSConfig.CAFile
		if c.TLSConfig.ServerName != "" {
			p.name = c.TLSConfig.ServerName
		}
	}
	return p
}

// redisCLI is Redis' own client. It asks for the password.
func redisCLI(c *config.Redis, p place) string {
	command := "redis-cli -h " + quote(p.host) + " -p " + quote(p.port)
	if c.TLSConfig != nil {
		command += " --tls"
	}
	if p.caFile != "" {
		command += " --cacert " + quote(p.caFile)
	}
	if c.Username != "" {
		command += " --user " + quote(c.Username)
	}
	if c.Username != "" || c.Password != "" || c.PasswordFile != "" {
		command += " --askpass"
	}
	return command
}

func redisFacts(_ *view, res result) []string {
	var facts []string
	for _, s := range res.all(redisInfo) {
		facts = append(facts, "version "+s.label("version"), s.label("role"), s.label("maxmemory_policy"))
	}
	used, found := res.value(redisMemoryUsed)
	switch limit, _ := res.value(redisMemoryMax); {
	case found && limit > 0:
		facts = append(facts, size(used)+" of "+size(limit))
	case found:
		facts = append(facts, size(used)+", no limit")
	}
	return facts
}

// cacheIsFull is so when memory is used up and no key is dropped to make room.
func cacheIsFull(res result) bool {
	used, _ := res.value(redisMemoryUsed)
	limit, _ := res.value(redisMemoryMax)
	policy := res.where(redisInfo, 1, "maxmemory_policy")
	return limit > 0 && used/limit > cacheFullRatio && len(policy) > 0 && strings.EqualFold(policy[0], "noeviction")
}

package redis_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"registry_exporter/collector/collectortest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// TestPages plays a Redis that answers as scripted, and compares the page with testdata/redis/<case>/<case>.prom.
func TestPages(t *testing.T) {
	info := redisInfoText(t)
	well := redisScript{"PING": says("+PONG\r\n"), "INFO": says(bulk(info))}
	login := func(command, answer string) redisScript {
		return redisScript{command: says(answer), "PING": says("+PONG\r\n"), "INFO": says(bulk(info))}
	}
	ping := func(a redisAnswer) redisScript { return redisScript{"PING": a} }
	asked := func(a redisAnswer) redisScript { return redisScript{"PING": says("+PONG\r\n"), "INFO": a} }
	informed := func(changes ...string) redisScript {
		return asked(says(bulk(strings.NewReplacer(changes...).Replace(info))))
	}
	const (
		password = ", password: pppppppp"
		acl      = ", username: mon, password: pppppppp"
	)
	for _, c := range []struct {
		name, config string
		script       redisScript
	}{
		{"healthy", "", well},
		{"password", password, login("AUTH pppppppp", "+OK\r\n")},
		{"acl_user", acl, login("AUTH mon pppppppp", "+OK\r\n")},
		{"replica_full_noeviction", "", informed("role:master", "role:slave",
			"maxmemory_policy:allkeys-lru", "maxmemory_policy:noeviction", "\r\nused_memory:52331776\r\n", "\r\nused_memory:134217728\r\n")},

		{"noauth", "", ping(says("-NOAUTH Authentication required.\r\n"))},
		{"wrongpass", acl, login("AUTH mon pppppppp", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")},
		{"invalid_password_before_6", password, login("AUTH pppppppp", "-ERR invalid password\r\n")},
		{"auth_where_no_password_is_set", password, login("AUTH pppppppp",
			"-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n")},
		{"auth_where_no_password_is_set_before_6", password, login("AUTH pppppppp", "-ERR Client sent AUTH, but no password is set\r\n")},
		{"closed_after_auth", password, redisScript{"AUTH pppppppp": saysAndHangsUp("+OK\r\n")}},
		{"closed_instead_of_auth", password, redisScript{"AUTH pppppppp": saysAndHangsUp("")}},
		{"no_right_to_ping", acl, redisScript{
			"AUTH mon pppppppp": says("+OK\r\n"),
			"PING":              says("-NOPERM this user has no permissions to run the 'ping' command\r\n"),
		}},
		{"no_right_to_info", acl, redisScript{
			"AUTH mon pppppppp": says("+OK\r\n"), "PING": says("+PONG\r\n"),
			"INFO": says("-NOPERM this user has no permissions to run the 'info' command\r\n"),
		}},

		{"loading", "", ping(says("-LOADING Redis is loading the dataset in memory\r\n"))},
		{"busy_with_a_script", "", ping(says("-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"))},
		{"cannot_save", "", ping(says("-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled.\r\n"))},
		{"master_down", "", ping(says("-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"))},
		{"protected_mode", "", redisScript{"": saysAndHangsUp("-DENIED Redis is running in protected mode because protected mode is enabled.\r\n")}},
		{"max_clients", "", redisScript{"": saysAndHangsUp("-ERR max number of clients reached\r\n")}},
		{"max_clients_with_password", password, redisScript{"": saysAndHangsUp("-ERR max number of clients reached\r\n")}},
		{"unknown_error", "", ping(says("-pppp@ssw0rd is not what I like to hear\r\n"))},
		{"never_answers", "\n  timeout: 3s", ping(saysNothing)},
		{"never_answers_info", "\n  timeout: 3s", asked(saysNothing)},

		{"http_server", "", ping(saysAndHangsUp("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request"))},
		{"not_pong", "", ping(says("+OK\r\n"))},
		{"number_for_pong", "", ping(says(":1\r\n"))},
		{"empty_line", "", ping(says("\r\n"))},
		{"endless_line", "", ping(saysEndlessly)},
		{"line_cut_short", "", ping(saysAndHangsUp("+PO"))},
		{"huge_bulk_announced", "", asked(says("$9999999999\r\n"))},
		{"bulk_over_the_limit", "", asked(says(bulk(strings.Repeat("x", 1<<20+1))))},
		{"bulk_of_no_length", "", asked(says("$many\r\n"))},
		{"overflowing_bulk", "", asked(says("$99999999999999999999\r\n"))},
		{"negative_bulk", "", asked(says("$-7\r\n"))},
		{"null_bulk", "", asked(says("$-1\r\n"))},
		{"bulk_cut_short", "", asked(saysAndHangsUp("$4000\r\n# Server\r\nredis_ver"))},
		{"bulk_never_begins", "", asked(saysAndHangsUp("$4000\r\n"))},
		{"bulk_longer_than_announced", "", asked(says("$10\r\nredis_version:7.0.15\r\n"))},

		{"info_empty", "", asked(says("$0\r\n\r\n"))},
		{"info_without_version", "", informed("redis_version", "server_version")},
		{"info_without_some_numbers", "", informed("maxmemory:134217728", "", "rejected_connections:2", "")},
		{"info_without_numbers", "", asked(says(bulk("redis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n# Errorstats\r\n")))},
		{"info_with_negative_numbers", "", informed("\r\nused_memory:52331776\r\n", "\r\nused_memory:-1\r\n", "evicted_keys:341", "evicted_keys:-341")},
		{"info_without_a_refusal", "", informed("# Cluster", "# Errorstats\r\nerrorstat_ERR:count=7\r\n\r\n# Cluster")},
		{"info_with_refusals", "", informed("# Cluster", "# Errorstats\r\nerrorstat_NOAUTH:count=2\r\nerrorstat_WRONGPASS:count=341\r\n\r\n# Cluster")},
		{"info_with_odd_refusals", "", informed("# Cluster", "# Errorstats\r\nerrorstat_NOAUTH:count=-2\r\nerrorstat_WRONGPASS:341x\r\n\r\n# Cluster")},
		{"info_with_overflow", "", informed("keyspace_hits:90210", "keyspace_hits:18446744073709551616")},
		{"info_with_invalid_utf8", "", informed("redis_version:7.0.15", "redis_version:7\xff\xfe")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startRedis(t, c.script, nil)
			options, rest, _ := strings.Cut(c.config, "\n")
			e := collectortest.New(t, redisConfig(server.addr, options)+rest+"\n")
			collectortest.ComparePage(t, redisFolder(t, c.name), collectortest.Page(t, e, "redis", map[string]string{server.addr: "redis.example.org:6379"}))
		})
	}
}

// redisFolder is where the page of a case is. A new case gets its folder with -update.
func redisFolder(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join("testdata", "redis", name)
	if collectortest.Update() {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func redisConfig(addr, options string) string {
	return "registries:\n- name: hub\n  url: http://registry.example.org\n  redis: {addr: '" + addr + "'" + options + "}\n"
}

// redisInfoText is what a Redis 7.0 answers to INFO.
func redisInfoText(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "redis", "healthy", "info.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\n", "\r\n")
}

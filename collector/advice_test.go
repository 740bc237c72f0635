package collector

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// everyReason is the closed list, as it stands in failure.go.
func everyReason(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("failure.go")
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, m := range regexp.MustCompile(`(?m)^\treason\w+ += "(\w+)"$`).FindAllStringSubmatch(string(text), -1) {
		reasons = append(reasons, m[1])
	}
	if len(reasons) < 30 {
		t.Fatalf("only %d reasons", len(reasons))
	}
	return reasons
}

// TestAdviceForEveryFailure: whatever fails, there is a sentence, and a command that a shell can read.
func TestAdviceForEveryFailure(t *testing.T) {
	e := newTestExporter(t, strings.NewReplacer("CAFILE", newAuthority(t, "CA", nil).file(t), "KEYFILE", tempFile(t, "key", []byte("swift-key"))).Replace(reportConfig))
	l := newLook(e.live.Load().registries[0], nil, reportTime)
	endpoints := map[string]string{
		"access": "/var/log/nginx/access.log", "api": atFront, "health": atDebug, "msr": atReplica, "nginx": atReplica, "ping": atReplica, "pull": atFront,
		"push": atFront, "redis": atRedis, "replication": atFront, "swift": atSwift, "swift_count": atSwift, "swift_probe": atSwift, "unknown": atBackend,
	}
	script := []string{}
	for collector, endpoint := range endpoints {
		for _, why := range everyReason(t) {
			if why == reasonPending {
				continue
			}
			what, try := l.advice(result{source: &source{collector: collector, endpoint: endpoint}, err: failed(why, "no")}, why)
			if what == "" || strings.ContainsAny(what, "{}") || strings.Contains(what, "  ") {
				t.Errorf("%s %s: %q", collector, why, what)
			}
			if strings.Contains(strings.ReplaceAll(try, "%{", ""), "{") {
				t.Errorf("%s %s: %q", collector, why, try)
			}
			script = append(script, "# "+collector+" "+why, try)
		}
	}
	check := exec.CommandContext(t.Context(), "sh", "-n")
	check.Stdin = strings.NewReader(strings.Join(script, "\n") + "\n")
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestEveryAdviceIsReached: what stands behind one that fits sooner is never given.
func TestEveryAdviceIsReached(t *testing.T) {
	reasons := append(everyReason(t), "")
	seen := map[string]bool{} // collector and reason that are spoken for
	for _, a := range advices {
		collectors, own, fresh := strings.Fields(a.collectors), strings.Fields(a.reasons), false
		if len(collectors) == 0 {
			collectors = []string{"api", "health", "msr", "nginx", "ping", "pull", "push", "redis", "swift", "swift_probe", "any other"}
		}
		if len(own) == 0 {
			own = reasons
		}
		for _, c := range collectors {
			for _, why := range own {
				fresh = fresh || !seen[c+" "+why]
				seen[c+" "+why] = true
				if !strings.Contains(strings.Join(reasons, " "), why) {
					t.Errorf("there is no reason %s", why)
				}
			}
		}
		if !fresh {
			t.Errorf("never given: %s", a.what)
		}
	}
}

func TestCommands(t *testing.T) {
	key := tempFile(t, "key", []byte("swift-key"))
	front := "registries:\n- name: hub\n  url: https://registry.example.org\n"
	for _, c := range []struct {
		name, config, collector, endpoint, command, want string
	}{
		{"front", front, "api", atFront, tryRequest, "curl -sS -i -m 20 https://registry.example.org/v2/"},
		{"backend with the names of the front", front + "  backends: [http://10.0.0.5:5000]\n", "api", atBackend, tryRequest, "curl -sS -i -m 20 --connect-to ::10.0.0.5:5000 http://registry.example.org/v2/"},
		{"certificate of a backend", front + "  backends: [https://10.0.0.5:5000]\n", "api", atBackend, "{tls}", "openssl s_client -connect 10.0.0.5:5000 -servername registry.example.org </dev/null"},
		{"other name in the certificate", front + "  http: {tls_config: {server_name: hub.internal}}\n", "api", atFront, "{tls}", "openssl s_client -connect registry.example.org:443 -servername hub.internal </dev/null"},
		{"address", strings.ReplaceAll(front, "https://registry.example.org", "'https://[2001:db8::1]:5000'"), "api", "[2001:db8::1]:5000", "{tls}", "openssl s_client -connect '[2001:db8::1]:5000' </dev/null"},
		{"account with an odd name", front + "  http: {basic_auth: {username: \"o'neil $x\", password: p}}\n", "api", atFront, tryRequest, `curl -sS -i -m 20 -u 'o'\''neil $x' https://registry.example.org/v2/`},
		{"nginx elsewhere", front + "  nginx: {urls: [\"http://10.0.0.5:5001/status\"]}\n", "nginx", atDebug, tryRequest, "curl -sS -i -m 20 http://10.0.0.5:5001/status"},
		{"Swift with a key in the file", front + "  swift: {auth_url: https://swift.example.org/auth/v1.0, username: u, key: secret-key, container: c}\n", "swift", atSwift, tryRequest, `read -rs KEY; swift -A https://swift.example.org/auth/v1.0 -U u -K "$KEY" stat c`},
		{
			"Keystone", front + "  swift: {auth_url: https://swift.example.org/v3, username: u, key_file: " + key + ", container: c, tenant: t, domain: d, region: r, storage_url: https://swift.example.org/v1/AUTH_x}\n", "swift", atSwift, tryRequest,
			`swift --os-auth-url https://swift.example.org/v3 --os-username u --os-password "$(cat ` + key + `)" --os-project-name t --os-user-domain-name d --os-project-domain-name d --os-region-name r --os-storage-url https://swift.example.org/v1/AUTH_x stat c`,
		},
		{"Redis over TLS", front + "  redis: {addr: \"10.0.0.6:6379\", tls_config: {}}\n", "redis", atRedis, tryRequest, "redis-cli -h 10.0.0.6 -p 6379 --tls PING"},
		{"something that is not in the configuration", front, "other", "10.0.0.9:99", tryRequest, "nc -vz 10.0.0.9 99"},
		{"something that is no address", front, "other", "/var/log", tryRequest, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newTestExporter(t, c.config)
			l := newLook(e.live.Load().registries[0], nil, reportTime)
			if got := l.place(&source{collector: c.collector, endpoint: c.endpoint}).fill(c.command); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

package collector

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// everyReason returns the closed list of reasons, as it stands in the code.
func everyReason(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("source/failure.go")
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, m := range regexp.MustCompile(`(?m)^\t[rR]eason\w+ += "(\w+)"$`).FindAllStringSubmatch(string(text), -1) {
		reasons = append(reasons, m[1])
	}
	if len(reasons) < 30 {
		t.Fatalf("only %d reasons", len(reasons))
	}
	return reasons
}

// everySource returns a source of each collector, and one without words of its own.
func everySource(t *testing.T) []*source.Source {
	t.Helper()
	text := strings.NewReplacer("CAFILE", testserver.NewAuthority(t, "CA", nil).File(t), "KEYFILE", testserver.TempFile(t, "key", []byte("swift-key"))).Replace(withAll(reportConfig))
	text = strings.Replace(text, "  msr:", "  harbor:\n  msr:", 1)
	all := []*source.Source{{Collector: "unknown", Address: atBackend}}
	for _, s := range newTestExporter(t, text).live.Load().registries[0].sources {
		if !slices.ContainsFunc(all, func(other *source.Source) bool { return other.Collector == s.Collector }) {
			all = append(all, s)
		}
	}
	if len(all) != len(collectorTable)+1 {
		t.Fatalf("%d sources", len(all))
	}
	return all
}

// findingAbout returns the finding of a report about a source that fails for a reason.
func findingAbout(t *testing.T, s *source.Source, why string) *report.FindingReport {
	t.Helper()
	res := source.Result{Source: s, Err: source.Failed(why, "no")}
	for _, f := range (report.Subject{Name: "hub"}).Report(&source.View{Now: reportTime, Results: []source.Result{res}}).Findings {
		if f.Reason == why {
			return f
		}
	}
	t.Fatalf("%s %s: no finding", s.Collector, why)
	return nil
}

// TestAdviceForEveryFailure: each failure has a sentence, and a command that a shell can read.
func TestAdviceForEveryFailure(t *testing.T) {
	script := []string{}
	for _, s := range everySource(t) {
		for _, why := range everyReason(t) {
			if why == source.ReasonPending {
				continue
			}
			f := findingAbout(t, s, why)
			if f.What == "" || strings.ContainsAny(f.What, "{}") || strings.Contains(f.What, "  ") {
				t.Errorf("%s %s: %q", s.Collector, why, f.What)
			}
			if strings.Contains(strings.ReplaceAll(f.Try, "%{", ""), "{") {
				t.Errorf("%s %s: %q", s.Collector, why, f.Try)
			}
			script = append(script, "# "+s.Collector+" "+why, f.Try)
		}
	}
	check := exec.CommandContext(t.Context(), "sh", "-n")
	check.Stdin = strings.NewReader(strings.Join(script, "\n") + "\n")
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestEveryAdviceOfASourceIsReached: a row whose reasons all belong to rows before it is never given. Package report
// tests the general rows.
func TestEveryAdviceOfASourceIsReached(t *testing.T) {
	reasons := append(everyReason(t), "")
	rows := 0
	for _, s := range everySource(t) {
		taken := map[string]bool{} // reasons of the rows without a condition so far
		for _, a := range s.Words.Advice {
			rows++
			own := strings.Fields(a.Reasons)
			if len(own) == 0 {
				own = reasons
			}
			given := false
			for _, why := range own {
				if !slices.Contains(reasons, why) {
					t.Errorf("there is no reason %s", why)
				}
				given = given || !taken[why]
				taken[why] = taken[why] || a.When == nil
			}
			if !given {
				t.Errorf("%s never gives: %s", s.Collector, a.What)
			}
		}
	}
	if rows < 20 {
		t.Errorf("only %d rows", rows)
	}
}

func TestCommands(t *testing.T) {
	key := testserver.TempFile(t, "key", []byte("swift-key"))
	front := "registries:\n- name: hub\n  url: https://registry.example.org\n"
	for _, c := range []struct {
		name, config, collector, address, command, want string
	}{
		{"front", front, "api", atFront, source.TryRequest, "curl -sS -i -m 20 https://registry.example.org/v2/"},
		{"backend with the names of the front", front + "  backends: [http://10.0.0.5:5000]\n", "api", atBackend, source.TryRequest, "curl -sS -i -m 20 --connect-to ::10.0.0.5:5000 http://registry.example.org/v2/"},
		{"certificate of a backend", front + "  backends: [https://10.0.0.5:5000]\n", "api", atBackend, "{tls}", "openssl s_client -connect 10.0.0.5:5000 -servername registry.example.org </dev/null"},
		{"other name in the certificate", front + "  http: {tls_config: {server_name: hub.internal}}\n", "api", atFront, "{tls}", "openssl s_client -connect registry.example.org:443 -servername hub.internal </dev/null"},
		{"address", strings.ReplaceAll(front, "https://registry.example.org", "'https://[2001:db8::1]:5000'"), "api", "[2001:db8::1]:5000", "{tls}", "openssl s_client -connect '[2001:db8::1]:5000' </dev/null"},
		{"account with an odd name", front + "  http: {basic_auth: {username: \"o'neil $x\", password: p}}\n", "api", atFront, source.TryRequest, `curl -sS -i -m 20 -u 'o'\''neil $x' https://registry.example.org/v2/`},
		{"nginx elsewhere", front + "  nginx: {urls: [\"http://10.0.0.5:5001/status\"]}\n", "nginx", atDebug, source.TryRequest, "curl -sS -i -m 20 http://10.0.0.5:5001/status"},
		{"Swift with a key in the file", front + "  swift: {auth_url: https://swift.example.org/auth/v1.0, username: u, key: secret-key, container: c}\n", "swift", atSwift, source.TryRequest, `read -rs KEY; swift -A https://swift.example.org/auth/v1.0 -U u -K "$KEY" stat c`},
		{
			"Keystone", front + "  swift: {auth_url: https://swift.example.org/v3, username: u, key_file: " + key + ", container: c, tenant: t, domain: d, region: r, storage_url: https://swift.example.org/v1/AUTH_x}\n", "swift", atSwift, source.TryRequest,
			`swift --os-auth-url https://swift.example.org/v3 --os-username u --os-password "$(cat ` + key + `)" --os-project-name t --os-user-domain-name d --os-project-domain-name d --os-region-name r --os-storage-url https://swift.example.org/v1/AUTH_x stat c`,
		},
		{"Redis over TLS", front + "  redis: {addr: \"10.0.0.6:6379\", tls_config: {}}\n", "redis", atRedis, source.TryRequest, "redis-cli -h 10.0.0.6 -p 6379 --tls PING"},
		{"something that is not in the configuration", front, "other", "10.0.0.9:99", source.TryRequest, "nc -vz 10.0.0.9 99"},
		{"something that is no address", front, "other", "/var/log", source.TryRequest, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newTestExporter(t, c.config)
			s := &source.Source{Collector: c.collector, Address: c.address}
			for _, known := range e.live.Load().registries[0].sources {
				if known.Collector == c.collector && known.Address == c.address {
					s = known
				}
			}
			if got := (source.Result{Source: s}).Place().Fill(c.command); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMistakes loads each file of testdata/bad. Its first line says which error comes out.
func TestMistakes(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "bad"))
	files, err := filepath.Glob("*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			_, err = Load(file)
			switch {
			case err == nil:
				t.Fatal("no error")
			case "# "+err.Error() != first:
				t.Errorf("\n got # %s\nwant %s", err, first)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error holds a secret")
			}
		})
	}
}

func TestEveryKey(t *testing.T) {
	c, err := Load(filepath.Join("testdata", "full.yml"))
	if err != nil {
		t.Fatal(err)
	}
	got := c.String()
	want, err := os.ReadFile(filepath.Join("testdata", "full.shown.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("shown as:\n%s", got)
	}
	var untested []string
	eachKey(reflect.TypeFor[Config](), func(key string) {
		if !strings.Contains(got, key+": ") && !strings.Contains(got, key+":\n") {
			untested = append(untested, key)
		}
	})
	if len(untested) > 0 {
		t.Errorf("keys that the file should have: %s", untested)
	}
}

// eachKey calls yield with every key of our own types.
func eachKey(t reflect.Type, yield func(string)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isLeaf(t) || t.PkgPath() != reflect.TypeFor[Config]().PkgPath() {
		return
	}
	fields(t, func(name string, ft reflect.Type) {
		yield(name)
		eachKey(ft, yield)
	})
}

func TestShownConfigurationIsTheSameAgain(t *testing.T) {
	c, err := Load(filepath.Join("testdata", "full.yml"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse("again.yml", []byte(c.String()))
	if err != nil {
		t.Fatal(err)
	}
	if c.String() != again.String() {
		t.Errorf("first:\n%s\nthen:\n%s", c, again)
	}
}

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := parse("/etc/registry_exporter/registry_exporter.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const hub = "registries:\n- name: hub\n  url: https://registry.example.org\n"

func TestDefaults(t *testing.T) {
	r := mustParse(t, hub+"  msr:\n").Registries[0]
	switch {
	case time.Duration(r.Timeout) != 10*time.Second:
		t.Errorf("timeout is %s", r.Timeout)
	case time.Duration(r.MSR.Timeout) != 15*time.Second:
		t.Errorf("msr.timeout is %s", r.MSR.Timeout)
	case len(r.MSR.Replicas) != 1 || r.MSR.Replicas[0] != r.URL:
		t.Errorf("msr.replicas are %v, not the url", r.MSR.Replicas)
	case !r.HTTP.FollowRedirects:
		t.Error("redirects are not followed")
	case r.HTTP.EnableHTTP2:
		t.Error("HTTP/2 is shown as used")
	case r.HTTP.BasicAuth != nil || r.HTTP.Authorization != nil:
		t.Error("there are credentials from nowhere")
	}
}

func TestMSRTimeoutIsNeverBelowThatOfTheRegistry(t *testing.T) {
	if r := mustParse(t, hub+"  timeout: 30s\n  msr:\n").Registries[0]; r.MSR.Timeout != r.Timeout {
		t.Errorf("msr.timeout is %s, not %s", r.MSR.Timeout, r.Timeout)
	}
}

func TestWhoGetsTheCredentialsOfTheRegistry(t *testing.T) {
	const others = `  http: {basic_auth: {username: monitor, password: hunter2}}
  nginx: {urls: ['http://127.0.0.1/nginx_status']}
  debug: {urls: ['http://127.0.0.1:5001']}
`
	r := mustParse(t, hub+others+"  msr:\n  harbor:\n").Registries[0]
	if r.MSR.HTTP != r.HTTP || r.Harbor.HTTP != r.HTTP {
		t.Error("msr or harbor does not use them")
	}
	if r.Nginx.HTTP.BasicAuth != nil || r.Debug.HTTP.BasicAuth != nil {
		t.Error("nginx or debug use them")
	}
	if r = mustParse(t, hub+others+"  harbor: {http: {basic_auth: {username: robot$m, password: hunter3}}}\n").Registries[0]; r.Harbor.HTTP.BasicAuth.Username != "robot$m" {
		t.Error("harbor does not use its own")
	}
	r = mustParse(t, hub+others+"  msr: {http: {basic_auth: {username: admin, password_file: msr}}}\n").Registries[0]
	if r.MSR.HTTP.BasicAuth.Username != "admin" || r.MSR.HTTP.BasicAuth.Password != "" {
		t.Error("msr does not use its own")
	}
}

func TestAliasesAndMergeKeys(t *testing.T) {
	c := mustParse(t, `registries:
- &first
  name: hub
  site: eqiad
  url: https://registry.eqiad.example.org
  timeout: 5s
  http: &account {basic_auth: {username: monitor, password_file: hub}}
- <<: *first
  site: codfw
  url: https://registry.codfw.example.org
  msr: {http: *account}
- <<: [{name: other}, *first]
`)
	second, third := c.Registries[1], c.Registries[2]
	switch {
	case second.Name != "hub" || second.Site != "codfw" || second.Timeout != c.Registries[0].Timeout:
		t.Errorf("merged to %+v", second)
	case second.MSR.HTTP.BasicAuth.PasswordFile != "/etc/registry_exporter/hub":
		t.Errorf("password_file behind an alias is %s", second.MSR.HTTP.BasicAuth.PasswordFile)
	case third.Name != "other" || third.Site != "eqiad":
		t.Errorf("a list merged to %+v", third)
	}
}

func TestPathsAreTakenFromTheFolderOfTheFile(t *testing.T) {
	c, err := Load(filepath.Join("testdata", "full.yml"))
	if err != nil {
		t.Fatal(err)
	}
	first, second := c.Registries[0], c.Registries[1]
	for _, path := range []struct{ what, got, want string }{
		{"password_file", first.HTTP.BasicAuth.PasswordFile, "testdata/secrets/hub"},
		{"ca_file", first.HTTP.TLSConfig.CAFile, "testdata/hub-ca.pem"},
		{"an absolute cert_file", first.HTTP.TLSConfig.CertFile, "/etc/ssl/monitor.pem"},
		{"files of a header", first.HTTP.HTTPHeaders.Headers["X-Scope"].Files[0], "testdata/secrets/scope"},
		{"ca_file of redis", first.Redis.TLSConfig.CAFile, "redis-ca.pem"},
		{"ca_file of swift", first.Swift.TLSConfig.CAFile, "testdata/swift-ca.pem"},
		{"ca_file of oauth2", second.HTTP.OAuth2.TLSConfig.CAFile, "testdata/sso-ca.pem"},
		{"key_file of swift", second.Swift.KeyFile, "testdata/secrets/swift"},
		{"an access log", first.AccessLog.Paths[0], "testdata/logs/registry*.log"},
		{"an absolute access log", first.AccessLog.Paths[1], "/var/log/nginx/registry.log"},
		{"password_file of redis", second.Redis.PasswordFile, "testdata/secrets/redis"},
	} {
		if path.got != path.want {
			t.Errorf("%s is %s, want %s", path.what, path.got, path.want)
		}
	}
}

func TestAddressNamesThePortOfTheScheme(t *testing.T) {
	for given, want := range map[string]string{
		"http://registry.example.org":       "registry.example.org:80",
		"https://registry.example.org/":     "registry.example.org:443",
		"https://registry.example.org:5000": "registry.example.org:5000",
		"https://[2001:db8::1]":             "[2001:db8::1]:443",
	} {
		if got := mustParse(t, "registries: [{name: hub, url: '"+given+"'}]").Registries[0].URL.Address(); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	for _, text := range []string{"", "\n\n", "\ufeff"} {
		const want = "x.yml:1: the file is empty: list at least one registry under registries"
		if _, err := parse("x.yml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestErrorsOfYAMLAreToldWithoutValues(t *testing.T) {
	for given, want := range map[string]string{
		"yaml: line 2: cannot unmarshal !!str `hunter2` into int":        "cannot unmarshal !!str … into int",
		"yaml: line 2: cannot unmarshal !!str `'hunter2` into int":       "cannot unmarshal !!str … into int",
		"yaml: line 2: cannot unmarshal !!str ``hunter\n2`...` into int": "cannot unmarshal !!str … into int",
		"yaml: anchor 'hunter2' value contains itself":                   "anchor … value contains itself",
		"yaml: line 2: did not find expected ',' or ']'":                 "did not find expected ',' or ']'",
	} {
		if got := withoutValues(errors.New(given)); got != want {
			t.Errorf("%s\n got %s\nwant %s", given, got, want)
		}
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	const want = "reading the configuration: open testdata/none.yml: no such file or directory"
	if _, err := Load("testdata/none.yml"); err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// A value behind a key that is a secret, as one word.
var secretValue = regexp.MustCompile(`(?:password|key|credentials|bearer_token|client_secret): +[^\s,:{}\[\]'"#&*]*hunter2[^\s,:{}\[\]'"#&*]*`)

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yml", "testdata/bad/*.yml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		onlySecret := !bytes.Contains(secretValue.ReplaceAll(text, nil), []byte("hunter2"))
		c, err := parse("x.yml", text)
		if err != nil {
			if onlySecret && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a secret: %s", err)
			}
			return
		}
		shown := c.String()
		if onlySecret && strings.Contains(shown, "hunter2") {
			t.Errorf("a secret is shown:\n%s", shown)
		}
		again, err := parse("x.yml", []byte(shown))
		if err != nil {
			t.Fatalf("%s:\n%s", err, shown)
		}
		if again.String() != shown {
			t.Errorf("first:\n%s\nthen:\n%s", shown, again)
		}
	})
}

func TestHowOftenAnMSRIsAskedForItsJobs(t *testing.T) {
	for text, want := range map[string]Every{
		"": DefaultMSRJobsEvery, "{}": DefaultMSRJobsEvery, "{jobs: {}}": DefaultMSRJobsEvery, "{jobs: {every: 1h}}": Every(time.Hour), "{jobs: {every: 0s}}": 0,
	} {
		if r := mustParse(t, hub+"  msr: "+text+"\n").Registries[0]; r.MSR.Jobs.Every != want {
			t.Errorf("every %s with %q, want %s", time.Duration(r.MSR.Jobs.Every), text, time.Duration(want))
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"registry_exporter/collector/report"
)

// startRegistry starts a registry that wants a password of monitor. Its certificate is for example.com and 127.0.0.1.
func startRegistry(t *testing.T) (url, caFile string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		if user, password, _ := r.BasicAuth(); user != "monitor" || password != "hunter2hunter2" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return server.URL, writeFile(t, "ca.pem", string(ca))
}

// executeCheck runs the command check in a folder without a configuration.
func executeCheck(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(t, append([]string{"check"}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = t.TempDir(), strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestCheckOfAURL(t *testing.T) {
	t.Parallel()
	url, ca := startRegistry(t)
	password := writeFile(t, "password", "hunter2hunter2\n")
	wrong := writeFile(t, "password", "hunter3hunter3\n")
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		words       []string
	}{
		{"well", "", []string{"--ca-file=" + ca, url}, 0, []string{"✓ api", "wants a login (basic)", "1 registry, 1 check, 0 failed\n"}},
		{"well, with an account", "", []string{"--ca-file=" + ca, "--username=monitor", "--password-file=" + password, url}, 0, []string{"let in"}},
		{"password from stdin", "hunter2hunter2\n", []string{"--ca-file=" + ca, "--username=monitor", "--password-file=-", url}, 0, []string{"let in"}},
		{"wrong password", "", []string{"--ca-file=" + ca, "--username=monitor", "--password-file=" + wrong, url}, 1, []string{"✗ api", "unauthorized", "does not let us in", "-u monitor", "1 check, 1 failed"}},
		{"without its CA", "", []string{url}, 1, []string{"tls_unknown_authority", "openssl s_client -connect 127.0.0.1:"}},
		{"nobody listens", "", []string{"https://127.0.0.1:1"}, 1, []string{"127.0.0.1-1 api refused\nFirst: 127.0.0.1-1: nothing listens at 127.0.0.1:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := executeCheck(t, c.stdin, c.args...)
			if code != c.code || stderr != "" {
				t.Errorf("exit %d, stderr %q", code, stderr)
			}
			for _, words := range c.words {
				if !strings.Contains(stdout, words) {
					t.Errorf("no %q in\n%s", words, stdout)
				}
			}
			if found := regexp.MustCompile(`hunter\d|\x1b`).FindString(stdout); found != "" {
				t.Errorf("%q in\n%s", found, stdout)
			}
		})
	}
}

func TestCheckOfTheConfiguration(t *testing.T) {
	t.Parallel()
	url, ca := startRegistry(t)
	file := writeFile(t, "hub.yml", `registries:
- {name: hub, site: eqiad, url: "`+url+`", http: {tls_config: {ca_file: `+ca+`}}}
- {name: hub, site: codfw, url: "`+nobody+`"}
- {name: other, url: "`+nobody+`"}
`)
	for _, c := range []struct {
		name  string
		names []string
		code  int
		want  []string // of the report
	}{
		{"all", nil, 1, []string{"hub@eqiad", "hub@codfw", "other"}},
		{"all sites of a name", []string{"hub"}, 1, []string{"hub@eqiad", "hub@codfw"}},
		{"one site, which is well", []string{"hub@eqiad"}, 0, []string{"hub@eqiad"}},
		{"two, and one of them twice, in the order of the file", []string{"other", "hub@eqiad", "other"}, 1, []string{"hub@eqiad", "other"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := executeCheck(t, "", append([]string{"--config.file=" + file, "--output=json"}, c.names...)...)
			var report report.Report
			if err := json.Unmarshal([]byte(stdout), &report); err != nil || stderr != "" {
				t.Fatalf("%v, stderr %q, stdout %q", err, stderr, stdout)
			}
			var got []string
			for _, r := range report.Registries {
				got = append(got, r.Name())
			}
			if code != c.code || strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("exit %d, registries %q", code, got)
			}
		})
	}
}

func TestCheckOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "hub.yml", hub(nobody)+"  site: eqiad\n")
	noCA := writeFile(t, "ca.yml", hub(nobody)+"  http: {tls_config: {ca_file: none.pem}}\n")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no configuration", nil, "open registry_exporter.yml: no such file or directory; without a file, name a URL: registry_exporter check https://registry.example.org"},
		{"no configuration, and no scheme", []string{"registry.example.org"}, "without a file, name a URL: registry_exporter check https://registry.example.org"},
		{"a file that the configuration names is not there", []string{"--config.file=" + noCA}, "none.pem: no such file or directory\n"},
		{"unknown name", []string{"--config.file=" + file, "hbu"}, `no registry "hbu" in the configuration; there are: hub@eqiad (the URL of another begins with https://)`},
		{"unknown site", []string{"--config.file=" + file, "hub@codfw"}, `no registry "hub@codfw" in the configuration; there are: hub@eqiad`},
		{"a URL and a name", []string{"hub", "https://registry.example.org"}, "check takes one URL, or names of registries in the configuration"},
		{"an account for the configuration", []string{"--config.file=" + file, "--username=me"}, "go with the URL of a registry"},
		{"a password in the URL", []string{"https://me:hunter2@registry.example.org"}, "the URL holds a user or password: give them apart"},
		{"a CA file that is not there", []string{"--ca-file=/none.pem", "https://registry.example.org"}, "/none.pem: no such file or directory"},
		{"another form", []string{"--output=xml"}, "enum value must be one of text,json, got 'xml'; see --help"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := executeCheck(t, "", c.args...)
			if code != 1 || stdout != "" || !strings.HasPrefix(stderr, "registry_exporter: ") || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
			if strings.Contains(stderr, "hunter2") {
				t.Error("the error holds a secret")
			}
		})
	}
}

func TestColourIsForTerminalsOnly(t *testing.T) {
	terminal, err := os.Open("/dev/ptmx")
	if err != nil {
		t.Skip("there is no terminal to open: ", err)
	}
	defer terminal.Close()
	file, err := os.Create(t.TempDir() + "/report")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct {
		name          string
		w             io.Writer
		noColor, term string
		want          bool
	}{
		{"a terminal", terminal, "", "xterm", true},
		{"a terminal, and NO_COLOR", terminal, "1", "xterm", false},
		{"a terminal that knows no colours", terminal, "", "dumb", false},
		{"a file", file, "", "xterm", false},
		{"no file", io.Discard, "", "xterm", false},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("TERM", c.term)
		if got := wantsColour(c.w); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// The environment of a container is for the exporter in it, and not for a check.
func TestFlagsOfCheckAreNotInTheEnvironment(t *testing.T) {
	for _, name := range []string{"OUTPUT", "CA_FILE", "USERNAME", "PASSWORD_FILE", "IMAGE", "REGISTRY"} {
		t.Setenv("REGISTRY_EXPORTER_"+name, "elsewhere")
	}
	f, err := parseFlags([]string{"check"}, io.Discard, io.Discard)
	if err != nil || f.command != commandCheck || f.report.output != "text" || f.report.access.Username != "" || len(f.report.names) != 0 {
		t.Errorf("%v, %+v", err, f.report)
	}
}

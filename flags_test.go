package main

import (
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
)

func TestVersionAndHelpGoToStdout(t *testing.T) {
	for flag, want := range map[string]string{"--version": "registry_exporter, version", "--help": "usage: registry_exporter"} {
		stdout, stderr, code := execute(t, flag)
		if code != 0 || !strings.HasPrefix(stdout, want) || stderr != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", flag, code, stdout, stderr)
		}
	}
}

func TestCommandsAreInTheHelp(t *testing.T) {
	t.Parallel()
	help, _, _ := execute(t, "--help")
	for _, command := range []string{"\nserve*\n", "\nhealthcheck\n"} {
		if !strings.Contains(help, command) {
			t.Errorf("no %q in %s", command, help)
		}
	}
}

func TestServeIsTheCommandWithoutOne(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "good.yml", hub(nobody))
	for _, args := range [][]string{
		{"--config.check", "--config.file=" + file},
		{"serve", "--config.check", "--config.file=" + file},
		{"--config.check", "--config.file=" + file, "serve"},
	} {
		if stdout, stderr, code := execute(t, args...); code != 0 || stdout != file+": all good\n" || stderr != "" {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

func TestWhatDoesNotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	good := writeFile(t, "good.yml", hub(nobody))
	bad := writeFile(t, "bad.yml", "registries:\n- nmae: hub\n")
	noCA := writeFile(t, "ca.yml", hub(nobody)+"  http:\n    tls_config:\n      ca_file: none.pem\n")
	web := writeFile(t, "web.yml", "tls_server_config: {cert_file: none.pem, key_file: none.pem}\n")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":             {[]string{"--confg.file=" + good}, "unknown long flag '--confg.file'; see --help"},
		"argument that is no flag": {[]string{good}, "unexpected " + good + "; see --help"},
		"unknown log level":        {[]string{"--log.level=loud"}, "enum value must be one of debug,info,warn,error, got 'loud'; see --help"},
		"no file":                  {[]string{"--config.file=/none.yml"}, "reading the configuration: open /none.yml: no such file or directory"},
		"mistake in the file":      {[]string{"--config.file=" + bad}, bad + ":2:3: registries[0].nmae: unknown key: must be one of: "},
		"mistake, only checked":    {[]string{"--config.file=" + bad, "--config.check"}, bad + ":2:3: registries[0].nmae: unknown key: must be one of: "},
		"CA file is not there":     {[]string{"--config.file=" + noCA, "--config.check"}, noCA + ":6:16: registries[0].http.tls_config.ca_file: "},
		"web file is not there":    {[]string{"--config.file=" + good, "--web.config.file=/none.yml"}, "open /none.yml: no such file or directory"},
		"web certificate missing":  {[]string{"--config.file=" + good, "--web.config.file=" + web, "--config.check"}, "none.pem: no such file or directory"},
		"external URL is not one":  {[]string{"--config.file=" + good, "--web.external-url=exporter:10500"}, "--web.external-url must be a URL such as https://exporter.example.org:10500"},
		"state is no folder":       {[]string{"--config.file=" + good, "--state.dir=" + good, "--config.check"}, "--state.dir: making the folder: mkdir " + good + ": not a directory"},
		"state cannot be written":  {[]string{"--config.file=" + good, "--state.dir=/proc/self"}, "--state.dir: creating a file: open /proc/self/usable-"},
		"port in use":              {[]string{"--config.file=" + good, "--web.listen-address=" + taken.Addr().String()}, "bind: address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := execute(t, c.args...)
			if code != 1 || !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, c.want)
			}
		})
	}
}

func TestEveryFlagHasAnEnvironmentVariable(t *testing.T) {
	help, _, _ := execute(t, "--help")
	flags := regexp.MustCompile(`(?m)^ {2,6}(?:-h, )?--(?:\[no-\])?([a-z.-]+)`).FindAllStringSubmatch(help, -1)
	if len(flags) < 11 {
		t.Fatalf("only %d flags in %s", len(flags), help)
	}
	for _, flag := range flags {
		name := "REGISTRY_EXPORTER_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(flag[1]))
		if flag[1] != "help" && flag[1] != "version" && !strings.Contains(strings.Join(strings.Fields(help), ""), "($"+name+")") {
			t.Errorf("--%s: no %s in the help", flag[1], name)
		}
	}
}

func TestFlagsFromTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"CONFIG_FILE": "/etc/hub.yml", "CONFIG_CHECK": "true", "LOG_LEVEL": "debug", "LOG_FORMAT": "json",
		"WEB_EXTERNAL_URL": "https://exporter.example.org/", "WEB_METRICS_REGISTRIES": "false", "WEB_ENABLE_PPROF": "true",
		"WEB_LISTEN_ADDRESS": "127.0.0.1:1\n127.0.0.1:2", "WEB_CONFIG_FILE": "/etc/web.yml", "WEB_SYSTEMD_SOCKET": "true",
	} {
		t.Setenv("REGISTRY_EXPORTER_"+name, value)
	}
	f, err := parseFlags(nil, io.Discard, io.Discard)
	switch {
	case err != nil:
		t.Fatal(err)
	case f.configFile != "/etc/hub.yml", !f.check, f.logLevel != "debug", f.logFormat != "json",
		f.externalURL != "https://exporter.example.org", f.registries, !f.pprof,
		len(*f.web.WebListenAddresses) != 2, *f.web.WebConfigFile != "/etc/web.yml", !*f.web.WebSystemdSocket:
		t.Errorf("%+v %q", f, *f.web.WebListenAddresses)
	}
	if f, err = parseFlags([]string{"--config.file=hub.yml"}, io.Discard, io.Discard); err != nil || f.configFile != "hub.yml" {
		t.Errorf("the flag itself does not win: %s, %v", f.configFile, err)
	}
}

// A container image may have its version in the environment.
func TestVersionInTheEnvironmentIsNotAFlag(t *testing.T) {
	t.Setenv("REGISTRY_EXPORTER_VERSION", "1.0.0")
	t.Setenv("REGISTRY_EXPORTER_HELP", "see the wiki")
	file := writeFile(t, "good.yml", hub(nobody))
	if stdout, stderr, code := execute(t, "--config.file="+file, "--config.check"); code != 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

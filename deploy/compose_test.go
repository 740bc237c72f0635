package deploy

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"go.yaml.in/yaml/v3"

	"registry_exporter/collector"
	"registry_exporter/config"
)

// A composition is docker-compose.yml, as far as the tests check it.
type composition struct {
	Services map[string]*service
	Volumes  map[string]any
}

type service struct {
	Image, Restart string
	Hostname       string
	Build          *struct{ Context, Target string }
	Volumes, Ports []string
	DependsOn      map[string]struct{ Condition string } `yaml:"depends_on"`
	ReadOnly       bool                                  `yaml:"read_only"`
	CapDrop        []string                              `yaml:"cap_drop"`
	SecurityOpt    []string                              `yaml:"security_opt"`
	Healthcheck    map[string]any
	Networks       map[string]struct{ Aliases []string }
}

func readYAML[T any](t *testing.T, name string) (v T) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(readFile(t, name)), &v); err != nil {
		t.Fatalf("%s: %s", name, err)
	}
	return v
}

func readComposition(t *testing.T) *composition {
	t.Helper()
	c := readYAML[composition](t, "docker-compose.yml")
	want := []string{"alertmanager", "demo", "exporter", "grafana", "nginx", "prometheus", "receiver", "redis", "registry", "seed"}
	for _, name := range want {
		if c.Services[name] == nil {
			t.Fatalf("no service %s", name)
		}
	}
	return &c
}

// program returns the path of a program. Where Debian's package is not installed it skips the test.
func program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not here: apt-get install %s", name, debianPackage)
	}
	return file
}

func TestComposeFileIsValid(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), program(t, "docker-compose", "docker-compose"), "config", "-q")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWhatIsMountedExists(t *testing.T) {
	c := readComposition(t)
	for name, s := range c.Services {
		for _, volume := range s.Volumes {
			source, rest, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(source, "./") {
				if _, found := c.Volumes[source]; !found {
					t.Errorf("%s: there is no volume %s", name, source)
				}
				continue
			}
			if _, err := os.Stat(filepath.Join(root, source)); err != nil {
				t.Errorf("%s: %s", name, err)
			}
			if !strings.HasSuffix(rest, ":ro") {
				t.Errorf("%s may write to %s", name, source)
			}
		}
	}
}

func TestEveryServiceIsPinnedCheckedAndPrivate(t *testing.T) {
	tag := regexp.MustCompile(`^[a-z/]+:v?\d+\.\d+\.\d+(-alpine)?$`)
	stages := readDockerfile(t)
	for name, s := range readComposition(t).Services {
		checked := s.Healthcheck != nil || s.Restart == "on-failure" // such a service ends by itself
		if s.Build != nil {
			target := slices.IndexFunc(stages, func(one *stage) bool { return one.name == s.Build.Target })
			if target < 0 {
				t.Errorf("%s: the Dockerfile has no target %q", name, s.Build.Target)
				continue
			}
			checked = checked || len(stages[target].all("HEALTHCHECK")) > 0
		} else if !tag.MatchString(s.Image) {
			t.Errorf("%s: %s is not pinned", name, s.Image)
		}
		if !checked {
			t.Errorf("%s has no health check", name)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to everybody", name, port)
			}
		}
	}
}

func TestOwnServicesAreHardened(t *testing.T) {
	for name, s := range readComposition(t).Services {
		hardened := s.ReadOnly && slices.Equal(s.CapDrop, []string{"ALL"}) && slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"})
		if s.Build != nil && !hardened {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// Two services that build an image of one name would overwrite each other's.
func TestBuiltImagesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	for name, s := range readComposition(t).Services {
		if other, found := seen[s.Image]; found && s.Build != nil {
			t.Errorf("%s and %s build %s", name, other, s.Image)
		}
		seen[s.Image] = name
	}
}

// Each host that a service asks for another service is the name of one, or an alias.
func TestEveryHostIsAService(t *testing.T) {
	hosts := []string{}
	for name, s := range readComposition(t).Services {
		hosts = append(hosts, name)
		for _, n := range s.Networks {
			hosts = append(hosts, n.Aliases...)
		}
	}
	address := regexp.MustCompile(`([a-z][a-z.]*):\d{2,5}\b`)
	asked := regexp.MustCompile(`https?://[^\s"'\]}/;$]+`)
	for _, file := range []string{
		composeConfig, nginxFile, "deploy/compose/prometheus.yml", "deploy/compose/registry.yml",
		"alertmanager/alertmanager.yml", "dashboards/provisioning/datasources/prometheus.yml",
	} {
		used, _, _ := strings.Cut(readFile(t, file), "  # Examples: ") // receivers that nothing is sent to
		text := regexp.MustCompile(`(?m)(^|\s)#.*`).ReplaceAllString(used, "")
		found := []string{}
		for _, m := range address.FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		for _, m := range asked.FindAllString(text, -1) {
			u, err := url.Parse(m)
			if err != nil {
				t.Errorf("%s: %s", file, err)
				continue
			}
			found = append(found, u.Hostname())
		}
		for _, host := range found {
			if host != "" && !slices.Contains(hosts, host) {
				t.Errorf("%s: nobody is called %s", file, host)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s names nobody", file)
		}
	}
}

const composeConfig = "deploy/compose/exporter/registry_exporter.yml"

// checkConfig does what --config.check does.
func checkConfig(t *testing.T, file string) {
	t.Helper()
	e, err := collector.New(collector.Options{ConfigFile: file, StateDir: t.TempDir(), Logger: log.NewNopLogger()})
	if err != nil {
		t.Error(err)
		return
	}
	e.Stop()
}

func TestConfigurationOfTheExporter(t *testing.T) {
	checkConfig(t, filepath.Join(root, composeConfig))
}

// nginx writes the access log in the format, and to the place, from which the exporter reads it.
func TestAccessLogOfNginxReachesTheExporter(t *testing.T) {
	c, err := config.Load(filepath.Join(root, composeConfig))
	if err != nil {
		t.Fatal(err)
	}
	logs := c.Registries[0].AccessLog
	conf := readFile(t, nginxFile)
	for _, want := range []string{
		"  log_format registry '" + logs.Format + "';\n",
		"    access_log syslog:server=exporter" + logs.Syslog.Listen + ",tag=nginx registry;\n",
	} {
		if !strings.Contains(conf, want) {
			t.Errorf("nginx.conf has no %q", want)
		}
	}
	services := readComposition(t).Services
	if services["nginx"].DependsOn["exporter"].Condition != "service_healthy" {
		t.Error("nginx does not start where it cannot look up the name of the exporter")
	}
}

// The exporter's images in the registry carry the name of its host, so a new container must have the same name.
func TestStateOutlivesTheContainer(t *testing.T) {
	image, _ := images(t)
	exporter := readComposition(t).Services["exporter"]
	if want := "state:" + image.env()[stateVariable]; !slices.Contains(exporter.Volumes, want) {
		t.Errorf("no %s in %q", want, exporter.Volumes)
	}
	if exporter.Hostname == "" {
		t.Error("Docker would name the host by the container")
	}
}

const nginxFile = "deploy/compose/nginx.conf"

func TestConfigurationOfNginx(t *testing.T) {
	nginx := program(t, "nginx", "nginx-light")
	dir := t.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	text := strings.ReplaceAll(readFile(t, nginxFile), "server=exporter:", "server=127.0.0.1:") // it looks the name up
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), nginx, "-t", "-q", "-c", file, "-p", dir, "-e", filepath.Join(dir, "log"), "-g", "pid "+dir+"/pid;").CombinedOutput()
	if err != nil {
		t.Errorf("%s\n%s", err, out)
	}
}

// A prometheusConfig is prometheus.yml, as far as the tests check it.
type prometheusConfig struct {
	Global struct {
		ScrapeInterval string `yaml:"scrape_interval"`
	}
	RuleFiles []string `yaml:"rule_files"`
}

const prometheusFile = "deploy/compose/prometheus.yml"

func TestPrometheusLoadsEveryRule(t *testing.T) {
	want := []string{"/etc/prometheus/alerts/*.yml"}
	if got := readYAML[prometheusConfig](t, prometheusFile).RuleFiles; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestConfigurationOfPrometheus(t *testing.T) {
	promtool := program(t, "promtool", "prometheus")
	alerts, err := filepath.Abs(filepath.Join(root, "alerts"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	text := strings.ReplaceAll(readFile(t, prometheusFile), "/etc/prometheus/alerts", alerts)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "config", file).CombinedOutput(); err != nil {
		t.Errorf("%s\n%s", err, out)
	}
}

// With another interval than Prometheus scrapes with, Grafana draws rates with gaps.
func TestGrafanaKnowsTheInterval(t *testing.T) {
	sources := readYAML[struct {
		Datasources []struct {
			JSONData struct {
				TimeInterval string `yaml:"timeInterval"`
			} `yaml:"jsonData"`
		}
	}](t, "dashboards/provisioning/datasources/prometheus.yml")
	interval := readYAML[prometheusConfig](t, prometheusFile).Global.ScrapeInterval
	if len(sources.Datasources) != 1 || sources.Datasources[0].JSONData.TimeInterval != interval {
		t.Errorf("%+v, Prometheus has %s", sources, interval)
	}
}

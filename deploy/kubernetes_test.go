package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"registry_exporter/collector/collectortest/golden"
	"registry_exporter/config"
	"registry_exporter/durable"
)

const manifestFile = "deploy/kubernetes/registry-exporter.yaml"

type labels map[string]string

type metadata struct {
	Name   string
	Labels labels
}

// manifests are the objects of the file, as far as the tests check them.
type manifests struct {
	ConfigMap struct {
		Metadata metadata
		Data     map[string]string
	}
	Secret struct {
		Metadata   metadata
		StringData map[string]string `yaml:"stringData"`
	}
	Deployment struct {
		Spec struct {
			Replicas int
			Strategy struct{ Type string }
			Selector struct {
				MatchLabels labels `yaml:"matchLabels"`
			}
			Template struct {
				Metadata metadata
				Spec     pod
			}
		}
	}
	Service struct {
		Metadata metadata
		Spec     struct {
			Selector labels
			Ports    []struct {
				Name, Protocol string
				Port           int
				TargetPort     string `yaml:"targetPort"`
			}
		}
	}
	NetworkPolicy struct {
		Spec struct {
			PodSelector struct {
				MatchLabels labels `yaml:"matchLabels"`
			} `yaml:"podSelector"`
			PolicyTypes []string `yaml:"policyTypes"`
			Ingress     []ingress
		}
	}
	ServiceMonitor struct {
		Spec struct {
			Selector struct {
				MatchLabels labels `yaml:"matchLabels"`
			}
			Endpoints []struct {
				Port string
			}
		}
	}
}

// An ingress says who may reach some ports.
type ingress struct {
	From []struct {
		PodSelector *struct{} `yaml:"podSelector"`
		IPBlock     *struct {
			CIDR string
		} `yaml:"ipBlock"`
	}
	Ports []struct {
		Port     int
		Protocol string
	}
}

type pod struct {
	Hostname                      string
	SecurityContext               map[string]any `yaml:"securityContext"`
	TerminationGracePeriodSeconds int            `yaml:"terminationGracePeriodSeconds"`
	Containers                    []container
	Volumes                       []struct {
		Name      string
		ConfigMap *struct{ Name string } `yaml:"configMap"`
		Secret    *struct {
			SecretName string `yaml:"secretName"`
		}
		EmptyDir *struct {
			SizeLimit string `yaml:"sizeLimit"`
		} `yaml:"emptyDir"`
	}
}

type container struct {
	Command, Args   []string
	SecurityContext map[string]any `yaml:"securityContext"`
	LivenessProbe   probe          `yaml:"livenessProbe"`
	ReadinessProbe  probe          `yaml:"readinessProbe"`
	Ports           []struct {
		Name, Protocol string
		ContainerPort  int `yaml:"containerPort"`
	}
	Env          []struct{ Name, Value string }
	VolumeMounts []mount `yaml:"volumeMounts"`
	Resources    map[string]map[string]string
}

type mount struct {
	Name      string
	MountPath string `yaml:"mountPath"`
	ReadOnly  bool   `yaml:"readOnly"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

func readManifests(t *testing.T) *manifests {
	t.Helper()
	m := &manifests{}
	objects := map[string]any{
		"ConfigMap": &m.ConfigMap, "Secret": &m.Secret, "Deployment": &m.Deployment, "Service": &m.Service,
		"NetworkPolicy": &m.NetworkPolicy, "ServiceMonitor": &m.ServiceMonitor,
	}
	decoder := yaml.NewDecoder(strings.NewReader(readFile(t, manifestFile)))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		var head struct{ Kind string }
		if err == nil {
			err = node.Decode(&head)
		}
		if err == nil && objects[head.Kind] == nil {
			err = errors.New("unexpected or doubled " + head.Kind)
		}
		if err == nil {
			err = node.Decode(objects[head.Kind])
		}
		if err != nil {
			t.Fatal(err)
		}
		delete(objects, head.Kind)
	}
	if len(objects) > 0 {
		t.Fatalf("not there: %v", objects)
	}
	if len(m.Deployment.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("%d containers", len(m.Deployment.Spec.Template.Spec.Containers))
	}
	return m
}

func (m *manifests) container() *container { return &m.Deployment.Spec.Template.Spec.Containers[0] }

func TestSelectorsFindTheirObjects(t *testing.T) {
	m := readManifests(t)
	pods := m.Deployment.Spec.Template.Metadata.Labels
	for name, c := range map[string]struct{ selector, labels labels }{
		"the Deployment its pods":        {m.Deployment.Spec.Selector.MatchLabels, pods},
		"the Service its pods":           {m.Service.Spec.Selector, pods},
		"the NetworkPolicy its pods":     {m.NetworkPolicy.Spec.PodSelector.MatchLabels, pods},
		"the ServiceMonitor its Service": {m.ServiceMonitor.Spec.Selector.MatchLabels, m.Service.Metadata.Labels},
	} {
		if len(c.selector) == 0 {
			t.Errorf("%s: selects everything", name)
		}
		for key, value := range c.selector {
			if c.labels[key] != value {
				t.Errorf("%s: no %s=%s in %v", name, key, value, c.labels)
			}
		}
	}
}

func TestPortsAndProbes(t *testing.T) {
	m := readManifests(t)
	c := m.container()
	if len(c.Ports) != 3 || len(m.Service.Spec.Ports) != 3 {
		t.Fatalf("ports of the container: %+v, of the Service: %+v", c.Ports, m.Service.Spec.Ports)
	}
	name := c.Ports[0].Name
	for i, want := range []struct {
		number   int
		protocol string
	}{{10500, ""}, {10514, "UDP"}, {10514, "TCP"}} { // the exporter takes syslog over both
		in, out := c.Ports[i], m.Service.Spec.Ports[i]
		if in.ContainerPort != want.number || out.Port != want.number || in.Protocol != want.protocol || out.Protocol != want.protocol || out.TargetPort != in.Name {
			t.Errorf("port %d %s: %+v, of the Service %+v", want.number, want.protocol, in, out)
		}
	}
	if e := m.ServiceMonitor.Spec.Endpoints; len(e) != 1 || e[0].Port != m.Service.Spec.Ports[0].Name {
		t.Errorf("endpoints of the ServiceMonitor: %+v", e)
	}
	for path, p := range map[string]probe{"/-/healthy": c.LivenessProbe, "/-/ready": c.ReadinessProbe} {
		if p.HTTPGet.Port != name || p.HTTPGet.Path != path {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

// Only Prometheus may read pages, and only the networks in the configuration may send syslog.
func TestStrangersDoNotReachThePod(t *testing.T) {
	m := readManifests(t)
	policy := m.NetworkPolicy.Spec
	if !slices.Equal(policy.PolicyTypes, []string{"Ingress"}) || len(policy.Ingress) != 2 {
		t.Fatalf("%+v", policy)
	}
	pages, syslog := policy.Ingress[0], policy.Ingress[1]
	if len(pages.From) != 1 || pages.From[0].PodSelector == nil || pages.From[0].IPBlock != nil {
		t.Errorf("pages may be read by %+v", pages.From)
	}
	var ports, want []string
	for i, one := range append(pages.Ports, syslog.Ports...) {
		ports = append(ports, fmt.Sprint(one.Port, one.Protocol))
		container := m.container().Ports[i]
		want = append(want, fmt.Sprint(container.ContainerPort, cmp.Or(container.Protocol, "TCP")))
	}
	if len(pages.Ports) != 1 || !slices.Equal(ports, want) {
		t.Errorf("the ports are %q, those of the container %q", ports, want)
	}
	var c struct{ Registries []config.Registry }
	if err := yaml.Unmarshal([]byte(m.ConfigMap.Data["registry_exporter.yml"]), &c); err != nil {
		t.Fatal(err)
	}
	var networks []string
	for _, from := range syslog.From {
		if from.IPBlock == nil {
			t.Fatalf("syslog may come from %+v", syslog.From)
		}
		networks = append(networks, from.IPBlock.CIDR)
	}
	if allowed := c.Registries[0].AccessLog.Syslog.Allow; !slices.Equal(networks, allowed) {
		t.Errorf("syslog comes from %q, the configuration allows %q", networks, allowed)
	}
}

func TestPodIsHardened(t *testing.T) {
	m := readManifests(t)
	pod, c := m.Deployment.Spec.Template.Spec, m.container()
	exporter, _ := images(t)
	user := pod.SecurityContext["runAsUser"]
	if want := exporter.all("USER")[0]; pod.SecurityContext["runAsNonRoot"] != true || !strings.HasPrefix(want, "65534:") || user != 65534 {
		t.Errorf("%v, the image has %s", pod.SecurityContext, want)
	}
	want := map[string]any{
		"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
	}
	if !reflect.DeepEqual(c.SecurityContext, want) {
		t.Errorf("%v, want %v", c.SecurityContext, want)
	}
	if c.Resources["requests"]["memory"] == "" || c.Resources["limits"]["memory"] == "" {
		t.Errorf("resources: %v", c.Resources)
	}
	if pod.TerminationGracePeriodSeconds <= 10 {
		t.Errorf("the exporter may take 10 s to stop, it is given %d", pod.TerminationGracePeriodSeconds)
	}
}

// files returns the files that the pod sees, by path.
func (m *manifests) files(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, mount := range m.container().VolumeMounts {
		for _, v := range m.Deployment.Spec.Template.Spec.Volumes {
			var content map[string]string
			switch {
			case v.Name != mount.Name, v.EmptyDir != nil:
			case v.ConfigMap != nil && v.ConfigMap.Name == m.ConfigMap.Metadata.Name:
				content = m.ConfigMap.Data
			case v.Secret != nil && v.Secret.SecretName == m.Secret.Metadata.Name:
				content = m.Secret.StringData
			default:
				t.Errorf("volume %s is of nothing that is here", v.Name)
			}
			for name, text := range content {
				files[path.Join(mount.MountPath, name)] = text
			}
		}
	}
	return files
}

func TestConfigurationInTheCluster(t *testing.T) {
	m := readManifests(t)
	exporter, _ := images(t)
	files := m.files(t)
	named := exporter.env()["REGISTRY_EXPORTER_CONFIG_FILE"]
	text, found := files[named]
	if !found {
		t.Fatalf("no %s among the files", named)
	}
	if c := m.container(); len(c.Command)+len(c.Args) > 0 {
		t.Errorf("%q %q: check would not know of these", c.Command, c.Args)
	}
	file := filepath.Join(t.TempDir(), "registry_exporter.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Registries[0].AccessLog.Syslog.Listen; got != fmt.Sprintf(":%d", m.container().Ports[1].ContainerPort) {
		t.Errorf("it takes syslog at %s", got)
	}
	secrets := regexp.MustCompile(`_file: ([^\s,}]+)`).FindAllStringSubmatch(text, -1)
	if len(secrets) < 4 {
		t.Errorf("only %d files are named", len(secrets))
	}
	for _, one := range secrets {
		if _, found := files[one[1]]; !found {
			t.Errorf("%s is not mounted", one[1])
		}
	}
}

// There is one pod at a time: it alone writes to its folder, and pushes under its host name, which each pod has.
func TestStateInTheCluster(t *testing.T) {
	m := readManifests(t)
	spec, pod, c := m.Deployment.Spec, m.Deployment.Spec.Template.Spec, m.container()
	exporter, _ := images(t)
	dir := exporter.env()[stateVariable]
	if !slices.ContainsFunc(c.VolumeMounts, func(m mount) bool { return m.MountPath == dir }) {
		t.Errorf("nothing is mounted at %s", dir)
	}
	for _, mount := range c.VolumeMounts {
		if mount.ReadOnly != (mount.MountPath != dir) {
			t.Errorf("%s is read-only: %t", mount.MountPath, mount.ReadOnly)
		}
	}
	// Kubernetes makes the folder of an emptyDir with mode 0777, in which the exporter keeps nothing.
	shared, own := t.TempDir(), ""
	for _, v := range c.Env {
		if v.Name == stateVariable {
			own = v.Value
		}
	}
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := durable.Usable(filepath.Join(shared, strings.TrimPrefix(own, dir))); !strings.HasPrefix(own, dir) || err != nil {
		t.Errorf("the state is in %q: %v", own, err)
	}
	last := pod.Volumes[len(pod.Volumes)-1]
	if last.Name != c.VolumeMounts[len(c.VolumeMounts)-1].Name || last.EmptyDir == nil || last.EmptyDir.SizeLimit == "" {
		t.Errorf("%+v", last)
	}
	if spec.Replicas != 1 || spec.Strategy.Type != "Recreate" || pod.Hostname == "" {
		t.Errorf("%d replicas, strategy %q, host %q", spec.Replicas, spec.Strategy.Type, pod.Hostname)
	}
}

// When the Operator sets a target label, Prometheus renames a label of the exporter with the same name to exported_….
func TestLabelsOfTheOperatorDoNotCollide(t *testing.T) {
	ours := map[string]bool{"registry": true, "site": true}
	for line := range strings.Lines(readFile(t, "METRICS.md")) {
		if columns := strings.Split(line, " | "); strings.HasPrefix(line, "| `registry_") && len(columns) > 2 {
			for _, one := range strings.Split(columns[2], ", ") {
				ours[strings.Trim(one, "`")] = true
			}
		}
	}
	for _, one := range []string{"container", "endpoint", "instance", "job", "namespace", "node", "pod", "service"} {
		if ours[one] {
			t.Errorf("the label %s of the exporter's samples is one of the target, too", one)
		}
	}
}

// ruleFiles returns the files in alerts/, sorted.
func ruleFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "alerts", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no rules")
	}
	return files
}

const ruleHead = `# Made from alerts/*.yml by: go test ./deploy -run TestPrometheusRule -update
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: registry-exporter
  labels: {app.kubernetes.io/name: registry-exporter} # and what the ruleSelector of your Prometheus asks for
spec:
  groups:
`

func TestPrometheusRule(t *testing.T) {
	var text strings.Builder
	text.WriteString(ruleHead)
	var groups []any
	for _, file := range ruleFiles(t) {
		name := "alerts/" + filepath.Base(file)
		_, body, _ := strings.Cut(readFile(t, name), "\ngroups:\n")
		for line := range strings.Lines(body) {
			if line != "\n" {
				text.WriteString("  ")
			}
			text.WriteString(line)
		}
		groups = append(groups, readYAML[struct{ Groups []any }](t, name).Groups...)
	}
	file := filepath.Join(root, "deploy/kubernetes/prometheusrule.yaml")
	golden.CompareText(t, file, text.String())
	if t.Failed() {
		t.Error("it is not what the rules say: go test ./deploy -run TestPrometheusRule -update")
	}
	rule := readYAML[struct{ Spec struct{ Groups []any } }](t, "deploy/kubernetes/prometheusrule.yaml")
	if !reflect.DeepEqual(rule.Spec.Groups, groups) {
		t.Error("its groups are not those of the rules")
	}
}

package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// nodeUnits copies service and timer, with the path of a program and a file that exist: systemd checks those.
func nodeUnits(t *testing.T) (service, timer string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "registry_exporter")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"registry_node.service", "registry_node.timer"} {
		text := strings.ReplaceAll(readFile(t, "deploy/systemd/"+name), "/usr/local/bin/registry_exporter", program)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "registry_node.service"), filepath.Join(dir, "registry_node.timer")
}

func TestNodeUnitsAreValid(t *testing.T) {
	analyze := program(t, "systemd-analyze", "systemd")
	service, timer := nodeUnits(t)
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", service, timer).CombinedOutput()
	if err != nil {
		t.Errorf("%s\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "registry_node") {
			t.Error(line)
		}
	}
}

// The unit writes to the folder of node_exporter, and nowhere else; Debian's node_exporter reads it there.
func TestTheNodeUnitWritesOneFolder(t *testing.T) {
	text := readFile(t, "deploy/systemd/registry_node.service")
	for _, line := range []string{"ReadWritePaths=/var/lib/prometheus/node-exporter", "ProtectSystem=strict", "CapabilityBoundingSet=CAP_DAC_OVERRIDE", "Type=oneshot"} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if !strings.Contains(text, " --textfile=/var/lib/prometheus/node-exporter/registry_node.prom ") {
		t.Error("it writes elsewhere")
	}
}

func TestNodesOfACluster(t *testing.T) {
	set := readYAML[struct {
		Spec struct {
			Selector struct {
				MatchLabels labels `yaml:"matchLabels"`
			}
			Template struct {
				Metadata metadata
				Spec     struct {
					HostNetwork bool   `yaml:"hostNetwork"`
					DNSPolicy   string `yaml:"dnsPolicy"`
					Containers  []container
				}
			}
		}
	}](t, "deploy/kubernetes/node.yaml").Spec
	pod := set.Template.Spec
	if len(pod.Containers) != 1 || !pod.HostNetwork || pod.DNSPolicy != "Default" {
		t.Fatalf("%+v", pod)
	}
	if got := set.Template.Metadata.Labels; !reflect.DeepEqual(got, set.Selector.MatchLabels) {
		t.Errorf("%v, it selects %v", got, set.Selector.MatchLabels)
	}
	c := pod.Containers[0]
	mounts := map[string]bool{}
	for _, m := range c.VolumeMounts {
		mounts[m.MountPath] = m.ReadOnly
	}
	if !reflect.DeepEqual(mounts, map[string]bool{"/host": true, "/textfile": false}) {
		t.Errorf("it may write to the node: %v", mounts)
	}
	for _, arg := range []string{"node", "--root=/host", "--textfile=/textfile/registry_node.prom", "--every=30m"} {
		if !slices.Contains(c.Args, arg) {
			t.Errorf("no %s in %q", arg, c.Args)
		}
	}
	want := map[string]any{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}}}
	if !reflect.DeepEqual(c.SecurityContext, want) {
		t.Errorf("%v, want %v", c.SecurityContext, want)
	}
}

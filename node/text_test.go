package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// whole is a report with a row of each kind.
func whole() *Report {
	ends := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	good := &Endpoint{
		URL: "https://10.0.0.5:5000", Verifies: true, CAs: []CA{{"/etc/docker/certs.d/10.0.0.5:5000/ca.crt", ends}}, Asked: true, Status: 200, Pulled: true,
		Certificate: &Certificate{Names: []string{"10.0.0.5"}, Covers: true, Issuer: "Example CA", TrustedBy: "/etc/docker/certs.d/10.0.0.5:5000/ca.crt", CAEnds: ends},
	}
	bad := &Endpoint{URL: "https://10.0.0.5:5000", Verifies: true, Asked: true, Reason: "tls_no_ip_san", Certificate: &Certificate{Names: []string{"registry.example.org"}}}
	return &Report{Root: "/", Image: "library/base:1.0", Verdicts: []*Verdict{
		{Runtime: "docker", Registry: "hub", Site: "eqiad", Address: "10.0.0.5:5000", State: StateOK, Login: "/root/.docker/config.json", Endpoints: []*Endpoint{good}},
		{Runtime: "containerd", Registry: "hub", Site: "eqiad", Address: "10.0.0.5:5000", State: StateFailed, Reason: "tls_no_ip_san", What: "the certificate of 10.0.0.5:5000 is not for 10.0.0.5: it is for registry.example.org", Try: "name images by registry.example.org", Login: "none", Endpoints: []*Endpoint{bad}},
		{Runtime: "podman", Registry: "hub", Site: "eqiad", Address: "10.0.0.5:5000", State: StateFailed, Reason: "policy_rejects", What: "/etc/containers/policy.json rejects images of 10.0.0.5:5000 (default)", Login: "helper pass"},
		{Runtime: "k3s", Registry: "odd \"name\"\n", Address: "10.0.0.6:5000", State: StateWarning, What: "plain HTTP", Login: "none", Endpoints: []*Endpoint{{URL: "http://10.0.0.6:5000", Plain: true, Asked: true, Status: 200}}, Notes: []Note{{What: "a note", Try: "a command"}}},
	}}
}

func TestTheTable(t *testing.T) {
	var b strings.Builder
	if err := whole().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `   RUNTIME     REGISTRY       ASKS FIRST             TRUST                                     NAME  /v2/  LOGIN                      IMAGE
✓  docker      10.0.0.5:5000  https://10.0.0.5:5000  /etc/docker/certs.d/10.0.0.5:5000/ca.crt  ✓     200   /root/.docker/config.json  ✓
✗  containerd  10.0.0.5:5000  https://10.0.0.5:5000  ✗                                         ✗     -     none                       ✗
✗  podman      10.0.0.5:5000  nobody                 -                                         -     -     helper pass                -
!  k3s         10.0.0.6:5000  http://10.0.0.6:5000   plain HTTP                                -     200   none                       ✗

✗ containerd, 10.0.0.5:5000 (tls_no_ip_san)
  the certificate of 10.0.0.5:5000 is not for 10.0.0.5: it is for registry.example.org
    try: name images by registry.example.org

✗ podman, 10.0.0.5:5000 (policy_rejects)
  /etc/containers/policy.json rejects images of 10.0.0.5:5000 (default)

! k3s, 10.0.0.6:5000
  plain HTTP
  note: a note
    try: a command
`
	if b.String() != want {
		t.Errorf("it is\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTextfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "registry_node.prom")
	if err := whole().WriteTextfile(file, time.Unix(1800000000, 0)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/registry_node.prom")
	if err != nil || string(text) != string(want) {
		t.Errorf("%v: it is\n%s", err, text)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("node_exporter cannot read it: %v, %v", info.Mode(), err)
	}
}

// The file that is there stays whole until the new one is, and nothing else is left behind.
// The CAs of a mirror and of the registry lie in one file: node_exporter refuses a file with a series twice.
func TestTextfileHasEachSeriesOnce(t *testing.T) {
	late := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	of := func(ends time.Time) *Endpoint {
		return &Endpoint{Certificate: &Certificate{TrustedBy: "system", CAEnds: ends}}
	}
	report := &Report{Verdicts: []*Verdict{{Runtime: "k3s", Registry: "hub", Address: "10.0.0.5:5000", State: StateOK, Endpoints: []*Endpoint{of(late), of(late.AddDate(-1, 0, 0))}}}}
	text := string(report.textfile(late))
	if strings.Count(text, metricCAEnd+"{") != 1 || !strings.Contains(text, fmt.Sprintf("} %d\n", late.AddDate(-1, 0, 0).Unix())) {
		t.Error(text)
	}
}

func TestTextfileIsReplacedAtOnce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "registry_node.prom")
	for range 2 {
		if err := whole().WriteTextfile(file, time.Unix(1800000000, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
	if err := whole().WriteTextfile(filepath.Join(dir, "none", "a.prom"), time.Now()); err == nil {
		t.Error("it is written into a folder that is not there")
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.prom"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := whole().WriteTextfile(filepath.Join(dir, "folder.prom"), time.Now()); err == nil {
		t.Error("a folder is written over")
	}
	if err := whole().WriteTextfile(filepath.Join(dir, "registry.txt"), time.Now()); err == nil {
		t.Error("node_exporter would not read it")
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 2 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

func TestAReasonThatIsNotListedIsOther(t *testing.T) {
	for reason, want := range map[string]string{"tls_no_ip_san": "tls_no_ip_san", "redirected": "other"} {
		if got := forLabel(reason); got != want {
			t.Errorf("%q is %q", reason, got)
		}
	}
}

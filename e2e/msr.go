package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"registry_exporter/demo/standin"
)

// rethinkTables is the folder with answers of real RethinkDB clusters.
const rethinkTables = "../collector/msr/testdata/rethinkdb"

// startMSR runs three replicas that stand in for an MSR, which cannot be had for tests. They serve the tables of real
// RethinkDB clusters.
func (s *Stack) startMSR() (err error) {
	dir := filepath.Join(s.dir, "msr")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	s.msr, err = standin.Start(standin.Options{
		Fixtures: rethinkTables, Dir: dir, Hung: 13 * time.Second,
		Timeouts: standin.Timeouts{Registry: 10 * time.Second, MSR: 15 * time.Second, Every: time.Minute, Reread: time.Minute},
	})
	if err != nil {
		return err
	}
	for name, part := range map[string]string{"msr-front": "msr front", "msr-1": "msr replica 1", "msr-2": "msr replica 2", "msr-3": "msr replica 3"} {
		_, port, err := net.SplitHostPort(s.msr.Address(part))
		if err != nil {
			return err
		}
		if s.ports[name], err = strconv.Atoi(port); err != nil {
			return err
		}
	}
	return nil
}

const msrConfiguration = `- name: msr
  url: https://localhost:%[1]d
  http: {tls_config: {ca_file: %[5]s}, basic_auth: {username: monitor, password_file: %[6]s}}
  msr:
    replicas: ["https://127.0.0.1:%[2]d", "https://127.0.0.1:%[3]d", "https://127.0.0.1:%[4]d"]
    http: {tls_config: {ca_file: %[5]s}, basic_auth: {username: admin, password_file: %[7]s}}
`

func (s *Stack) msrConfiguration() string {
	return fmt.Sprintf(msrConfiguration, s.port("msr-front"), s.port("msr-1"), s.port("msr-2"), s.port("msr-3"),
		s.msr.CAFile(), s.msr.SecretFile("msr-monitor"), s.msr.SecretFile("msr-admin"))
}

package standin

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// ConfigFile returns the path of the exporter's configuration for the stand-ins.
func (s *Stack) ConfigFile() string { return filepath.Join(s.dir, "registry_exporter.yml") }

// unknown stands in for the functions that only a running stack has.
func unknown(string) string { return "" }

// The url of a front has a name, which the exporter has to look up, as in other networks.
var configText = template.Must(template.New("").Funcs(template.FuncMap{"address": unknown, "port": unknown}).Parse(`registries:
  - name: msr
    site: eqiad
    url: https://localhost:{{port "msr front"}}
    backends: &replicas
      - https://{{address "msr replica 1"}}
      - https://{{address "msr replica 2"}}
      - https://{{address "msr replica 3"}}
    timeout: {{.Registry}}
    http:
      basic_auth: {username: monitor, password_file: msr-monitor.secret}
      tls_config: {ca_file: ca.pem}
    tls: &tls
      names: [localhost, 127.0.0.1, registry.example.org]
    msr:
      replicas: *replicas
      timeout: {{.MSR}}
      http:
        basic_auth: {username: admin, password_file: msr-admin.secret}
        tls_config: {ca_file: ca.pem}
      trust: {every: {{.Every}}}
      jobs: {every: {{.Every}}}
  - name: hub
    site: eqiad
    url: https://localhost:{{port "hub front"}}
    backends: ["https://{{address "hub backend 1"}}", "https://{{address "hub backend 2"}}"]
    timeout: {{.Registry}}
    http:
      basic_auth: {username: monitor, password_file: hub-monitor.secret}
      tls_config: {ca_file: ca.pem}
    tls: *tls
    nginx: {urls: ["http://{{address "hub nginx"}}/nginx_status"]}
    debug: {urls: ["http://{{address "hub debug"}}"]}
    swift: {auth_url: "http://{{address "swift"}}/auth/v1.0", username: "` + swiftUser + `", key_file: swift.secret, container: ` + swiftContainer + `, probe: {every: {{.Every}}, container: ` + probeContainer + `}}
    redis: {addr: "{{address "redis"}}", username: monitor, password_file: redis.secret}
    pull: {images: ["` + image + `:1.0"], every: {{.Every}}, backends: true, reread_after: {{.Reread}}}
    push: {repository: monitoring/canary, every: {{.Every}}, mode: image}
    access_log:
      paths: [hub-access.log]
      format: '` + accessFormat + `'
    registry_log: {paths: [hub-registry.log]}
`))

func (s *Stack) writeConfig(t Timeouts) error {
	var b strings.Builder
	named := template.Must(configText.Clone()).Funcs(template.FuncMap{
		"address": s.Address,
		"port": func(name string) (string, error) {
			_, port, err := net.SplitHostPort(s.Address(name))
			return port, err
		},
	})
	if err := named.Execute(&b, t); err != nil {
		return fmt.Errorf("making the configuration: %w", err)
	}
	if err := os.WriteFile(s.ConfigFile(), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

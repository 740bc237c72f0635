package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	keystoneAdminPassword   = "keystone-admin-password"
	keystoneServicePassword = "keystone-service-password"
	keystoneUserPassword    = "keystone-user-password"
)

const keystoneConf = `[DEFAULT]
log_file = %[1]s/keystone-app.log
[database]
connection = sqlite:///%[1]s/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = %[1]s/fernet
[credential]
key_repository = %[1]s/credential
[cache]
enabled = false
[identity]
password_hash_rounds = 4
`

// catalogue has rows that are written into the database directly: over sqlite, Keystone's own request for them locks its
// database.
const catalogue = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
service = "0" * 31 + "1"
db.execute("insert into service(id,type,enabled,extra) values(?,'object-store',1,'{\"name\": \"swift\"}')", (service,))
for n, interface in enumerate(("public", "internal")):
    db.execute("insert into endpoint(id,interface,service_id,url,extra,enabled,region_id) values(?,?,?,?,'{}',1,'eqiad')",
               ("%032d" % n, interface, service, "http://" + sys.argv[2] + "/v1/AUTH_%(tenant_id)s"))
db.commit()
`

// addKeystone describes Keystone, and a Swift proxy at codfw that asks it.
func (s *Stack) addKeystone() error {
	dir := filepath.Join(s.dir, "keystone")
	for _, sub := range []string{"fernet", "credential"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	conf := filepath.Join(dir, "keystone.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, keystoneConf, dir), 0o644); err != nil {
		return err
	}
	url := "http://" + address(s.port("keystone")) + "/v3"
	for _, args := range [][]string{
		{"db_sync"},
		{"fernet_setup", "--keystone-user", "root", "--keystone-group", "root"},
		{"credential_setup", "--keystone-user", "root", "--keystone-group", "root"},
		{
			"bootstrap", "--bootstrap-password", keystoneAdminPassword, "--bootstrap-region-id", "eqiad",
			"--bootstrap-public-url", url, "--bootstrap-internal-url", url, "--bootstrap-admin-url", url,
		},
	} {
		if out, err := exec.Command("keystone-manage", append([]string{"--config-file", conf}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("keystone-manage %s: %w\n%s", args[0], err, out)
		}
	}
	if out, err := exec.Command("/usr/bin/python3", "-c", catalogue, filepath.Join(dir, "keystone.db"), address(s.port("swift-proxy-keystone"))).CombinedOutput(); err != nil {
		return fmt.Errorf("filling Keystone's catalogue: %w\n%s", err, out)
	}
	keystone := s.add("keystone", "keystone-wsgi-public", "--host", "127.0.0.1", "--port", fmt.Sprint(s.port("keystone")))
	keystone.env = []string{"OS_KEYSTONE_CONFIG_DIR=" + dir, "OS_KEYSTONE_CONFIG_FILES=keystone.conf"}
	proxy := filepath.Join(s.dir, "swift-codfw", "proxy-keystone.conf")
	text := s.proxyConf("codfw", "swift-proxy-keystone", "authtoken keystoneauth", address(s.port("memcached-codfw")))
	s.add("swift-proxy-keystone", "swift-proxy-server", proxy)
	return os.WriteFile(proxy, []byte(text), 0o644)
}

// fillKeystone makes the project docker with its user, and the user with whom the proxy checks tokens.
func (s *Stack) fillKeystone() error {
	k := keystoneClient{url: "http://" + address(s.port("keystone")) + "/v3"}
	if err := k.login(); err != nil {
		return err
	}
	role, err := k.first("roles?name=admin", "roles")
	if err != nil {
		return err
	}
	for project, user := range map[string][2]string{"docker": {"registry", keystoneUserPassword}, "service": {"swift", keystoneServicePassword}} {
		projectID, err := k.create("projects", "project", map[string]string{"name": project, "domain_id": "default"})
		if err != nil {
			return err
		}
		userID, err := k.create("users", "user", map[string]string{"name": user[0], "password": user[1], "domain_id": "default"})
		if err != nil {
			return err
		}
		if _, err := k.do(http.MethodPut, "projects/"+projectID+"/users/"+userID+"/roles/"+role, nil); err != nil {
			return err
		}
	}
	cmd := exec.Command("swift", "--auth-version", "3", "-A", k.url, "-U", "registry", "-K", keystoneUserPassword,
		"--os-project-name", "docker", "--os-user-domain-name", "Default", "--os-project-domain-name", "Default", "post", "docker")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the container behind Keystone: %w\n%s", err, out)
	}
	return nil
}

// keystoneClient sends the few requests of Keystone's API that set it up.
type keystoneClient struct{ url, token string }

type entity struct {
	ID string `json:"id"`
}

func (k *keystoneClient) login() error {
	domain := map[string]any{"id": "default"}
	resp, err := k.do(http.MethodPost, "auth/tokens", map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{
			"user": map[string]any{"name": "admin", "password": keystoneAdminPassword, "domain": domain},
		}},
		"scope": map[string]any{"project": map[string]any{"name": "admin", "domain": domain}},
	}})
	if err != nil {
		return err
	}
	k.token = resp.header.Get("X-Subject-Token")
	return nil
}

func (k *keystoneClient) create(path, kind string, fields map[string]string) (id string, err error) {
	resp, err := k.do(http.MethodPost, path, map[string]any{kind: fields})
	if err != nil {
		return "", err
	}
	var made map[string]entity
	err = json.Unmarshal(resp.body, &made)
	return made[kind].ID, err
}

func (k *keystoneClient) first(path, kind string) (id string, err error) {
	resp, err := k.do(http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	var found map[string]json.RawMessage
	var list []entity
	if err := json.Unmarshal(resp.body, &found); err != nil {
		return "", err
	}
	if err := json.Unmarshal(found[kind], &list); err != nil || len(list) == 0 {
		return "", fmt.Errorf("keystone knows no %s: %w", path, err)
	}
	return list[0].ID, nil
}

func (k *keystoneClient) do(method, path string, body any) (*response, error) {
	var text []byte
	var err error
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(method, k.url+"/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", k.token)
	resp, err := send(req)
	if err == nil && resp.status >= 300 {
		err = fmt.Errorf("keystone: %s %s: status %d: %s", method, path, resp.status, resp.body)
	}
	return resp, err
}

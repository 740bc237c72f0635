package ask_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

// A pipe waits for a writer, and /dev/zero never ends: with either the first reload would hang, and all later ones.
func TestTLSFilesThatCannotBeReadToTheirEndAreRefused(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	cert, key := testserver.KeyPairFiles(t, ca.Issue(t))
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{pipe, "/dev/zero", t.TempDir()} {
		for name, tls := range map[string]string{
			"ca_file": "{ca_file: " + bad + "}", "cert_file": "{cert_file: " + bad + ", key_file: " + key + "}", "key_file": "{cert_file: " + cert + ", key_file: " + bad + "}",
		} {
			for section, more := range map[string]string{
				"http": "  http: {tls_config: TLS}\n", "redis": "  redis: {addr: '127.0.0.1:6379', tls_config: TLS}\n",
				"swift":  "  swift: {auth_url: 'https://127.0.0.1:1/v1.0', username: a, key: right-key, container: c, tls_config: TLS}\n",
				"oauth2": "  http: {oauth2: {client_id: a, client_secret: right-secret, token_url: 'https://127.0.0.1:1/', tls_config: TLS}}\n",
			} {
				t.Run(section+" "+name+" "+filepath.Base(bad), func(t *testing.T) {
					file := testserver.TempFile(t, "c.yml", []byte("registries:\n- name: hub\n  url: https://127.0.0.1:1\n"+strings.ReplaceAll(more, "TLS", tls)))
					start := time.Now()
					_, err := collector.New(collector.Options{ConfigFile: file, Logger: log.NewNopLogger()})
					if err == nil || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "no regular file") || time.Since(start) > 2*time.Second {
						t.Errorf("after %s: %v", time.Since(start), err)
					}
				})
			}
		}
	}
}

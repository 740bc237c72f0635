package node

import (
	"testing"

	"registry_exporter/collector/source"
)

const registriesYAML = "/etc/rancher/k3s/registries.yaml"

func TestK3s(t *testing.T) {
	check(t, "k3s", []sad{
		{
			name: "configs names the CA", state: StateOK, image: "library/base:1.0", handler: withImage("/v2"),
			files: map[string]string{registriesYAML: "configs:\n  \"10.0.0.5:5000\":\n    tls:\n      ca_file: /etc/certs/ca.pem\n", "/etc/certs/ca.pem": theCA},
		},
		{
			name: "there is no file", files: map[string]string{"/usr/local/bin/k3s": ""},
			reason: source.ReasonTLSUnknownAuthority, try: `add to /etc/rancher/k3s/registries.yaml: configs: {"10.0.0.5:5000": {tls: {ca_file: CA.pem}}}, and systemctl restart k3s`,
		},
		{
			name: "configs has no port", files: map[string]string{registriesYAML: "configs:\n  10.0.0.5:\n    tls:\n      ca_file: /etc/rancher/k3s/ca.pem\n", "/etc/rancher/k3s/ca.pem": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: `has "10.0.0.5", which is not "10.0.0.5:5000": k3s compares both with their ports`,
		},
		{
			name: "the CA file is not there", files: map[string]string{registriesYAML: "configs:\n  \"10.0.0.5:5000\":\n    tls:\n      ca_file: /etc/certs/ca.pem\n"},
			reason: reasonConfigInvalid, what: "open /etc/certs/ca.pem: no such file or directory: nothing is pulled from the registry",
		},
		{
			name: "a key without its client certificate", files: map[string]string{registriesYAML: "configs:\n  \"10.0.0.5:5000\":\n    tls:\n      key_file: /etc/certs/client.key\n", "/etc/certs/client.key": clientKey},
			reason: reasonClientCertificate, what: "cert_file and key_file of 10.0.0.5:5000",
		},
		{
			name: "verification is switched off", state: StateWarning, files: map[string]string{registriesYAML: "configs:\n  \"10.0.0.5:5000\":\n    tls:\n      insecure_skip_verify: true\n"},
			what: "insecure_skip_verify in /etc/rancher/k3s/registries.yaml",
		},
		{
			name: "the registry speaks plain HTTP", names: []string{}, files: map[string]string{registriesYAML: "mirrors: {}\n"},
			reason: source.ReasonHTTPSOnHTTP, try: `mirrors: {"10.0.0.5:5000": {endpoint: ["http://10.0.0.5:5000"]}}`,
		},
		{
			name: "a mirror allows plain HTTP", names: []string{}, state: StateWarning, image: "library/base:1.0", handler: withImage("/v2"),
			files: map[string]string{registriesYAML: "mirrors:\n  \"10.0.0.5:5000\":\n    endpoint: [\"http://10.0.0.5:5000\"]\n"}, what: "plain HTTP",
		},
		{
			name: "a mirror with a rewrite", names: []string{"mirror.example.org"}, state: StateOK, image: "library/base:1.0", handler: withImage("/v2/mirrored"),
			files: map[string]string{"/etc/ssl/certs/ca-certificates.crt": theCA, registriesYAML: "mirrors:\n  \"10.0.0.5:5000\":\n    endpoint: [\"https://mirror.example.org\"]\n    rewrite:\n      \"^library/(.*)\": \"mirrored/library/$1\"\n"},
		},
		{
			name: "a mirror for all registries", names: []string{"mirror.example.org"}, state: StateOK, image: "library/base:1.0", handler: withImage("/v2"),
			files: map[string]string{"/etc/ssl/certs/ca-certificates.crt": theCA, registriesYAML: "mirrors:\n  \"*\":\n    endpoint: [\"https://mirror.example.org\"]\n"},
		},
		{
			name: "a mirror for all registries but those in configs", names: []string{"mirror.example.org"}, image: "library/base:1.0", handler: withImage("/v2"),
			files:  map[string]string{"/etc/ssl/certs/ca-certificates.crt": theCA, registriesYAML: "mirrors:\n  \"*\":\n    endpoint: [\"https://mirror.example.org\"]\nconfigs:\n  \"10.0.0.5:5000\":\n    auth:\n      username: me\n      password: correct horse\n"},
			reason: source.ReasonTLSNoIPSAN,
		},
		{
			name: "a rewrite that leads to nothing", names: []string{"mirror.example.org", "10.0.0.5"}, image: "library/base:1.0", handler: withImage("/v2/mirrored"),
			files:  map[string]string{"/etc/ssl/certs/ca-certificates.crt": theCA, registriesYAML: "mirrors:\n  \"10.0.0.5:5000\":\n    endpoint: [\"https://mirror.example.org\"]\n    rewrite:\n      \"^(.*)\": \"other/$1\"\n"},
			reason: source.ReasonNotFound, what: "mirror.example.org has no image other/library/base:1.0",
		},
		{
			name: "a rewrite that is no expression", names: []string{"mirror.example.org"}, state: StateWarning,
			files: map[string]string{"/etc/ssl/certs/ca-certificates.crt": theCA, registriesYAML: "mirrors:\n  \"10.0.0.5:5000\":\n    endpoint: [\"https://mirror.example.org\"]\n    rewrite:\n      \"*\": \"a\"\n"},
			what:  `the rewrite "*" of 10.0.0.5:5000 in /etc/rancher/k3s/registries.yaml is no regular expression`,
		},
		{
			name: "registries.yaml is no YAML, and its password is not shown", files: map[string]string{registriesYAML: "configs:\n  \"10.0.0.5:5000\":\n    auth: hunter2hunter2\n"},
			reason: reasonConfigInvalid, what: "registries.yaml is no valid YAML, or has other keys: k3s does not start with it",
		},
		{
			name: "registries.yaml has the login", handler: wantsBasic, image: "library/base:1.0", state: StateOK,
			files: map[string]string{registriesYAML: "configs:\n  \"10.0.0.5:5000\":\n    auth:\n      username: me\n      password: correct horse\n    tls:\n      ca_file: /etc/certs/ca.pem\n", "/etc/certs/ca.pem": theCA},
		},
	})
}

func TestRKE2HasItsOwnFile(t *testing.T) {
	check(t, "rke2", []sad{{
		name: "configs names the CA", state: StateOK,
		files: map[string]string{"/etc/rancher/rke2/registries.yaml": "configs:\n  \"10.0.0.5:5000\":\n    tls:\n      ca_file: /etc/certs/ca.pem\n", "/etc/certs/ca.pem": theCA},
	}})
}

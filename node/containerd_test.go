package node

import (
	"net/http"
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

const (
	// withPath is config.toml of containerd 1.7 with a config_path.
	withPath = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"/etc/containerd/certs.d\"\n"
	hosts    = containerdCerts + "/10.0.0.5:5000/hosts.toml"
)

func TestContainerd(t *testing.T) {
	check(t, "containerd", []sad{
		{
			name: "hosts.toml names the CA", state: StateOK, image: "library/base:1.0", handler: withImage("/v2"),
			files: map[string]string{containerdFile: withPath, hosts: "server = \"https://10.0.0.5:5000\"\nca = \"ca.crt\"\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name: "the folder has a CA and no hosts.toml", state: StateOK,
			files: map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name: "the folder is written with underscores", state: StateOK,
			files: map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5_5000_/ca.crt": theCA},
		},
		{
			name: "version 3 without config_path, and without the transfer service", state: StateOK,
			files: map[string]string{containerdFile: "version = 3\n[plugins.\"io.containerd.cri.v1.images\"]\n  use_local_image_pull = true\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name: "config_path is in an imported file", state: StateOK,
			files: map[string]string{containerdFile: "version = 2\nimports = [\"conf.d/*.toml\"]\n", "/etc/containerd/conf.d/registry.toml": withPath, containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name: "the address is not in the certificate", names: []string{"registry.example.org"},
			files:  map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSNoIPSAN, what: "is not for 10.0.0.5: it is for registry.example.org", try: "subjectAltName=IP:10.0.0.5",
		},
		{
			name: "another address is in the certificate", names: []string{"10.0.0.6"},
			files:  map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSHostname, what: "is not for 10.0.0.5: it is for 10.0.0.6",
		},
		{
			name: "the CA is nowhere", files: map[string]string{containerdFile: withPath},
			reason: source.ReasonTLSUnknownAuthority, try: "install -D -m 644 CA.pem /etc/containerd/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "there is no config_path", files: map[string]string{containerdFile: "version = 2\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/containerd/certs.d is not read: /etc/containerd/config.toml has no config_path", try: `set config_path = "/etc/containerd/certs.d"`,
		},
		{
			name: "version 3 without config_path", files: map[string]string{containerdFile: "version = 3\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "containerd 2 reads none of the two folders", try: `set config_path = "/etc/containerd/certs.d" below [plugins."io.containerd.cri.v1.images".registry]`,
		},
		{
			name: "version 3 with two folders in config_path", files: map[string]string{containerdFile: "version = 3\n[plugins.\"io.containerd.cri.v1.images\".registry]\n  config_path = \"/etc/containerd/certs.d:/etc/docker/certs.d\"\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "config_path has several folders, of which containerd 2 reads none", try: "set config_path",
		},
		{
			name: "version 2 with two folders in config_path", state: StateOK,
			files: map[string]string{containerdFile: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"/etc/containerd/certs.d:/etc/docker/certs.d\"\n", dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name: "the CA is in Docker's folder alone", files: map[string]string{containerdFile: withPath, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/docker/certs.d/10.0.0.5:5000/ca.crt is", try: "install -D -m 644 /etc/docker/certs.d/10.0.0.5:5000/ca.crt /etc/containerd/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "the folder has no port", files: map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/containerd/certs.d/10.0.0.5 is not read",
		},
		{
			name: "hosts.toml does not name the CA beside it", files: map[string]string{containerdFile: withPath, hosts: "server = \"https://10.0.0.5:5000\"\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "ca.crt is not read: hosts.toml does not name it", try: `add ca = "/etc/containerd/certs.d/10.0.0.5:5000/ca.crt"`,
		},
		{
			name: "hosts.toml names a CA that is not there", files: map[string]string{containerdFile: withPath, hosts: "ca = \"/etc/certs/ca.crt\"\n"},
			reason: reasonConfigInvalid, what: "open /etc/certs/ca.crt: no such file or directory: containerd pulls nothing from the registry",
		},
		{
			name: "hosts.toml is no TOML", files: map[string]string{containerdFile: withPath, hosts: "server = https://10.0.0.5:5000\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA}, state: StateWarning,
			what: "hosts.toml is no valid TOML, line 1: containerd goes on without it",
		},
		{
			name: "hosts.toml has an unknown capability", files: map[string]string{containerdFile: withPath, hosts: "capabilities = [\"fetch\"]\nca = \"/etc/certs/ca.crt\"\n"},
			reason: source.ReasonTLSUnknownAuthority, what: `has a capability that is none of pull, resolve, push, referrers: "fetch": containerd goes on without it`,
		},
		{
			name: "skip_verify", state: StateWarning, files: map[string]string{containerdFile: withPath, hosts: "skip_verify = true\n"},
			what: "the certificate is not verified, as skip_verify in /etc/containerd/certs.d/10.0.0.5:5000/hosts.toml says",
		},
		{
			name: "a client certificate without a key", files: map[string]string{containerdFile: withPath, hosts: "ca = \"ca.crt\"\nclient = [[\"client.cert\", \"client.key\"]]\n", containerdCerts + "/10.0.0.5:5000/ca.crt": theCA, containerdCerts + "/10.0.0.5:5000/client.cert": clientCert},
			reason: reasonConfigInvalid, what: "open /etc/containerd/certs.d/10.0.0.5:5000/client.key: no such file or directory",
		},
		{
			name: "the registry speaks plain HTTP", names: []string{}, files: map[string]string{containerdFile: withPath},
			reason: source.ReasonHTTPSOnHTTP, what: "10.0.0.5:5000 speaks plain HTTP, and containerd asks over HTTPS", try: `write server = "http://10.0.0.5:5000" into /etc/containerd/certs.d/10.0.0.5:5000/hosts.toml`,
		},
		{
			name: "hosts.toml has http, the registry HTTPS", handler: plainToTLS, names: []string{}, files: map[string]string{containerdFile: withPath, hosts: "server = \"http://10.0.0.5:5000\"\n"},
			reason: source.ReasonHTTPOnHTTPS, what: "10.0.0.5:5000 speaks HTTPS, and containerd asks over plain HTTP", try: "write https:// in place of http:// in " + hosts,
		},
		{
			name: "hosts.toml has http, and so has the registry", names: []string{}, state: StateWarning, files: map[string]string{containerdFile: withPath, hosts: "server = \"http://10.0.0.5:5000\"\n"},
			what: "the registry is asked over plain HTTP",
		},
		{
			name: "a mirror by digest alone, and the registry is down", image: "library/base:1.0", handler: withImage("/v2"), names: []string{"mirror.example.org"},
			files:  map[string]string{containerdFile: withPath, "/etc/ssl/certs/ca-certificates.crt": theCA, hosts: "[host.\"https://mirror.example.org\"]\n  capabilities = [\"pull\"]\n"},
			reason: source.ReasonTLSNoIPSAN,
		},
		{
			name: "a mirror that is a project of Harbor, with override_path", image: "library/base:1.0", handler: withImage("/v2/hub"), names: []string{"mirror.example.org"}, state: StateOK,
			files: map[string]string{containerdFile: withPath, "/etc/ssl/certs/ca-certificates.crt": theCA, hosts: "[host.\"https://mirror.example.org/v2/hub\"]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n"},
		},
		{
			name: "a mirror that is a project of Harbor, without override_path", image: "library/base:1.0", handler: withImage("/v2/hub"), names: []string{"mirror.example.org", "10.0.0.5"},
			files:  map[string]string{containerdFile: withPath, "/etc/ssl/certs/ca-certificates.crt": theCA, hosts: "[host.\"https://mirror.example.org/v2/hub\"]\n  capabilities = [\"pull\", \"resolve\"]\n"},
			reason: source.ReasonNotFound, what: "mirror.example.org has nothing below /v2/hub/v2: containerd has added /v2 to the path of the mirror", try: "set override_path = true for the host in " + hosts,
		},
		{
			name: "mirrors and config_path exclude each other", files: map[string]string{containerdFile: withPath + "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"10.0.0.5:5000\"]\n  endpoint = [\"http://10.0.0.5:5000\"]\n"},
			reason: reasonConfigInvalid, what: "has both registry.config_path and registry.mirrors",
		},
		{
			name: "config.toml is no TOML", files: map[string]string{containerdFile: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry\n"},
			reason: reasonConfigInvalid, what: "/etc/containerd/config.toml, line 3, is no valid TOML: containerd does not start with it",
		},
		{
			name: "registry.configs of containerd 1 has the CA", state: StateOK,
			files: map[string]string{containerdFile: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"10.0.0.5:5000\".tls]\n  ca_file = \"/etc/certs/ca.pem\"\n", "/etc/certs/ca.pem": theCA},
		},
		{
			name: "registry.configs of containerd 1 switches off verification", state: StateWarning,
			files: map[string]string{containerdFile: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"10.0.0.5:5000\".tls]\n  insecure_skip_verify = true\n"}, what: "insecure_skip_verify in /etc/containerd/config.toml",
		},
		{
			name: "registry.configs of containerd 1 in a file of containerd 2", files: map[string]string{containerdFile: "version = 3\n[plugins.\"io.containerd.cri.v1.images\".registry.configs.\"10.0.0.5:5000\".tls]\n  ca_file = \"/etc/certs/ca.pem\"\n", "/etc/certs/ca.pem": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "is of before containerd 2, which reads no tls there",
		},
		{
			name: "a mirror of containerd 1 leads to plain HTTP", names: []string{}, state: StateWarning, image: "library/base:1.0", handler: withImage("/v2"),
			files: map[string]string{containerdFile: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"10.0.0.5:5000\"]\n  endpoint = [\"http://10.0.0.5:5000\"]\n"}, what: "plain HTTP",
		},
		{
			name: "the node has no login, and pods may have one", handler: wantsBasic, state: StateWarning, files: map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5:5000/ca.crt": theCA},
			reason: reasonLoginMissing, what: "pods need an imagePullSecret", try: "kubectl create secret docker-registry NAME --docker-server=10.0.0.5:5000",
		},
		{
			name: "the kubelet has a login", handler: wantsBasic, image: "library/base:1.0", state: StateOK,
			files: map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5:5000/ca.crt": theCA, "/var/lib/kubelet/config.json": dockerAuths},
		},
		{
			name: "NO_PROXY lacks the registry", files: map[string]string{containerdFile: withPath, containerdCerts + "/10.0.0.5:5000/ca.crt": theCA, "/etc/systemd/system/containerd.service.d/proxy.conf": "[Service]\nEnvironment=HTTPS_PROXY=http://127.0.0.1:1 NO_PROXY=localhost\n"},
			reason: source.ReasonRefused, what: "(asked through the proxy 127.0.0.1:1)",
		},
	})
}

// plainToTLS answers as nginx does to plain HTTP at a port of HTTPS.
func plainToTLS(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte("<center>The plain HTTP request was sent to HTTPS port</center>"))
}

func TestContainerdOfDockerIsLeftOut(t *testing.T) {
	w := newWorld(t, testserver.OpenRegistry, "10.0.0.5")
	w.write(daemonFile, `{}`)
	w.write("/usr/bin/dockerd", "")
	w.write("/usr/bin/containerd", "")
	w.write(containerdFile, "disabled_plugins = [\"cri\"]\n")
	if got := (&machine{root: w.root}).runtimes(false); len(got) != 1 || got[0].name() != "docker" {
		t.Errorf("%d runtimes", len(got))
	}
}

func TestContainerdShowsItsClientCertificate(t *testing.T) {
	w := newWorld(t, testserver.OpenRegistry, "10.0.0.5")
	w.wantsCertificate()
	w.write(containerdFile, withPath)
	w.write(containerdCerts+"/10.0.0.5:5000/ca.crt", theCA)
	want(t, w.look("containerd", address, ""), sad{reason: source.ReasonTLSClientCert, what: "wants a client certificate, and containerd has none for it"})
	w.pairFiles(containerdCerts+"/10.0.0.5:5000/client.cert", containerdCerts+"/10.0.0.5:5000/client.key")
	want(t, w.look("containerd", address, ""), sad{state: StateOK})
}

func TestHostsAreAskedInTheOrderOfTheFile(t *testing.T) {
	text := "[host.\"https://z.example.org\"]\n[host.\"https://b.example.org\".header]\n  x = \"y\"\n[host.\"https://a.example.org\"]\n"
	f, err := parseHosts([]byte(text))
	if err != nil || strings.Join(f.order, " ") != "https://z.example.org https://b.example.org https://a.example.org" {
		t.Errorf("%q %v", f.order, err)
	}
}

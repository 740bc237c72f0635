package node

import (
	"testing"

	"registry_exporter/collector/source"
)

// dockerAuths is the login me with the password "correct horse".
const dockerAuths = `{"auths": {"10.0.0.5:5000": {"auth": "bWU6Y29ycmVjdCBob3JzZQ=="}}}`

func TestDocker(t *testing.T) {
	check(t, "docker", []sad{
		{
			name: "all is well", state: StateOK,
			files: map[string]string{daemonFile: `{"log-driver": "journald"}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name:   "the address is not in the certificate, which the CA has signed",
			names:  []string{"registry.example.org"},
			files:  map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSNoIPSAN, what: "the certificate of 10.0.0.5:5000 is not for 10.0.0.5: it is for registry.example.org",
			try: "subjectAltName=IP:10.0.0.5, or name images by registry.example.org",
		},
		{
			name: "the CA is nowhere", files: map[string]string{daemonFile: `{}`},
			reason: source.ReasonTLSUnknownAuthority, what: `no CA that it reads is its issuer, "Example CA"`,
			try: "install -D -m 644 CA.pem /etc/docker/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "the CA has another extension", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.pem": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/docker/certs.d/10.0.0.5:5000/ca.pem is not read: the names of CA files end in .crt",
			try: "mv /etc/docker/certs.d/10.0.0.5:5000/ca.pem /etc/docker/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "the CA is in DER", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": derCA},
			reason: source.ReasonTLSUnknownAuthority, what: "ca.crt is a certificate in DER: it is not used", try: "openssl x509 -inform DER",
		},
		{
			name: "the folder has no port", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/docker/certs.d/10.0.0.5 is not read: Docker looks in /etc/docker/certs.d/10.0.0.5:5000",
			try: "cp -r /etc/docker/certs.d/10.0.0.5 /etc/docker/certs.d/10.0.0.5:5000",
		},
		{
			name: "another runtime has the CA", files: map[string]string{daemonFile: `{}`, containersCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/containers/certs.d/10.0.0.5:5000/ca.crt is",
			try: "install -D -m 644 /etc/containers/certs.d/10.0.0.5:5000/ca.crt /etc/docker/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "the CA is an old one", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": otherCA},
			reason: source.ReasonTLSUnknownAuthority, what: `its issuer, "Example CA"`, try: "CA.pem",
		},
		{
			name: "the CA is that of the system", state: StateOK,
			files: map[string]string{daemonFile: `{}`, "/etc/ssl/certs/ca-certificates.crt": theCA},
		},
		{
			name: "the registry speaks plain HTTP", names: []string{}, files: map[string]string{daemonFile: `{}`},
			reason: source.ReasonHTTPSOnHTTP, what: "10.0.0.5:5000 speaks plain HTTP, and docker asks over HTTPS", try: `"insecure-registries": ["10.0.0.5:5000"]`,
		},
		{
			name: "plain HTTP, and insecure-registries without the port", names: []string{}, files: map[string]string{daemonFile: `{"insecure-registries": ["10.0.0.5"]}`},
			reason: source.ReasonHTTPSOnHTTP, what: `insecure-registries has "10.0.0.5", which is not "10.0.0.5:5000"`, try: `write "10.0.0.5:5000" into insecure-registries`,
		},
		{
			name: "plain HTTP, which insecure-registries allows", names: []string{}, state: StateWarning, files: map[string]string{daemonFile: `{"insecure-registries": ["http://10.0.0.5:5000"]}`},
			what: "the registry is asked over plain HTTP, as insecure-registries in /etc/docker/daemon.json allows",
		},
		{
			name: "insecure-registries has a network", names: []string{}, state: StateWarning, files: map[string]string{daemonFile: `{"insecure-registries": ["10.0.0.0/8"]}`},
			what: "plain HTTP",
		},
		{
			name: "insecure-registries where the certificate would verify", state: StateWarning,
			files: map[string]string{daemonFile: `{"insecure-registries": ["10.0.0.5:5000"]}`, "/etc/ssl/certs/ca-certificates.crt": theCA},
			what:  "switches off verification, and the certificate would verify without it", try: "take it away: insecure-registries",
		},
		{
			name: "insecure-registries in place of a CA", state: StateWarning, files: map[string]string{daemonFile: `{"insecure-registries": ["10.0.0.5:5000"]}`},
			what: "the certificate is not verified, as insecure-registries", try: "/etc/docker/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "a client certificate without its key", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA, dockerCert + "/10.0.0.5:5000/client.cert": clientCert},
			reason: reasonClientCertificate, what: "client.cert has no key beside it", try: "put the key at /etc/docker/certs.d/10.0.0.5:5000/client.key",
		},
		{
			name: "a key without its client certificate", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/client.key": clientKey},
			reason: reasonClientCertificate, what: "client.key has no client certificate beside it",
		},
		{
			name: "a client certificate and another key", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/client.cert": clientCert, dockerCert + "/10.0.0.5:5000/client.key": clientKey},
			reason: reasonClientCertificate, what: "are no client certificate and its key",
		},
		{
			name: "the CA is named as a client certificate", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.cert": theCA},
			reason: reasonClientCertificate, what: "ca.cert is a CA, and its name that of a client certificate", try: "mv /etc/docker/certs.d/10.0.0.5:5000/ca.cert /etc/docker/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "daemon.json is no JSON", files: map[string]string{daemonFile: "{\n  \"insecure-registries\": [\"10.0.0.5:5000\"],\n}\n"},
			reason: reasonConfigInvalid, what: "/etc/docker/daemon.json, line 3, is no valid JSON: dockerd does not start with it",
		},
		{
			name: "there is no login", handler: wantsBasic, files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: reasonLoginMissing, what: "the registry wants a login, and docker has none", try: "docker login 10.0.0.5:5000",
		},
		{
			name: "there is a login for another port", handler: wantsBasic,
			files:  map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA, "/root/.docker/config.json": `{"auths": {"10.0.0.5": {"auth": "bWU6Y29ycmVjdCBob3JzZQ=="}}}`},
			reason: reasonLoginMissing,
		},
		{
			name: "there is a login, with which the image can be pulled", handler: wantsBasic, image: "library/base:1.0", state: StateOK,
			files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA, "/root/.docker/config.json": dockerAuths},
		},
		{
			name: "the login is refused", handler: wantsBasic, image: "library/base:1.0",
			files:  map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA, "/root/.docker/config.json": `{"auths": {"10.0.0.5:5000": {"auth": "bWU6d3JvbmcgaG9yc2U="}}}`},
			reason: source.ReasonUnauthorized, what: "the registry refuses the login in /root/.docker/config.json", try: "docker login",
		},
		{
			name: "the login is with a helper", handler: wantsBasic, image: "library/base:1.0", state: StateWarning,
			files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA, "/root/.docker/config.json": `{"credHelpers": {"10.0.0.5:5000": "pass"}}`},
			what:  "that of helper pass was not tried",
		},
		{
			name: "the image is not there", handler: withImage("/v2"), image: "library/other:1.0", files: map[string]string{daemonFile: `{}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonNotFound, what: "10.0.0.5:5000 has no image library/other:1.0",
		},
		{
			name: "the proxy is not there", files: map[string]string{daemonFile: `{"proxies": {"https-proxy": "http://user:hunter2hunter2@127.0.0.1:1"}}`, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonRefused, what: "(asked through the proxy 127.0.0.1:1)",
		},
	})
}

func TestDockerAsksThisMachineWithoutVerification(t *testing.T) {
	w := newWorld(t, withImage("/v2"), "nobody.example.org")
	w.write(daemonFile, `{}`)
	v := w.look("docker", w.server.Listener.Addr().String(), "library/base:1.0")
	want(t, v, sad{state: StateWarning, what: "the certificate is not verified, as Docker itself, for this machine says"})
}

func TestDockerAsksTheMirrorsOfDockerHubFirst(t *testing.T) {
	w := newWorld(t, withImage("/v2"), "mirror.example.org")
	w.write(daemonFile, `{"registry-mirrors": ["https://mirror.example.org"]}`)
	w.write(dockerCert+"/mirror.example.org/ca.crt", theCA)
	v := w.look("docker", dockerHub, "library/base:1.0")
	if v.State != StateOK || len(v.Endpoints) != 2 || v.Endpoints[0].URL != "https://mirror.example.org" || !v.Endpoints[0].Pulled || v.Endpoints[1].Asked {
		t.Errorf("%+v, %+v", v, v.Endpoints)
	}
}

// Without its mirror Docker asks the Hub: the proxy of the test leads there to the registry of the test, which has another name.
func TestDockerGoesOnAfterAMirrorThatFails(t *testing.T) {
	w := newWorld(t, withImage("/v2"), "registry-1.docker.io")
	w.write(daemonFile, `{"registry-mirrors": ["https://mirror.example.org"]}`)
	w.write("/etc/ssl/certs/ca-certificates.crt", theCA)
	v := w.look("docker", dockerHub, "library/base:1.0")
	want(t, v, sad{state: StateWarning, what: "the mirror https://mirror.example.org is left out (tls_hostname): the certificate of mirror.example.org is not for mirror.example.org"})
	if !v.Endpoints[1].Pulled {
		t.Errorf("%+v", v.Endpoints[1])
	}
}

package node

import (
	"testing"

	"registry_exporter/collector/source"
)

// anything is the policy that takes all images.
const anything = `{"default": [{"type": "insecureAcceptAnything"}]}`

// CRI-O reads the files that podman reads, and gets the proxy of the tests.
func TestCrio(t *testing.T) {
	check(t, "cri-o", []sad{
		{
			name: "all is well", state: StateOK, image: "library/base:1.0", handler: withImage("/v2"),
			files: map[string]string{crioFile: "", policyFile: anything, containersCert + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name: "the CA is in Docker's folder, which is read, too", state: StateOK,
			files: map[string]string{crioFile: "", policyFile: anything, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
		},
		{
			name: "its own folder hides that of Docker", files: map[string]string{crioFile: "", policyFile: anything, containersCert + "/10.0.0.5:5000/old.crt": otherCA, dockerCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/docker/certs.d/10.0.0.5:5000/ca.crt is", try: "/etc/containers/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "the address is not in the certificate", names: []string{"registry.example.org"}, files: map[string]string{crioFile: "", policyFile: anything, containersCert + "/10.0.0.5:5000/ca.crt": theCA},
			reason: source.ReasonTLSNoIPSAN,
		},
		{
			name: "neither the address nor the CA", names: []string{"registry.example.org"}, files: map[string]string{crioFile: "", policyFile: anything},
			reason: source.ReasonTLSNoIPSAN, what: `; nor does cri-o trust its issuer, "Example CA"`,
		},
		{
			name: "the CA is nowhere", files: map[string]string{crioFile: "", policyFile: anything},
			reason: source.ReasonTLSUnknownAuthority, try: "install -D -m 644 CA.pem /etc/containers/certs.d/10.0.0.5:5000/ca.crt",
		},
		{
			name: "the folder has no port", files: map[string]string{crioFile: "", policyFile: anything, containersCert + "/10.0.0.5/ca.crt": theCA},
			reason: source.ReasonTLSUnknownAuthority, what: "/etc/containers/certs.d/10.0.0.5 is not read",
		},
		{
			name: "a client certificate without its key", files: map[string]string{crioFile: "", policyFile: anything, containersCert + "/10.0.0.5:5000/client.cert": clientCert},
			reason: reasonClientCertificate, what: "has no key beside it",
		},
		{
			name: "the registry speaks plain HTTP", names: []string{}, files: map[string]string{crioFile: "", policyFile: anything},
			reason: source.ReasonHTTPSOnHTTP, try: `add [[registry]] location = "10.0.0.5:5000" insecure = true to /etc/containers/registries.conf`,
		},
		{
			name: "plain HTTP, which registries.conf allows", names: []string{}, state: StateWarning, files: map[string]string{crioFile: "", policyFile: anything, registriesConf: "[[registry]]\nlocation = \"10.0.0.5:5000\"\ninsecure = true\n"},
			what: "insecure = true in /etc/containers/registries.conf",
		},
		{
			name: "plain HTTP, which crio.conf allows", names: []string{}, state: StateWarning, files: map[string]string{crioFile: "[crio.image]\ninsecure_registries = [\"10.0.0.0/8\"]\n", policyFile: anything},
			what: "insecure_registries in /etc/crio/crio.conf",
		},
		{
			name: "insecure in the old form", names: []string{}, state: StateWarning, files: map[string]string{crioFile: "", policyFile: anything, registriesConf: "[registries.insecure]\nregistries = ['10.0.0.5:5000']\n"},
			what: "insecure = true in /etc/containers/registries.conf",
		},
		{
			name: "the registry is blocked", files: map[string]string{crioFile: "", policyFile: anything, registriesConf + ".d/10-block.conf": "[[registry]]\nlocation = \"10.0.0.5:5000\"\nblocked = true\n"},
			reason: reasonBlocked, what: "/etc/containers/registries.conf.d/10-block.conf blocks 10.0.0.5:5000", try: "take blocked = true away",
		},
		{
			name: "a block without a port holds for each", files: map[string]string{crioFile: "", policyFile: anything, registriesConf: "[[registry]]\nprefix = \"10.0.0.5\"\nlocation = \"10.0.0.5\"\nblocked = true\n"},
			reason: reasonBlocked,
		},
		{
			name: "a later file takes the block away", state: StateOK,
			files: map[string]string{
				crioFile: "", policyFile: anything, containersCert + "/10.0.0.5:5000/ca.crt": theCA,
				registriesConf: "[[registry]]\nlocation = \"10.0.0.5:5000\"\nblocked = true\n", registriesConf + ".d/10.conf": "[[registry]]\nlocation = \"10.0.0.5:5000\"\n",
			},
		},
		{
			name: "a location has a scheme", files: map[string]string{crioFile: "", policyFile: anything, registriesConf: "[[registry]]\nlocation = \"http://10.0.0.5:5000\"\n"},
			reason: reasonConfigInvalid, what: `the location "http://10.0.0.5:5000" begins with a scheme`,
		},
		{
			name: "registries.conf is no TOML", files: map[string]string{crioFile: "", policyFile: anything, registriesConf: "[[registry]]\nlocation = 10.0.0.5:5000\n"},
			reason: reasonConfigInvalid, what: "/etc/containers/registries.conf, line 2, is no valid TOML",
		},
		{
			name: "policy.json rejects the registry", files: map[string]string{crioFile: "", policyFile: `{"default": [{"type": "reject"}], "transports": {"docker": {"registry.example.org": [{"type": "insecureAcceptAnything"}]}}}`},
			reason: reasonPolicy, what: "/etc/containers/policy.json rejects images of 10.0.0.5:5000 (default)", try: `"10.0.0.5:5000": [{"type": "insecureAcceptAnything"}]`,
		},
		{
			name: "policy.json rejects one namespace", image: "library/base:1.0", files: map[string]string{crioFile: "", policyFile: `{"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {"10.0.0.5:5000/library": [{"type": "reject"}]}}}`},
			reason: reasonPolicy, what: "(10.0.0.5:5000/library)",
		},
		{
			name: "policy.json wants a signature", state: StateWarning, files: map[string]string{crioFile: "", containersCert + "/10.0.0.5:5000/ca.crt": theCA, policyFile: `{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/key"}]}`},
			what: "takes signed images alone (default, signedBy)",
		},
		{
			name: "there is no policy.json", files: map[string]string{crioFile: ""},
			reason: reasonPolicy, what: "open /etc/containers/policy.json: no such file or directory: cri-o pulls nothing", try: "insecureAcceptAnything",
		},
		{
			name: "a mirror with a path", names: []string{"mirror.example.org"}, state: StateOK, image: "library/base:1.0", handler: withImage("/v2/hub"),
			files: map[string]string{crioFile: "", policyFile: anything, "/etc/ssl/certs/ca-certificates.crt": theCA, registriesConf: "[[registry]]\nlocation = \"10.0.0.5:5000\"\n[[registry.mirror]]\nlocation = \"mirror.example.org/hub\"\n"},
		},
		{
			name: "a mirror by digest alone, and the registry is down", names: []string{"mirror.example.org"}, image: "library/base:1.0", handler: withImage("/v2"),
			files:  map[string]string{crioFile: "", policyFile: anything, "/etc/ssl/certs/ca-certificates.crt": theCA, registriesConf: "[[registry]]\nlocation = \"10.0.0.5:5000\"\n[[registry.mirror]]\nlocation = \"mirror.example.org\"\npull-from-mirror = \"digest-only\"\n"},
			reason: source.ReasonTLSNoIPSAN,
		},
		{
			name: "a prefix leads to another registry", names: []string{"other.example.org"}, state: StateOK, image: "library/base:1.0", handler: withImage("/v2/mirrored"),
			files: map[string]string{crioFile: "", policyFile: anything, "/etc/ssl/certs/ca-certificates.crt": theCA, registriesConf: "[[registry]]\nprefix = \"10.0.0.5:5000/library\"\nlocation = \"other.example.org/mirrored/library\"\n"},
		},
		{
			name: "crio.conf names the file of logins", handler: wantsBasic, image: "library/base:1.0", state: StateOK,
			files: map[string]string{crioFile: "[crio.image]\nglobal_auth_file = \"/etc/crio/auth.json\"\n", policyFile: anything, containersCert + "/10.0.0.5:5000/ca.crt": theCA, "/etc/crio/auth.json": dockerAuths},
		},
	})
}

func TestPodman(t *testing.T) {
	t.Run("there is no login", func(t *testing.T) {
		w := newWorld(t, wantsBasic, "127.0.0.1")
		here := w.server.Listener.Addr().String()
		w.write(policyFile, anything)
		w.write(containersCert+"/"+here+"/ca.crt", theCA)
		want(t, w.look("podman", here, ""), sad{reason: reasonLoginMissing, what: "podman has none", try: "podman login " + here})
	})
	t.Run("a login for a namespace", func(t *testing.T) {
		w := newWorld(t, wantsBasic, "127.0.0.1")
		here := w.server.Listener.Addr().String()
		w.write(policyFile, anything)
		w.write(containersCert+"/"+here+"/ca.crt", theCA)
		w.write("/run/containers/0/auth.json", `{"auths": {"`+here+`": {"auth": "bWU6d3JvbmcgaG9yc2U="}, "`+here+`/library": {"auth": "bWU6Y29ycmVjdCBob3JzZQ=="}}}`)
		want(t, w.look("podman", here, "library/base:1.0"), sad{state: StateOK})
	})
	t.Run("this machine is verified, too", func(t *testing.T) {
		w := newWorld(t, withImage("/v2"), "127.0.0.1")
		w.write(policyFile, anything)
		want(t, w.look("podman", w.server.Listener.Addr().String(), ""), sad{reason: source.ReasonTLSUnknownAuthority})
	})
}

func TestPrefixesOfRegistriesConf(t *testing.T) {
	for _, c := range []struct {
		prefix, address, repository string
		want                        bool
	}{
		{"10.0.0.5:5000", "10.0.0.5:5000", "a/b", true},
		{"10.0.0.5", "10.0.0.5:5000", "a/b", true},
		{"10.0.0.5:5000/a", "10.0.0.5:5000", "a/b", true},
		{"10.0.0.5:5000/a", "10.0.0.5:5000", "ab/c", false},
		{"10.0.0.5:500", "10.0.0.5:5000", "a/b", false},
		{"*.example.org", "registry.example.org", "a", true},
		{"*.example.org", "a.registry.example.org:5000", "a", true},
		{"*.example.org", "example.org", "a", false},
		{"*.example.org", "10.0.0.5:5000", "a.example.org/b", false},
	} {
		if got := (&registryTable{Prefix: c.prefix}).matches(c.address, c.repository); got != c.want {
			t.Errorf("%s and %s/%s: %t", c.prefix, c.address, c.repository, got)
		}
	}
}

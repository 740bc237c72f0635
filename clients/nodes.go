package clients

import (
	"encoding/pem"
	"strings"
)

// A nodeRow is what the runtimes of a node are told. The files are those of its root. In them, and in their names, HOST is the
// registry as it stands before the names of images, and NAME the same without its port.
type nodeRow struct {
	name    string
	runtime string // containerd or podman
	plain   bool   // the registry speaks plain HTTP
	other   bool   // its certificate is for another address
	files   map[string]string
}

// Contents of files in place of a text.
const (
	frontCA    = "the CA of the registry"
	frontDER   = "the CA of the registry in DER"
	anotherCA  = "another CA"
	clientPair = "a client certificate and its key"
)

const (
	containerdDir = "/etc/containerd/certs.d/"
	podmanDir     = "/etc/containers/certs.d/"
	registries    = "/etc/containers/registries.conf"
	policyJSON    = "/etc/containers/policy.json"
)

// nodeRows are all of them.
func nodeRows() []nodeRow { return append(containerdRows(), podmanRows()...) }

func containerdRows() []nodeRow {
	hosts := func(text string) map[string]string {
		return map[string]string{containerdDir + "HOST/hosts.toml": text, containerdDir + "HOST/ca.crt": frontCA}
	}
	rows := []nodeRow{
		{name: "nothing", files: map[string]string{}},
		{name: "ca.crt", files: map[string]string{containerdDir + "HOST/ca.crt": frontCA}},
		{name: "ca.crt with underscores", files: map[string]string{containerdDir + "NAME_5000_/ca.crt": frontCA}},
		{name: "ca.crt in _default", files: map[string]string{containerdDir + "_default/ca.crt": frontCA}},
		{name: "ca.crt hidden by a folder with underscores", files: map[string]string{containerdDir + "HOST/ca.crt": frontCA, containerdDir + "NAME_5000_/ca.crt": anotherCA}},
		{name: "ca.crt without the port", files: map[string]string{containerdDir + "NAME/ca.crt": frontCA}},
		{name: "ca.pem", files: map[string]string{containerdDir + "HOST/ca.pem": frontCA}},
		{name: "ca.crt in DER", files: map[string]string{containerdDir + "HOST/ca.crt": frontDER}},
		{name: "ca.crt of another", files: map[string]string{containerdDir + "HOST/ca.crt": anotherCA}},
		{name: "ca.cert", files: map[string]string{containerdDir + "HOST/ca.cert": frontCA}},
		{name: "client.key alone", files: map[string]string{containerdDir + "HOST/ca.crt": frontCA, containerdDir + "HOST/client.key": clientPair}},
		{name: "client.cert with the key in it", files: map[string]string{containerdDir + "HOST/ca.crt": frontCA, containerdDir + "HOST/client.cert": clientPair}},
		{name: "ca.crt, another address", other: true, files: map[string]string{containerdDir + "HOST/ca.crt": frontCA}},
		{name: "plain HTTP", plain: true, files: map[string]string{}},
		{name: "hosts.toml with the CA", files: hosts("ca = \"ca.crt\"\n")},
		{name: "hosts.toml with the CA in a list", files: hosts("server = \"https://HOST\"\nca = [\"ca.crt\"]\n")},
		{name: "hosts.toml without the CA", files: hosts("server = \"https://HOST\"\n")},
		{name: "hosts.toml with a CA that is not there", files: hosts("ca = \"other.crt\"\n")},
		{name: "hosts.toml with a CA that is a number", files: hosts("ca = 1\n")},
		{name: "hosts.toml with skip_verify", files: hosts("skip_verify = true\n")},
		{name: "hosts.toml with skip_verify, another address", other: true, files: hosts("skip_verify = true\n")},
		{name: "hosts.toml that is broken", files: hosts("server = https://HOST\n")},
		{name: "hosts.toml that is empty", files: hosts("")},
		{name: "hosts.toml with an unknown key", files: hosts("ca = \"ca.crt\"\nverify = false\n")},
		{name: "hosts.toml with an unknown capability", files: hosts("capabilities = [\"fetch\"]\nca = \"ca.crt\"\n")},
		{name: "hosts.toml without resolve", files: hosts("capabilities = [\"pull\"]\nca = \"ca.crt\"\n")},
		{name: "hosts.toml with a server that may not resolve", files: hosts("server = \"https://HOST\"\ncapabilities = [\"pull\"]\nca = \"ca.crt\"\n")},
		{name: "hosts.toml with a server that is no URL", files: hosts("server = \"https://HOST:x\"\n")},
		{name: "hosts.toml with a client that is a number", files: hosts("client = 1\n")},
		{name: "hosts.toml with a client of three files", files: hosts("client = [[\"a\", \"b\", \"c\"]]\n")},
		{name: "hosts.toml with http, plain HTTP", plain: true, files: hosts("server = \"http://HOST\"\n")},
		{name: "hosts.toml with http", files: hosts("server = \"http://HOST\"\n")},
		{name: "hosts.toml with https, plain HTTP", plain: true, files: hosts("server = \"https://HOST\"\n")},
		{name: "hosts.toml with http and skip_verify, plain HTTP", plain: true, files: hosts("server = \"http://HOST\"\nskip_verify = true\n")},
		{name: "hosts.toml with http and skip_verify", files: hosts("server = \"http://HOST\"\nskip_verify = true\n")},
		{name: "hosts.toml with no scheme", files: hosts("server = \"HOST\"\nca = \"ca.crt\"\n")},
		{name: "hosts.toml with a mirror that is refused", files: hosts("ca = \"ca.crt\"\n[host.\"https://mirror.example.org\"]\n")},
		{name: "hosts.toml with a mirror that is good", files: hosts("[host.\"https://HOST\"]\n  ca = \"ca.crt\"\n")},
		{name: "hosts.toml with a mirror that may not resolve", files: hosts("[host.\"https://HOST\"]\n  capabilities = [\"pull\"]\n  ca = \"ca.crt\"\n")},
		{name: "hosts.toml with a mirror and a path", files: hosts("[host.\"https://HOST/v2/hub\"]\n  ca = \"ca.crt\"\n")},
		{name: "hosts.toml with a mirror that ends in /v2", files: hosts("[host.\"https://HOST/v2\"]\n  ca = \"ca.crt\"\n")},
		{name: "hosts.toml with override_path", files: hosts("[host.\"https://HOST/v2\"]\n  ca = \"ca.crt\"\n  override_path = true\n")},
		{name: "hosts.toml with override_path and no path", files: hosts("[host.\"https://HOST\"]\n  ca = \"ca.crt\"\n  override_path = true\n")},
		{name: "hosts.toml with a client certificate without key", files: hosts("ca = \"ca.crt\"\nclient = \"ca.crt\"\n")},
	}
	for i := range rows {
		rows[i].runtime = containerd
	}
	return rows
}

func podmanRows() []nodeRow {
	ca := podmanDir + "HOST/ca.crt"
	conf := func(text string) map[string]string { return map[string]string{registries: text, ca: frontCA} }
	withPolicy := func(text string) map[string]string { return map[string]string{policyJSON: text, ca: frontCA} }
	rows := []nodeRow{
		{name: "nothing", files: map[string]string{}},
		{name: "ca.crt", files: map[string]string{ca: frontCA}},
		{name: "ca.crt without the port", files: map[string]string{podmanDir + "NAME/ca.crt": frontCA}},
		{name: "ca.pem", files: map[string]string{podmanDir + "HOST/ca.pem": frontCA}},
		{name: "ca.crt in DER", files: map[string]string{ca: frontDER}},
		{name: "ca.crt of another", files: map[string]string{ca: anotherCA}},
		{name: "ca.cert", files: map[string]string{podmanDir + "HOST/ca.cert": frontCA}},
		{name: "client.key alone", files: map[string]string{ca: frontCA, podmanDir + "HOST/client.key": clientPair}},
		{name: "client.cert with the key in it", files: map[string]string{ca: frontCA, podmanDir + "HOST/client.cert": clientPair}},
		{name: "client.cert and client.key", files: map[string]string{ca: frontCA, podmanDir + "HOST/client.cert": clientPair, podmanDir + "HOST/client.key": clientPair}},
		{name: "ca.crt, another address", other: true, files: map[string]string{ca: frontCA}},
		{name: "plain HTTP", plain: true, files: map[string]string{}},
		{name: "insecure, plain HTTP", plain: true, files: conf("[[registry]]\nlocation = \"HOST\"\ninsecure = true\n")},
		{name: "insecure, another address", other: true, files: conf("[[registry]]\nlocation = \"HOST\"\ninsecure = true\n")},
		{name: "insecure without the port, plain HTTP", plain: true, files: conf("[[registry]]\nlocation = \"NAME\"\ninsecure = true\n")},
		{name: "insecure of one namespace, plain HTTP", plain: true, files: conf("[[registry]]\nlocation = \"HOST/team\"\ninsecure = true\n")},
		{name: "insecure of another namespace, plain HTTP", plain: true, files: conf("[[registry]]\nlocation = \"HOST/tea\"\ninsecure = true\n")},
		{name: "insecure in the old form, plain HTTP", plain: true, files: conf("[registries.insecure]\nregistries = ['HOST']\n")},
		{name: "blocked", files: conf("[[registry]]\nlocation = \"HOST\"\nblocked = true\n")},
		{name: "blocked without the port", files: conf("[[registry]]\nlocation = \"NAME\"\nblocked = true\n")},
		{name: "blocked of one namespace", files: conf("[[registry]]\nlocation = \"HOST/team\"\nblocked = true\n")},
		{name: "blocked of another namespace", files: conf("[[registry]]\nlocation = \"HOST/other\"\nblocked = true\n")},
		{name: "blocked in the old form", files: conf("[registries.block]\nregistries = ['HOST']\n")},
		{name: "blocked, and not in a later file", files: map[string]string{ca: frontCA, registries: "[[registry]]\nlocation = \"HOST\"\nblocked = true\n", registries + ".d/10.conf": "[[registry]]\nlocation = \"HOST\"\n"}},
		{name: "blocked in a later file", files: map[string]string{ca: frontCA, registries: "", registries + ".d/10.conf": "[[registry]]\nlocation = \"HOST\"\nblocked = true\n"}},
		{name: "a location with a scheme", files: conf("[[registry]]\nlocation = \"https://HOST\"\n")},
		{name: "a location with a slash at its end", plain: true, files: conf("[[registry]]\nlocation = \"HOST/\"\ninsecure = true\n")},
		{name: "neither location nor prefix", files: conf("[[registry]]\ninsecure = true\n")},
		{name: "registries.conf that is broken", files: conf("[[registry]]\nlocation = HOST\n")},
		{name: "registries.conf with an unknown key", files: conf("[[registry]]\nlocation = \"HOST\"\nverify = false\n")},
		{name: "a mirror that is good", files: map[string]string{ca: frontCA, registries: "[[registry]]\nprefix = \"registry.example.org\"\nlocation = \"registry.example.org\"\n[[registry]]\nlocation = \"HOST\"\n[[registry.mirror]]\nlocation = \"HOST\"\n"}},
		{name: "a mirror that is down", files: conf("[[registry]]\nlocation = \"HOST\"\n[[registry.mirror]]\nlocation = \"127.0.0.1:1\"\n")},
		{name: "a mirror without the image", files: conf("[[registry]]\nlocation = \"HOST\"\n[[registry.mirror]]\nlocation = \"HOST/hub\"\n")},
		{name: "a location that is down", files: conf("[[registry]]\nprefix = \"HOST\"\nlocation = \"127.0.0.1:1\"\n")},
		{name: "a location that is down, and a mirror", files: conf("[[registry]]\nprefix = \"HOST\"\nlocation = \"127.0.0.1:1\"\n[[registry.mirror]]\nlocation = \"HOST\"\n")},
		{name: "a location that is down, and a mirror for digests", files: conf("[[registry]]\nprefix = \"HOST\"\nlocation = \"127.0.0.1:1\"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = \"HOST\"\n")},
		{name: "a prefix with another location", files: conf("[[registry]]\nprefix = \"HOST/team\"\nlocation = \"HOST/other\"\n")},
		{name: "a policy that rejects", files: withPolicy(`{"default": [{"type": "reject"}]}`)},
		{name: "a policy that rejects, but for the registry", files: withPolicy(`{"default": [{"type": "reject"}], "transports": {"docker": {"HOST": [{"type": "insecureAcceptAnything"}]}}}`)},
		{name: "a policy that rejects, but for the name without a port", files: withPolicy(`{"default": [{"type": "reject"}], "transports": {"docker": {"NAME": [{"type": "insecureAcceptAnything"}]}}}`)},
		{name: "a policy that rejects a namespace", files: withPolicy(`{"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {"HOST/team": [{"type": "reject"}]}}}`)},
		{name: "a policy that rejects another namespace", files: withPolicy(`{"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {"HOST/other": [{"type": "reject"}]}}}`)},
		{name: "a policy that rejects all of docker", files: withPolicy(`{"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {"": [{"type": "reject"}]}}}`)},
		{name: "a policy without a default", files: withPolicy(`{"transports": {}}`)},
		{name: "a policy that is broken", files: withPolicy(`{"default": [`)},
	}
	for i := range rows {
		rows[i].runtime = podman
	}
	return rows
}

// fileText is a content for a registry at host.
func fileText(content, host string) []byte {
	switch content {
	case frontCA:
		return authorities.front.pem
	case frontDER:
		block, _ := pem.Decode(authorities.front.pem)
		return block.Bytes
	case anotherCA:
		return authorities.public.pem
	case clientPair:
		return clientPEM
	}
	return []byte(filled(content, host))
}

// filled puts the registry into a text.
func filled(text, host string) string {
	name, _, _ := strings.Cut(host, ":")
	return strings.NewReplacer("HOST", host, "NAME", name).Replace(text)
}

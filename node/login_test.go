package node

import (
	"net/http"
	"testing"

	"registry_exporter/collector/testserver"
)

// passwords are the users whose passwords each host got.
func (w *world) passwords() map[string]string {
	got := map[string]string{}
	for _, r := range w.seen.Requests() {
		if user, _, sent := r.BasicAuth(); sent {
			got[r.Host] = user
		}
	}
	return got
}

// A login is for one host: neither a mirror nor the registry gets that of the other.
func TestALoginGoesToItsHostAlone(t *testing.T) {
	const (
		mirror  = "mirrors:\n  \"10.0.0.5:5000\":\n    endpoint: [\"https://mirror.example.org\"]\nconfigs:\n"
		ofOne   = "  mirror.example.org:\n    auth: {username: of-mirror, password: correct horse}\n"
		ofOther = "  \"10.0.0.5:5000\":\n    auth: {username: of-registry, password: correct horse}\n"
	)
	const (
		withMirror = "[[registry]]\nlocation = \"10.0.0.5:5000\"\n[[registry.mirror]]\nlocation = \"mirror.example.org\"\n"
		elsewhere  = "[[registry]]\nprefix = \"10.0.0.5:5000\"\nlocation = \"mirror.example.org\"\n"
		ofRegistry = `{"auths": {"10.0.0.5:5000": {"username": "of-registry", "password": "correct horse"}}}`
		ofMirror   = `{"auths": {"mirror.example.org": {"username": "of-mirror", "password": "correct horse"}}}`
	)
	crio := func(registries, auths string) map[string]string {
		return map[string]string{crioFile: "[crio.image]\nglobal_auth_file = \"/etc/crio/auth.json\"\n", policyFile: anything, registriesConf: registries, "/etc/crio/auth.json": auths}
	}
	refuses := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
	for name, c := range map[string]struct {
		runtime string
		files   map[string]string
		want    map[string]string
	}{
		"k3s, of the mirror":        {"k3s", map[string]string{registriesYAML: mirror + ofOne}, map[string]string{"mirror.example.org": "of-mirror"}},
		"k3s, of the registry":      {"k3s", map[string]string{registriesYAML: mirror + ofOther}, map[string]string{address: "of-registry"}},
		"k3s, of each":              {"k3s", map[string]string{registriesYAML: mirror + ofOne + ofOther}, map[string]string{"mirror.example.org": "of-mirror", address: "of-registry"}},
		"cri-o, of the registry":    {"cri-o", crio(withMirror, ofRegistry), map[string]string{address: "of-registry"}},
		"cri-o, of the mirror":      {"cri-o", crio(withMirror, ofMirror), map[string]string{"mirror.example.org": "of-mirror"}},
		"cri-o, of where it is not": {"cri-o", crio(elsewhere, ofRegistry), map[string]string{}},
		"cri-o, of where it is":     {"cri-o", crio(elsewhere, ofMirror), map[string]string{"mirror.example.org": "of-mirror"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, refuses, "10.0.0.5", "mirror.example.org")
			w.write("/etc/ssl/certs/ca-certificates.crt", theCA)
			for path, text := range c.files {
				w.write(path, text)
			}
			w.look(c.runtime, address, "library/base:1.0")
			got := w.passwords()
			if len(got) != len(c.want) {
				t.Errorf("passwords went to %v, want %v", got, c.want)
			}
			for host, user := range c.want {
				if got[host] != user {
					t.Errorf("%s got %q, want %q", host, got[host], user)
				}
			}
		})
	}
}

// A redirect of a mirror with override_path leads to its own path, wherever that is.
func TestRedirectsOfAMirrorWithAnotherPath(t *testing.T) {
	for _, to := range []string{"/", "/v2", "/elsewhere", ""} {
		w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hub/library/base/manifests/1.0" {
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusTemporaryRedirect)
				return
			}
			testserver.OpenRegistry(w, r)
		}, "mirror.example.org", "10.0.0.5")
		w.write("/etc/ssl/certs/ca-certificates.crt", theCA)
		w.write(containerdFile, withPath)
		w.write(containerdCerts+"/10.0.0.5:5000/hosts.toml", "[host.\"https://mirror.example.org/hub\"]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n")
		if v := w.look("containerd", address, "library/base:1.0"); v.State != StateFailed {
			t.Errorf("to %q: %+v", to, v)
		}
	}
}

// A comment in an environment file sets no proxy.
func TestProxiesInCommentsAreNone(t *testing.T) {
	m := &machine{root: t.TempDir()}
	w := &world{t: t, root: m.root}
	w.write("/etc/default/k3s", "# HTTPS_PROXY=http://old:3128\n; HTTP_PROXY=http://old:3128\nNO_PROXY=example.org\n")
	if p, _ := m.unitProxies("k3s-of-tests", "/etc/default/k3s"); p.https != "" || p.http != "" || p.none != "example.org" {
		t.Errorf("%+v", p)
	}
}

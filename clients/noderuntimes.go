package clients

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/core/remotes/docker/config"

	"registry_exporter/node"
)

// namedHost is the registry of containerd's rows: to what seems to be this machine containerd is less strict.
const namedHost = "registry.example.org:5000"

// clientPEM is a client certificate and its key, in one file.
var clientPEM = func() []byte {
	leaf := authorities.front.leaf(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
	key := must(x509.MarshalPKCS8PrivateKey(leaf.PrivateKey))
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
}()

// A nodeSite is a registry, and a node that is told of it as a row says.
type nodeSite struct {
	*site
	row   nodeRow
	name  string // of the registry, before the names of images
	root  string // of the node
	proxy *httptest.Server
}

func newNodeSite(row nodeRow, dir string) (*nodeSite, error) {
	s, err := newSite(&behaviour{https: !row.plain}, dir, nil)
	if err != nil {
		return nil, err
	}
	n := &nodeSite{site: s, row: row, name: s.host(), root: filepath.Join(dir, "root")}
	if row.runtime == containerd {
		n.name = namedHost
	}
	addr := s.front.Listener.Addr()
	shown := serverConfig(addr, authorities.front)
	shown.Certificates[0] = authorities.front.leaf(addr, func(c *x509.Certificate) {
		host, _, _ := net.SplitHostPort(namedHost)
		c.DNSNames = []string{host}
		if row.other {
			c.DNSNames, c.IPAddresses = []string{"other.example.org"}, []net.IP{net.IPv4(127, 0, 0, 9)}
		}
	})
	s.shows.Store(shown)
	n.proxy = httptest.NewServer(proxyTo(addr.String()))
	files := map[string]string{
		"/etc/containerd/config.toml":                         "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"/etc/containerd/certs.d\"\n",
		"/etc/systemd/system/containerd.service.d/proxy.conf": "[Service]\nEnvironment=HTTPS_PROXY=" + n.proxy.URL + " HTTP_PROXY=" + n.proxy.URL + "\n",
		policyJSON: `{"default": [{"type": "insecureAcceptAnything"}]}`,
		registries: "",
	}
	for path, text := range row.files {
		files[path] = text
	}
	for path, text := range files {
		if err := n.write(filled(path, n.name), fileText(text, n.name)); err != nil {
			n.close()
			return nil, err
		}
	}
	return n, nil
}

func (n *nodeSite) close() {
	n.proxy.Close()
	n.site.close()
}

func (n *nodeSite) write(path string, text []byte) error {
	file := filepath.Join(n.root, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// proxyTo leads all requests to one address.
func proxyTo(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		there, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		if r.Method == http.MethodConnect {
			_, err = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		} else {
			r.Header.Set("Connection", "close")
			err = r.Write(there)
		}
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(there, here) }()
		_, _ = io.Copy(here, there)
	}
}

// theirs is what the runtime itself makes of the row: containerd's own reading of hosts.toml, or skopeo.
func (n *nodeSite) theirs(ctx context.Context) result {
	if n.row.runtime == podman {
		return n.skopeoAsNode(ctx)
	}
	hosts := config.ConfigureHosts(quiet(ctx), config.HostOptions{
		HostDir: config.HostDirFromRoot(filepath.Join(n.root, containerdDir)),
		UpdateClient: func(c *http.Client) error {
			t, is := c.Transport.(*http.Transport)
			if !is {
				return errors.New("another transport")
			}
			t.DisableKeepAlives = true
			t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, n.front.Listener.Addr().String())
			}
			return nil
		},
	})
	return containerdPullFrom(ctx, n.site, n.name+"/"+repository+":"+tag, docker.NewResolver(docker.ResolverOptions{Hosts: hosts}))
}

// skopeoAsNode runs skopeo with the files of the row as those of its user, which it reads in place of those in /etc.
func (n *nodeSite) skopeoAsNode(ctx context.Context) result {
	program, err := exec.LookPath("skopeo")
	if err != nil {
		return result{skipped: "skopeo is not installed"}
	}
	home := filepath.Join(n.dir, "home")
	to := filepath.Join(n.dir, "to")
	if err := os.CopyFS(filepath.Join(home, ".config/containers"), os.DirFS(filepath.Join(n.root, "etc/containers"))); err != nil {
		return result{step: "none", err: err}
	}
	for _, dir := range []string{n.dir, home, to} {
		if err := n.folder(dir); err != nil {
			return result{step: "none", err: err}
		}
	}
	cmd := exec.CommandContext(ctx, program, "--tmpdir", n.dir, "--override-os", "linux", "--override-arch", "amd64", "copy", "--retry-times", "0", "docker://"+n.name+"/"+repository+":"+tag, "dir:"+to)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+n.dir)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		return result{step: "pull", err: errors.New(string(output))}
	}
	return result{}
}

// ours is the verdict of the command node.
func (n *nodeSite) nodeVerdict(ctx context.Context) (*node.Verdict, error) {
	r, err := node.ByAddress(n.name)
	if err != nil {
		return nil, err
	}
	report, err := node.Look(ctx, node.Options{Root: n.root, Registries: []*node.Registry{r}, Image: repository + ":" + tag})
	if err != nil {
		return nil, err
	}
	for _, v := range report.Verdicts {
		if v.Runtime == n.row.runtime {
			return v, nil
		}
	}
	return nil, errors.New("no verdict")
}

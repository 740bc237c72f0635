package node

import (
	"fmt"
	"net"
	"strings"

	"github.com/distribution/reference"

	"registry_exporter/config"
)

// A Registry is one that the machine should be able to pull from.
type Registry struct {
	Name    string // that people know: of the configuration, or else its address
	Site    string // empty: none
	Address string // as it stands before the names of its images: 10.0.0.5:5000
	CAFile  string // that the configuration names for it, a path of this process; empty: none
}

// dockerHub is the address that stands before the names of images of Docker Hub.
const dockerHub = "docker.io"

// ByAddress is a registry that no configuration names. text is such as 10.0.0.5:5000, registry.example.org or
// https://registry.example.org. An error says how to write it.
func ByAddress(text string) (*Registry, error) {
	address := text
	if _, rest, found := strings.Cut(text, "://"); found {
		address = strings.TrimSuffix(rest, "/")
	}
	named, err := reference.ParseNormalizedNamed(address + "/image")
	if err != nil || reference.Domain(named) != address {
		return nil, fmt.Errorf("%q is no registry as it stands before the name of an image: write it as 10.0.0.5:5000 or registry.example.org", text)
	}
	return &Registry{Name: address, Address: address}, nil
}

// Configured is a registry of the exporter's configuration. Its images are named by the host and port of its url; the port of its
// scheme is left out.
func Configured(r *config.Registry) *Registry {
	address := r.URL.Host
	if host, port, err := net.SplitHostPort(address); err == nil && port == map[string]string{"http": "80", "https": "443"}[r.URL.Scheme] {
		address = host
		if strings.Contains(host, ":") {
			address = "[" + host + "]"
		}
	}
	out := &Registry{Name: r.Name, Site: r.Site, Address: address}
	if r.HTTP != nil {
		out.CAFile = r.HTTP.TLSConfig.CAFile
	}
	return out
}

// hostOf is the host of an address, without port and brackets.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// isLocalhost says whether containerd takes an address for this machine: localhost, 127.0.0.0/8 and ::1.
func isLocalhost(address string) bool {
	host := hostOf(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

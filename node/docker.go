package node

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"
)

const (
	daemonFile = "/etc/docker/daemon.json"
	dockerCert = "/etc/docker/certs.d"
)

// docker is Docker Engine: daemon.json, certs.d and the logins of root.
type docker struct {
	m      *machine
	files  []string
	config daemonConfig
	wrong  *fault
	auths  []*authFile
	notes  []Note
}

// A daemonConfig is the part of daemon.json that is about registries.
type daemonConfig struct {
	Insecure []string `json:"insecure-registries"`
	Mirrors  []string `json:"registry-mirrors"`
	Proxies  struct {
		HTTP    string `json:"http-proxy"`
		HTTPS   string `json:"https-proxy"`
		NoProxy string `json:"no-proxy"`
	} `json:"proxies"`
	proxies proxies // of daemon.json, or else of its systemd unit
}

// newDocker is nil where Docker is not installed.
func newDocker(m *machine, homes []string) runtime {
	if !m.hasAny(daemonFile, "/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd", "/var/lib/docker") {
		return nil
	}
	d := &docker{m: m}
	d.config.proxies, d.files = m.unitProxies("docker")
	if text, err := m.read(daemonFile); err == nil {
		d.files = append(d.files, daemonFile)
		if err := json.Unmarshal(text, &d.config); err != nil {
			d.wrong = invalid(fmt.Sprintf("%s%s is no valid JSON: dockerd does not start with it", daemonFile, lineOfJSON(text, err)), "dockerd --validate --config-file "+daemonFile)
		}
	} else if m.has(daemonFile) {
		d.wrong = invalid(err.Error(), "ls -lL "+daemonFile)
	}
	if p := d.config.Proxies; p.HTTP+p.HTTPS != "" {
		d.config.proxies = proxies{p.HTTP, p.HTTPS, p.NoProxy}
	}
	var auths []string
	for _, home := range homes {
		auths = append(auths, path.Join(home, ".docker/config.json"))
	}
	d.auths, d.notes = m.readAuthFiles(auths...)
	return d
}

func (d *docker) name() string { return "docker" }

func (d *docker) plan(r *Registry, repository string) *plan {
	p := &plan{files: d.files, refused: d.wrong, notes: slices.Clone(d.notes), login: loginOf(d.auths, r.Address, repository)}
	if p.refused != nil {
		return p
	}
	if r.Address == dockerHub {
		for _, mirror := range d.config.Mirrors {
			d.addMirror(p, mirror)
		}
	}
	e := itself(r.Address)
	d.secure(p, e, r.Address)
	p.endpoints = append(p.endpoints, e)
	return p
}

// addMirror adds a mirror of Docker Hub: Docker knows none of other registries.
func (d *docker) addMirror(p *plan, mirror string) {
	e, err := parseEndpoint(mirror)
	if err != nil {
		p.refused = invalid(fmt.Sprintf("registry-mirrors in %s has %q, which is no URL: dockerd does not start with it", daemonFile, mirror), "dockerd --validate --config-file "+daemonFile)
		return
	}
	e.mirror, e.named = true, daemonFile
	d.secure(p, e, e.host)
	p.endpoints = append(p.endpoints, e)
}

// secure fills in how Docker trusts the registry at an address. Without verification it reads no folder of certs.d.
func (d *docker) secure(p *plan, e *endpoint, address string) {
	e.proxy = d.config.proxies.forURL(e)
	if entry := d.insecure(address); entry != "" {
		e.skip, e.fallback = "insecure-registries in "+daemonFile, e.scheme == "https"
		if entry == loopback {
			e.skip = "Docker itself, for this machine"
		}
		return
	}
	for _, entry := range d.config.Insecure {
		if host := withoutScheme(entry); host != address && hostOf(host) == hostOf(address) {
			p.note(fmt.Sprintf("write %q into insecure-registries of %s, and systemctl reload docker", address, daemonFile),
				fmt.Sprintf("insecure-registries has %q, which is not %q: Docker compares both with their ports", entry, address))
		}
	}
	folder := d.m.readCertFolder(path.Join(dockerCert, address))
	e.cas, e.pairs = folder.cas, folder.pairs
	p.notes = append(p.notes, folder.notes...)
	p.noteBeside(d.m, "Docker", dockerCert, address)
	p.refused = cmp.Or(p.refused, folder.wrong, folder.key)
}

// loopback stands for the entry 127.0.0.0/8, which Docker has by itself.
const loopback = "127.0.0.0/8"

// maxLookup bounds the look-up of a name, which Docker makes to compare it with networks.
const maxLookup = 3 * time.Second

// insecure is the entry of insecure-registries that names the registry, or a network that it is in; empty: none does.
func (d *docker) insecure(address string) string {
	networks := []string{loopback, "::1/128"}
	for _, entry := range d.config.Insecure {
		entry = withoutScheme(entry)
		if entry == address {
			return entry
		}
		if strings.Contains(entry, "/") {
			networks = append(networks, entry)
		}
	}
	for _, addr := range addressesOf(hostOf(address), len(networks) > 2) {
		for i, network := range networks {
			if prefix, err := netip.ParsePrefix(network); err == nil && prefix.Contains(addr) {
				if i < 2 {
					return loopback
				}
				return network
			}
		}
	}
	return ""
}

// addressesOf are those of a host. A name is looked up where that matters.
func addressesOf(host string, lookUp bool) []netip.Addr {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr.Unmap()}
	}
	if host == "localhost" {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	if !lookUp {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxLookup)
	defer cancel()
	found, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found
}

// withoutScheme is an entry of insecure-registries as Docker reads it.
func withoutScheme(entry string) string {
	return strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(entry), "http://"), "https://")
}

func (d *docker) trust(address, caFile string) string {
	dir := path.Join(dockerCert, address)
	return fmt.Sprintf("install -D -m 644 %s %s/ca.crt    # Docker reads it at the next pull", caFile, dir)
}

func (d *docker) plain(address string) string {
	return fmt.Sprintf("add \"insecure-registries\": [%q] to %s, and systemctl reload docker; better: serve the registry over TLS", address, daemonFile)
}

func (d *docker) login(address string) string { return "docker login " + address }

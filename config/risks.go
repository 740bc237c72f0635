package config

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// risks are what may be meant so and mostly is not: secrets that others can read, and lines that clients can forge.
func (r *Registry) risks() []string {
	var notes []string
	if a := r.AccessLog; a != nil && strings.Contains(a.Format, "escape=none") {
		notes = append(notes, "the log_format has escape=none: a client can write quotes and spaces into its line, and so statuses and times into the counters")
	}
	notes = append(notes, r.unencrypted()...)
	for _, h := range r.logins() {
		if h.TLSConfig.InsecureSkipVerify && (h.BasicAuth != nil || h.Authorization != nil) {
			notes = append(notes, "insecure_skip_verify: whoever answers in place of the registry gets the password")
			break
		}
	}
	for _, file := range r.secretFiles() {
		if info, err := os.Stat(file); err == nil && info.Mode()&0o004 != 0 {
			notes = append(notes, fmt.Sprintf("everybody on this machine may read the secret in %s (mode %04o)", file, info.Mode().Perm()))
		}
	}
	return notes
}

// unencrypted are notes about secrets that go over the network as they are.
func (r *Registry) unencrypted() []string {
	var notes []string
	for _, h := range r.logins() {
		if r.URL.Scheme == "http" && !isLoopback(r.URL.Hostname()) && (h.BasicAuth != nil || h.Authorization != nil) {
			notes = append(notes, "the password goes over plain HTTP: whoever is on the way reads it")
			break
		}
	}
	if s := r.Swift; s != nil && s.AuthURL.Scheme == "http" && !isLoopback(s.AuthURL.Hostname()) {
		notes = append(notes, "the key of swift goes over plain HTTP: whoever is on the way reads it")
	}
	if s := r.Redis; s != nil && s.TLSConfig == nil && (s.Password != "" || s.PasswordFile != "") {
		if host, _, err := net.SplitHostPort(s.Addr); err == nil && !isLoopback(host) {
			notes = append(notes, "the password of redis goes to another host without TLS (tls_config)")
		}
	}
	return notes
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost"
}

// secretFiles are the files of passwords and keys, each once.
func (r *Registry) secretFiles() []string {
	var files []string
	for _, h := range r.logins() {
		if h.BasicAuth != nil {
			files = append(files, h.BasicAuth.PasswordFile)
		}
		if h.Authorization != nil {
			files = append(files, h.Authorization.CredentialsFile)
		}
	}
	if r.Swift != nil {
		files = append(files, r.Swift.KeyFile)
	}
	if r.Redis != nil {
		files = append(files, r.Redis.PasswordFile)
	}
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(file string) bool { return file == "" })
}

// hasPassword says whether a user and a password are there that a token server would get.
func (r *Registry) hasPassword() bool {
	for _, h := range r.logins() {
		ofMSR := r.MSR != nil && h == r.MSR.HTTP && h != r.HTTP // it is sent to replicas alone
		if h.BasicAuth != nil && !ofMSR {
			return true
		}
	}
	return false
}

// logins are the ways to log in to the registry.
func (r *Registry) logins() []*promconfig.HTTPClientConfig {
	all := []*promconfig.HTTPClientConfig{r.HTTP}
	if r.Pull != nil {
		all = append(all, r.Pull.HTTP)
	}
	if r.Push != nil {
		all = append(all, r.Push.HTTP)
	}
	if r.MSR != nil {
		all = append(all, r.MSR.HTTP)
	}
	return all
}

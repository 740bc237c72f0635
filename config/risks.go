package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// risks are notes about secrets that others can read, and about log lines that clients can forge.
func (r *Registry) risks() []string {
	var notes []string
	if a := r.AccessLog; a != nil && strings.Contains(a.Format, "escape=none") {
		notes = append(notes, "the log_format has escape=none: a client can write quotes and spaces into its line, and so statuses and times into the counters")
	}
	notes = append(notes, r.unencrypted()...)
	notes = append(notes, r.unverified()...)
	for _, file := range r.secretFiles() {
		info, err := os.Stat(file)
		switch {
		case err != nil:
		case info.Mode()&0o004 != 0:
			notes = append(notes, fmt.Sprintf("everybody on this machine may read the secret in %s (mode %04o)", file, info.Mode().Perm()))
		case info.Mode()&0o002 != 0:
			notes = append(notes, fmt.Sprintf("everybody on this machine may replace the secret in %s (mode %04o)", file, info.Mode().Perm()))
		}
	}
	return notes
}

// unencrypted are notes about secrets that go over the network without TLS.
func (r *Registry) unencrypted() []string {
	var notes []string
	for _, l := range r.logins() {
		for _, u := range l.urls {
			if hasSecret(l.http) && goesInClear(u) {
				notes = append(notes, "the password goes to "+u.Address()+" over plain HTTP: whoever is on the way reads it")
			}
		}
		if o := l.http.OAuth2; o != nil {
			if u, err := url.Parse(o.TokenURL); err == nil && goesInClear(URL{u}) {
				notes = append(notes, "the client secret goes to "+u.Host+" over plain HTTP: whoever is on the way reads it")
			}
		}
	}
	if s := r.Swift; s != nil {
		if goesInClear(s.AuthURL) {
			notes = append(notes, "the key of swift goes over plain HTTP: whoever is on the way reads it")
		}
		if s.StorageURL.URL != nil && goesInClear(s.StorageURL) {
			notes = append(notes, "the token of swift goes over plain HTTP: whoever is on the way reads it")
		}
	}
	if s := r.Redis; s != nil && s.TLSConfig == nil && s.hasPassword() {
		if host, _, err := net.SplitHostPort(s.Addr); err == nil && !isLoopback(host) {
			notes = append(notes, "the password of redis goes to another host without TLS (tls_config)")
		}
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}

func goesInClear(u URL) bool { return u.Scheme == "http" && !isLoopback(u.Hostname()) }

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// unverified are notes about secrets that are sent with insecure_skip_verify: anybody may answer.
func (r *Registry) unverified() []string {
	var notes []string
	for _, l := range r.logins() {
		if l.http.TLSConfig.InsecureSkipVerify && hasSecret(l.http) || l.http.OAuth2 != nil && l.http.OAuth2.TLSConfig.InsecureSkipVerify {
			notes = append(notes, "insecure_skip_verify: whoever answers in place of "+l.urls[0].Hostname()+" gets the password")
		}
	}
	if s := r.Swift; s != nil && s.TLSConfig != nil && s.TLSConfig.InsecureSkipVerify {
		notes = append(notes, "insecure_skip_verify: whoever answers in place of swift gets its key")
	}
	if s := r.Redis; s != nil && s.TLSConfig != nil && s.TLSConfig.InsecureSkipVerify && s.hasPassword() {
		notes = append(notes, "insecure_skip_verify: whoever answers in place of redis gets its password")
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}

func (r *Redis) hasPassword() bool { return r.Password != "" || r.PasswordFile != "" }

// hasSecret says whether requests carry a secret.
func hasSecret(h *promconfig.HTTPClientConfig) bool {
	if h.HTTPHeaders != nil {
		for _, header := range h.HTTPHeaders.Headers {
			if len(header.Secrets)+len(header.Files) > 0 {
				return true
			}
		}
	}
	return h.BasicAuth != nil || h.Authorization != nil || h.OAuth2 != nil
}

// secretFiles are the files of passwords and keys, each once.
func (r *Registry) secretFiles() []string {
	var files []string
	for _, l := range r.logins() {
		files = append(files, l.http.TLSConfig.KeyFile)
		if a := l.http.BasicAuth; a != nil {
			files = append(files, a.PasswordFile)
		}
		if a := l.http.Authorization; a != nil {
			files = append(files, a.CredentialsFile)
		}
		if o := l.http.OAuth2; o != nil {
			files = append(files, o.ClientSecretFile, o.TLSConfig.KeyFile)
		}
		if l.http.HTTPHeaders != nil {
			for _, header := range l.http.HTTPHeaders.Headers {
				files = append(files, header.Files...)
			}
		}
	}
	if s := r.Swift; s != nil {
		files = append(files, s.KeyFile)
		if s.TLSConfig != nil {
			files = append(files, s.TLSConfig.KeyFile)
		}
	}
	if s := r.Redis; s != nil {
		files = append(files, s.PasswordFile)
		if s.TLSConfig != nil {
			files = append(files, s.TLSConfig.KeyFile)
		}
	}
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(file string) bool { return file == "" })
}

// hasPassword says whether the registry has a user and a password that a token server would get.
func (r *Registry) hasPassword() bool {
	return slices.ContainsFunc(r.logins(), func(l login) bool { return l.asksTokens && l.http.BasicAuth != nil })
}

// A login is a client configuration, and the URLs that are asked with it.
type login struct {
	http       *promconfig.HTTPClientConfig
	urls       []URL // one at least
	asksTokens bool  // the password also goes to the token server that a challenge of the registry names
}

// logins are all logins over HTTP of a registry, but for that of Swift.
func (r *Registry) logins() []login {
	addresses := append([]URL{r.URL}, r.Backends...)
	all := []login{{r.HTTP, addresses, true}}
	if r.Pull != nil {
		all = append(all, login{r.Pull.HTTP, addresses, true})
	}
	if r.Push != nil {
		all = append(all, login{r.Push.HTTP, addresses[:1], true})
	}
	if r.MSR != nil {
		all = append(all, login{r.MSR.HTTP, r.MSR.Replicas, false})
		if r.MSR.Trust != nil {
			all = append(all, login{r.MSR.HTTP, addresses[:1], true})
		}
	}
	if r.Trust != nil {
		all = append(all, login{r.Trust.HTTP, []URL{r.Trust.URL}, false})
	}
	if r.Harbor != nil {
		all = append(all, login{r.Harbor.HTTP, addresses[:1], false})
	}
	for _, e := range []*Endpoints{r.Nginx, r.Debug} {
		if e != nil {
			all = append(all, login{e.HTTP, e.URLs, false})
		}
	}
	return all
}

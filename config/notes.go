package config

import (
	"fmt"

	promconfig "github.com/prometheus/common/config"
)

// Notes are what --config.check tells of a configuration that is right, each beginning with the name of its registry: what
// only the network can show, or what may be meant so and mostly is not.
func (c *Config) Notes() []string {
	var notes []string
	for _, r := range c.Registries {
		for _, note := range r.notes() {
			name := r.Name
			if r.Site != "" {
				name += "@" + r.Site
			}
			notes = append(notes, name+": "+note)
		}
	}
	return notes
}

func (r *Registry) notes() []string {
	var notes []string
	if r.hasPassword() && r.Realms == nil {
		notes = append(notes, fmt.Sprintf("if it hands out tokens, the password goes to %s and to hosts under the same domain alone. "+
			"A token server elsewhere needs its host in realms: registry_exporter check %s asks which it is", r.URL.Hostname(), r.Name))
	}
	return notes
}

// hasPassword says whether a user and a password are there that a token server would get.
func (r *Registry) hasPassword() bool {
	for _, h := range r.logins() {
		if h.BasicAuth != nil {
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
	return all
}

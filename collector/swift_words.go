package collector

import (
	"fmt"
	"slices"
)

func (s *swiftStore) words() words {
	return words{
		place: s.place().always(),
		facts: swiftFacts,
		alert: func(_ *view, res result) string {
			if why := reason(res.err); isOurs(why) && why != reasonNotFound { // a container that is gone, or whose servers are down
				return cannotLook
			}
			return "RegistryStorageDown"
		},
		advice: append(s.proxyAdvice(), s.containerAdvice()...),
	}
}

func swiftFacts(_ *view, res result) []string {
	objects, found := res.value(swiftObjects)
	if bytes, _ := res.value(swiftBytes); found {
		return []string{plural(int(objects), "object", "objects"), size(bytes)}
	}
	return nil
}

// proxyAdvice is about Swift's proxy and its login.
func (s *swiftStore) proxyAdvice() []advice {
	return []advice{
		{reasons: reasonRefused, what: "nothing listens at {endpoint}: Swift's proxy is stopped, or the port is wrong", try: "systemctl status swift-proxy   # on {host}"},
		{reasons: reasonTimeout, what: "Swift at {endpoint} does not answer in time: its proxy hangs, storage servers behind it do, or a firewall drops what is sent", try: tryRequest},
		{reasons: reasonUnauthorized, what: "Swift does not let us in: user or key is wrong, or the account was changed", try: tryRequest},
		{reasons: anyOf(reasonUnavailable, reasonServerError), what: "Swift's proxy answers, but what is behind it does not: its storage servers or its account database", try: tryRequest},
	}
}

// containerAdvice is about the registry's container.
func (s *swiftStore) containerAdvice() []advice {
	return []advice{
		{reasons: reasonForbidden, what: "the account is known but may not read the container " + s.cfg.Container, try: tryRequest},
		{reasons: reasonNotFound, what: "Swift does not find the container " + s.cfg.Container + ": it was deleted, its name is another, or the servers behind Swift's proxy are down", try: tryRequest},
	}
}

func (c *swiftCount) words() words {
	return words{place: c.place().always(), advice: append(c.proxyAdvice(), c.containerAdvice()...)}
}

func (p *swiftProbe) words() words {
	containers := p.cfg.Container
	if p.container != "" {
		containers += ", " + p.container
	}
	return words{
		place: p.place().always(),
		alert: probeAlert,
		advice: append(p.proxyAdvice(),
			advice{reasons: reasonForbidden, what: "the account may not read, or not write to the container of the probe: give it the right, or leave that container out to read only", try: tryRequest},
			advice{reasons: reasonNotFound, what: "Swift does not find a container that the probe needs (" + containers + "): it was never made, or was deleted, or the servers behind Swift's proxy are down", try: tryRequest},
			advice{reasons: anyOf(reasonMissingBlob, reasonShortRead, reasonDigestMismatch), what: "Swift lists objects and does not hand them out as they are: its object servers are down, or lose data", try: tryRequest},
			advice{reasons: reasonNoSpace, what: "the store is full: nothing can be pushed until space is made", try: "df -h   # on the servers of the store"}),
	}
}

// probeAlert tells a store that only refuses writes from one that is down.
func probeAlert(v *view, res result) string {
	reads := slices.ContainsFunc(res.samples, func(s sample) bool { return s.metric == swiftReadSuccess && s.value == 1 })
	switch {
	case isOurs(reason(res.err)):
		return cannotLook
	case !reads:
		return "RegistryStorageDown"
	case v.passive:
		return "RegistryPassiveSiteProbeFails"
	}
	return "RegistryStorageReadOnly"
}

func (s *swiftStore) place() place {
	p := placeOf(s.endpoint)
	p.name = p.host
	if t := s.cfg.TLSConfig; t != nil {
		p.caFile = t.CAFile
		if t.ServerName != "" {
			p.name = t.ServerName
		}
	}
	p.request = s.command(p.caFile)
	return p
}

// command is Swift's own client. It names the file of the key, and never holds the key.
func (s *swiftStore) command(caFile string) string {
	c := s.cfg
	key, command := `"$KEY"`, "read -rs KEY; "
	if c.KeyFile != "" {
		key, command = `"$(cat `+quote(c.KeyFile)+`)"`, ""
	}
	if c.AuthVersion == 1 {
		command += fmt.Sprintf("swift -A %s -U %s -K %s", quote(c.AuthURL.String()), quote(c.Username), key)
	} else {
		command += fmt.Sprintf("swift --os-auth-url %s --os-username %s --os-password %s", quote(c.AuthURL.String()), quote(c.Username), key)
		command += option("--os-project-name", c.Tenant) + option("--os-user-domain-name", c.Domain) +
			option("--os-project-domain-name", c.Domain) + option("--os-region-name", c.Region)
	}
	if c.StorageURL.URL != nil {
		command += option("--os-storage-url", c.StorageURL.String())
	}
	return command + option("--os-cacert", caFile) + " stat " + quote(c.Container)
}

// option is an option of a command with its value, and nothing without one.
func option(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + " " + quote(value)
}

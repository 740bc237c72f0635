package swift

import (
	"fmt"
	"slices"

	"registry_exporter/collector/source"
)

func (s *store) words() source.Words {
	return source.Words{
		Place: s.place().Always(),
		Facts: containerFacts,
		Alert: func(_ *source.View, res source.Result) string {
			if why := source.Reason(res.Err); source.IsOurs(why) && why != source.ReasonNotFound { // a container that is gone, or whose servers are down
				return source.CannotLook
			}
			return "RegistryStorageDown"
		},
		Advice: append(s.proxyAdvice(), s.containerAdvice()...),
	}
}

func containerFacts(_ *source.View, res source.Result) []string {
	objects, found := res.Value(containerObjects)
	if bytes, _ := res.Value(containerBytes); found {
		return []string{source.Plural(int(objects), "object", "objects"), source.Size(bytes)}
	}
	return nil
}

// proxyAdvice is about Swift's proxy and its login.
func (s *store) proxyAdvice() []source.Advice {
	return []source.Advice{
		{Reasons: source.ReasonRefused, What: "nothing listens at {endpoint}: Swift's proxy is stopped, or the port is wrong", Try: "systemctl status swift-proxy   # on {host}"},
		{Reasons: source.ReasonTimeout, What: "Swift at {endpoint} does not answer in time: its proxy hangs, storage servers behind it do, or a firewall drops what is sent", Try: source.TryRequest},
		{Reasons: source.ReasonUnauthorized, What: "Swift does not let us in: user or key is wrong, or the account was changed", Try: source.TryRequest},
		{Reasons: source.AnyOf(source.ReasonUnavailable, source.ReasonServerError), What: "Swift's proxy answers, but what is behind it does not: its storage servers or its account database", Try: source.TryRequest},
	}
}

// containerAdvice is about the registry's container.
func (s *store) containerAdvice() []source.Advice {
	return []source.Advice{
		{Reasons: source.ReasonForbidden, What: "the account is known but may not read the container " + s.cfg.Container, Try: source.TryRequest},
		{Reasons: source.ReasonNotFound, What: "Swift does not find the container " + s.cfg.Container + ": it was deleted, its name is another, or the servers behind Swift's proxy are down", Try: source.TryRequest},
	}
}

func (c *counter) words() source.Words {
	return source.Words{Place: c.place().Always(), Advice: append(c.proxyAdvice(), c.containerAdvice()...)}
}

func (p *prober) words() source.Words {
	containers := p.cfg.Container
	if p.container != "" {
		containers += ", " + p.container
	}
	return source.Words{
		Place: p.place().Always(),
		Alert: probeAlert,
		Advice: append(p.proxyAdvice(),
			source.Advice{Reasons: source.ReasonForbidden, What: "the account may not read, or not write to the container of the probe: give it the right, or leave that container out to read only", Try: source.TryRequest},
			source.Advice{Reasons: source.ReasonNotFound, What: "Swift does not find a container that the probe needs (" + containers + "): it was never made, or was deleted, or the servers behind Swift's proxy are down", Try: source.TryRequest},
			source.Advice{Reasons: source.AnyOf(source.ReasonMissingBlob, source.ReasonShortRead, source.ReasonDigestMismatch), What: "Swift lists objects and does not hand them out as they are: its object servers are down, or lose data", Try: source.TryRequest},
			source.Advice{Reasons: source.ReasonNoSpace, What: "the store is full: nothing can be pushed until space is made", Try: "df -h   # on the servers of the store"}),
	}
}

// probeAlert tells a store that only refuses writes from one that is down.
func probeAlert(v *source.View, res source.Result) string {
	reads := slices.ContainsFunc(res.Samples, func(s source.Sample) bool { return s.Metric.Name == readSuccess.Name && s.Value == 1 })
	switch {
	case source.IsOurs(source.Reason(res.Err)):
		return source.CannotLook
	case !reads:
		return "RegistryStorageDown"
	case v.Passive:
		return "RegistryPassiveSiteProbeFails"
	}
	return "RegistryStorageReadOnly"
}

func (s *store) place() source.Place {
	p := source.PlaceOf(s.endpoint)
	p.Name = p.Host
	if t := s.cfg.TLSConfig; t != nil {
		p.CAFile = t.CAFile
		if t.ServerName != "" {
			p.Name = t.ServerName
		}
	}
	p.Request = s.command(p.CAFile)
	return p
}

// command is Swift's own client. It names the file of the key, and never holds the key.
func (s *store) command(caFile string) string {
	c := s.cfg
	key, command := `"$KEY"`, "read -rs KEY; "
	if c.KeyFile != "" {
		key, command = `"$(cat `+source.Quote(c.KeyFile)+`)"`, ""
	}
	if c.AuthVersion == 1 {
		command += fmt.Sprintf("swift -A %s -U %s -K %s", source.Quote(c.AuthURL.String()), source.Quote(c.Username), key)
	} else {
		command += fmt.Sprintf("swift --os-auth-url %s --os-username %s --os-password %s", source.Quote(c.AuthURL.String()), source.Quote(c.Username), key)
		command += option("--os-project-name", c.Tenant) + option("--os-user-domain-name", c.Domain) +
			option("--os-project-domain-name", c.Domain) + option("--os-region-name", c.Region)
	}
	if c.StorageURL.URL != nil {
		command += option("--os-storage-url", c.StorageURL.String())
	}
	return command + option("--os-cacert", caFile) + " stat " + source.Quote(c.Container)
}

// option is an option of a command with its value, and nothing without one.
func option(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + " " + source.Quote(value)
}

package swift

import (
	"slices"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// words are those of the collector swift.
func (s *store) words() source.Words {
	return source.Words{
		Place: s.place().Always(),
		Facts: s.facts,
		Alert: func(v *source.View, res source.Result) string {
			if isOurs(v, res) {
				return source.CannotLook
			}
			return "RegistryStorageDown"
		},
		Advice: append(s.proxyAdvice(), s.containerAdvice()...),
	}
}

// isOurs says whether Swift refuses the exporter alone. A 404 is no such refusal: the container is gone, or its servers
// are down. Neither is a key that Swift took before, and refuses now, while pulls and pushes fail: it was changed in
// Swift, and the registry has the old one, too. While pulls and pushes work, Swift limits the requests of the exporter
// alone.
func isOurs(v *source.View, res source.Result) bool {
	switch why := source.Reason(res.Err); {
	case why == source.ReasonRateLimited:
		return !v.ClientsFail
	case why == source.ReasonNotFound || !source.IsOurs(why):
		return false
	}
	return res.IsOurs(res.Err) || !v.ClientsFail
}

// facts are such as "3 objects", "1.0 KiB" and "tokens go to storage.example.org:443".
func (s *store) facts(_ *source.View, res source.Result) []string {
	var facts []string
	objects, found := res.Value(containerObjects)
	if bytes, _ := res.Value(containerBytes); found {
		facts = append(facts, source.Plural(int(objects), "object", "objects"), source.Size(bytes))
	}
	if host := s.storageHost(); host != "" && source.Reason(res.Err) != source.ReasonRedirectRefused {
		facts = append(facts, "tokens go to "+ask.HostText(host))
	}
	return facts
}

// proxyAdvice is about failures of Swift's proxy and of the login.
func (s *store) proxyAdvice() []source.Advice {
	return []source.Advice{
		{Reasons: source.ReasonRefused, What: "nothing listens at {address}: Swift's proxy is stopped, or the port is wrong", Try: "systemctl status swift-proxy   # on {host}"},
		{Reasons: source.ReasonTimeout, What: "Swift at {address} does not answer in time: its proxy hangs, storage servers behind it do, or a firewall drops what is sent", Try: source.TryRequest},
		{Reasons: source.ReasonRateLimited, What: "Swift counts too many requests of the account, and refuses more of them: its ratelimit middleware, or a front", Try: source.TryRequest},
		{Reasons: source.ReasonUnauthorized, What: "Swift does not let us in: user or key is wrong, or the account was changed", Try: source.TryRequest},
		{Reasons: source.AnyOf(source.ReasonUnavailable, source.ReasonServerError), What: "Swift's proxy answers, but what is behind it does not: its storage servers or its account database", Try: source.TryRequest},
	}
}

// containerAdvice is about failures of the registry's container.
func (s *store) containerAdvice() []source.Advice {
	return []source.Advice{
		{Reasons: source.ReasonForbidden, What: "the account is known but may not read the container " + s.cfg.Container, Try: source.TryRequest},
		{Reasons: source.ReasonNotFound, What: "Swift does not find the container " + s.cfg.Container + ": it was deleted, its name is another, or the servers behind Swift's proxy are down", Try: source.TryRequest},
	}
}

// words are those of the collector swift_count.
func (c *counter) words() source.Words {
	return source.Words{Place: c.place().Always(), Advice: append(c.proxyAdvice(), c.containerAdvice()...)}
}

// words are those of the collector swift_probe.
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

// probeAlert returns RegistryStorageReadOnly for a store from which objects can be read and to which none can be written,
// and RegistryStorageDown for a store from which none can be read.
func probeAlert(v *source.View, res source.Result) string {
	reads := slices.ContainsFunc(res.Samples, func(s source.Sample) bool { return s.Metric.Name == readSuccess.Name && s.Value == 1 })
	switch {
	case isOurs(v, res), source.Reason(res.Err) == source.ReasonNotFound && (reads || res.IsOurs(res.Err)):
		return source.CannotLook
	case !reads:
		return "RegistryStorageDown"
	case v.Passive:
		return "RegistryPassiveSiteProbeFails"
	}
	return "RegistryStorageReadOnly"
}

package collector

import "registry_exporter/collector/source"

// companions are the readers of logs that run, by collector and registry, such as "access hub@eqiad".
type companions map[string]*source.Companion

// change stops the companions that registries do not have, starts those that do not run yet, and returns all that run
// now. One whose part of the configuration is the same goes on. The next one of a registry and collector gets the
// handover of the last.
func (c companions) change(registries []*target) companions {
	next := companions{}
	for _, r := range registries {
		for _, s := range r.sources {
			if s.Companion != nil {
				next[s.Collector+" "+r.instance()] = s.Companion
			}
		}
	}
	handovers := map[string][]byte{}
	for name, one := range c { // stop before any starts: two may listen on the same port
		if next[name] != one {
			handovers[name] = one.Stop()
		}
	}
	for name, one := range next {
		if c[name] != one {
			one.Start(handovers[name])
		}
	}
	return next
}

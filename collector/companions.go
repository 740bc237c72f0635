package collector

import "registry_exporter/collector/source"

// companions are those that run, by the instance of their registry.
type companions map[string]*source.Companion

// change makes those of the registries run, and no others. One whose configuration is as before just goes on.
func (c companions) change(registries []*target) companions {
	next := companions{}
	for _, r := range registries {
		for _, s := range r.sources {
			if s.Companion != nil {
				next[r.instance()] = s.Companion
			}
		}
	}
	handovers := map[string][]byte{}
	for name, one := range c { // all that stop first: another may want to listen where one listened
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

package collector

import "registry_exporter/accesslog"

// tails are the readers of access logs that run, by the instance of their registry.
type tails map[string]*accesslog.Tailer

// change makes those of the registries run, and no others. One whose configuration is as before just goes on.
func (t tails) change(registries []*registry) tails {
	next := tails{}
	for _, r := range registries {
		for _, s := range r.sources {
			if s.tail != nil {
				next[r.instance()] = s.tail
			}
		}
	}
	states := map[string][]byte{}
	for name, tail := range t { // all that stop first: another may want to listen where one listened
		if next[name] != tail {
			states[name] = tail.Stop()
		}
	}
	for name, tail := range next {
		if t[name] != tail {
			tail.Start(states[name])
		}
	}
	return next
}

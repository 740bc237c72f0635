package main

import (
	"net/http"

	"registry_exporter/collector"
	"registry_exporter/runbooks"
)

// known is what runbooks say of the registry that a link names, and whom to call. With --web.public=metrics it is nothing.
func known(f *flags, e *collector.Exporter) func(r *http.Request, registry, site string) runbooks.Known {
	return func(r *http.Request, registry, site string) runbooks.Known {
		if f.public == publicMetrics {
			return runbooks.Known{}
		}
		if s := e.Situation(r, registry, site); s != nil {
			return ofOne(s)
		}
		var k runbooks.Known
		for name, c := range e.Contacts() {
			k.Contacts = append(k.Contacts, runbooks.Contact{Registry: name, For: c.For, Call: c.Call})
		}
		return k
	}
}

// ofOne is what is known of the registry of a link.
func ofOne(s *collector.Situation) runbooks.Known {
	k := runbooks.Known{Registry: s.Name(), Query: s.Query, Words: s.Words}
	for _, found := range s.Findings {
		k.Wrong = append(k.Wrong, runbooks.Finding{What: found.Collector + " at " + found.Address + ": " + found.What, Try: found.Try})
	}
	for _, c := range s.Contacts {
		k.Contacts = append(k.Contacts, runbooks.Contact{Registry: s.Name(), For: c.For, Call: c.Call})
	}
	return k
}

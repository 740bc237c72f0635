package collector

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// find is the registry of /probe?registry=NAME&site=SITE. site may be empty when the registry has one site or none.
// With an error it also returns the status to answer: 400 or 404.
func (l *live) find(name, site string) (*target, int, error) {
	if name == "" {
		return nil, http.StatusBadRequest, fmt.Errorf("registry is missing: /probe?registry=NAME, one of: %s", strings.Join(l.names(), ", "))
	}
	var found []*target
	var sites []string
	for _, r := range l.registries {
		if r.name == name && (site == "" || r.site == site) {
			found = append(found, r)
			sites = append(sites, r.site)
		}
	}
	switch len(found) {
	case 0:
		return nil, http.StatusNotFound, fmt.Errorf("no registry %q, site %q in the configuration; there are: %s", name, site, strings.Join(l.names(), ", "))
	case 1:
		return found[0], http.StatusOK, nil
	}
	return nil, http.StatusBadRequest, fmt.Errorf("registry %q has several sites: add &site= with one of: %s", name, strings.Join(sites, ", "))
}

// named are the registries of the command check: "hub" is all sites of the registry hub, "hub@eqiad" is one of them.
// Without names they are all registries. They stand in the order of the configuration, each once.
func (l *live) named(names []string) ([]*target, error) {
	if len(names) == 0 {
		return l.registries, nil
	}
	var found []*target
	for _, name := range names {
		before := len(found)
		for _, r := range l.registries {
			if name == r.name || name == r.instance() {
				found = append(found, r)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("no registry %q in the configuration; there are: %s (the URL of another begins with https://)", name, strings.Join(l.names(), ", "))
		}
	}
	slices.SortStableFunc(found, func(a, b *target) int {
		return slices.Index(l.registries, a) - slices.Index(l.registries, b)
	})
	return slices.Compact(found), nil
}

// names are those of all registries, such as "hub@eqiad" and "other".
func (l *live) names() []string {
	var names []string
	for _, r := range l.registries {
		names = append(names, r.instance())
	}
	return names
}

// everything wants all collectors.
func everything(string) bool { return true }

// wantedCollectors says which collectors names has: all of them when it is empty.
func wantedCollectors(names []string) (func(string) bool, error) {
	if len(names) == 0 {
		return everything, nil
	}
	var known []string
	for _, c := range collectorTable {
		known = append(known, c.name)
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("no collector %q; there are: %s", n, strings.Join(known, ", "))
		}
	}
	return func(c string) bool { return slices.Contains(names, c) }, nil
}

package trust

import (
	"net"
	"slices"
	"strings"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// A place is a repository that is counted by name. It stays one, since a counter must not vanish.
type place struct {
	Repository string `json:"repository"`
	tally
}

// A candidate is a repository that may get a place later.
type candidate struct {
	Repository string `json:"repository"`
	Changes    int    `json:"changes"`
}

// candidatesPerPlace bounds the candidates: a new one then takes the place of the one with the fewest changes.
const candidatesPerPlace = 4

// placeOf is where the changes of a repository are counted: by its name, or together with others. Changes from before it got a place
// stay with the others. It gets a free place by its number of changes:
//
//	places taken       changes before it gets one
//	less than 1/2      1
//	less than 3/4      3
//	less than all      10
func (s *saved) placeOf(repository string, most int) *tally {
	i := slices.IndexFunc(s.Repositories, func(p place) bool { return p.Repository == repository })
	if i >= 0 {
		return &s.Repositories[i].tally
	}
	taken, needs := len(s.Repositories), 10
	switch {
	case taken >= most || repository == other:
		return &s.Other
	case taken < (most+1)/2:
		needs = 1
	case taken < most*3/4:
		needs = 3
	}
	if s.changesOf(repository, most) < needs {
		return &s.Other
	}
	s.Candidates = slices.DeleteFunc(s.Candidates, func(c candidate) bool { return c.Repository == repository })
	s.Repositories = append(s.Repositories, place{Repository: repository})
	return &s.Repositories[taken].tally
}

// changesOf counts a change of a candidate, and returns how many it has had.
func (s *saved) changesOf(repository string, most int) int {
	least := 0
	for i := range s.Candidates {
		c := &s.Candidates[i]
		if c.Repository == repository {
			c.Changes++
			return c.Changes
		}
		if c.Changes < s.Candidates[least].Changes {
			least = i
		}
	}
	if len(s.Candidates) >= candidatesPerPlace*most {
		s.Candidates = slices.Delete(s.Candidates, least, least+1)
	}
	s.Candidates = append(s.Candidates, candidate{repository, 1})
	return 1
}

// repositoryOf is the repository of a GUN: the name without the registry's own host. It is other when it cannot be shown.
//
//	msr.example.org/library/nginx     library/nginx, where that is the registry
//	other.example.org/library/nginx   other.example.org/library/nginx
func (r *reader) repositoryOf(gun string) string {
	host, rest, found := strings.Cut(gun, "/")
	if found && slices.ContainsFunc(r.own, func(own string) bool { return strings.EqualFold(own, host) }) {
		gun = rest
	}
	if !isShown(gun) {
		return other
	}
	return gun
}

// hostsOf are the spellings of the host of a registry in a GUN: with its port, and without one that is the default.
func hostsOf(front config.URL) []string {
	hosts := []string{front.Host, front.Address()}
	if _, port, err := net.SplitHostPort(front.Address()); err == nil && (front.Scheme == "https" && port == "443" || front.Scheme == "http" && port == "80") {
		hosts = append(hosts, front.Hostname())
	}
	return hosts
}

// isShown says whether a name of a repository can stand in a label as it is.
func isShown(name string) bool {
	return name != "" && name != other && len(name) <= source.MaxLabelBytes && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

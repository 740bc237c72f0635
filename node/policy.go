package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A policy is policy.json, which says of which registries images are taken.
type policy struct {
	file       string
	Default    []requirement                       `json:"default"`
	Transports map[string]map[string][]requirement `json:"transports"`
}

// A requirement is what an image has to meet: insecureAcceptAnything, reject, signedBy or sigstoreSigned.
type requirement struct {
	Type string `json:"type"`
}

// readPolicy reads a policy. Without one, and with one that is no policy, nothing is pulled.
func (m *machine) readPolicy(file string) (*policy, error) {
	if file == policyFile && !m.has(file) && m.has(policyUsr) {
		file = policyUsr
	}
	text, err := m.read(file)
	if err != nil {
		return nil, err
	}
	p := &policy{file: file}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("%s%s is no valid JSON", file, lineOfJSON(text, err))
	}
	if len(p.Default) == 0 {
		return nil, errors.New(file + " has no default")
	}
	return p, nil
}

// of is what images of a repository have to meet, and the scope that says so; the most exact scope counts.
func (p *policy) of(address, repository string) (list []requirement, scope string) {
	docker := p.Transports["docker"]
	for name := strings.TrimSuffix(address+"/"+repository, "/"); name != ""; {
		if list, found := docker[name]; found {
			return list, name
		}
		name = name[:max(strings.LastIndexByte(name, '/'), 0)]
	}
	for _, rest, found := strings.Cut(address, "."); found; _, rest, found = strings.Cut(rest, ".") {
		if list, is := docker["*."+rest]; is {
			return list, "*." + rest
		}
	}
	if list, found := docker[""]; found {
		return list, "docker"
	}
	return p.Default, "default"
}

// refusal is why images of a repository are not taken; nil when they may be. A signature that has to be there is noted.
func (p *policy) refusal(plan *plan, address, repository string) *fault {
	list, scope := p.of(address, repository)
	for _, one := range list {
		switch one.Type {
		case "insecureAcceptAnything":
		case "reject":
			return &fault{
				reasonPolicy, fmt.Sprintf("%s rejects images of %s (%s)", p.file, address, scope),
				fmt.Sprintf("add to transports.docker in %s: %q: [{\"type\": \"insecureAcceptAnything\"}]", p.file, address),
			}
		default:
			plan.note("", fmt.Sprintf("%s takes signed images alone (%s, %s): no signature is looked at here", p.file, scope, one.Type))
		}
	}
	if len(list) == 0 {
		return &fault{reasonPolicy, fmt.Sprintf("%s has an empty list for %s: nothing is taken", p.file, scope), "fix " + p.file}
	}
	return nil
}

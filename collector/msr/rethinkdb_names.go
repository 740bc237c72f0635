package msr

import (
	"cmp"
	"strings"
	"sync"

	"registry_exporter/collector/source"
)

// maxServerNames bounds what is remembered of servers that answers have named.
const maxServerNames = 1000

// conflict stands between name and id of a server whose name another one has too.
const conflict = "__conflict__"

// serverNames remembers the name of every server id that any replica of a registry told, since a view
// that has lost a server knows its id only.
type serverNames struct {
	mu    sync.Mutex
	names map[string]string
}

func (n *serverNames) learn(servers []rethinkServer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range servers {
		if s.id == "" || max(len(s.id), len(s.name)) > source.MaxLabelBytes {
			continue
		}
		if n.names == nil || len(n.names) >= maxServerNames {
			n.names = map[string]string{}
		}
		n.names[s.id] = s.name
	}
}

func (n *serverNames) of(id string) (name string, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name, known = n.names[id]
	return name, known
}

// labels learns the servers of a view, and says what to call them.
func (n *serverNames) labels(servers []rethinkServer) serverLabels {
	n.learn(servers)
	l := serverLabels{remembered: n, count: map[string]int{}}
	for _, s := range servers {
		l.count[s.name]++
	}
	return l
}

// serverLabels gives a server of one view the same label wherever it is mentioned.
type serverLabels struct {
	remembered *serverNames
	count      map[string]int // servers of a name
}

// of is the name of a server; if another one has it too, with the beginning of the id.
func (l serverLabels) of(s serverID) string {
	name, id := splitConflict(s.name)
	id = cmp.Or(s.id, id)
	if l.count[name] < 2 || id == "" {
		return s.name
	}
	return name + "__" + id[:min(8, len(id))]
}

// resolve is the label of a server that is given as name, as id or as name__conflict__id.
func (l serverLabels) resolve(ref string) string {
	_, id := splitConflict(ref)
	id = cmp.Or(id, ref)
	if name, known := l.remembered.of(id); known {
		return l.of(serverID{name, id})
	}
	return ref
}

func splitConflict(ref string) (name, id string) {
	if i := strings.LastIndex(ref, conflict); i >= 0 {
		return ref[:i], ref[i+len(conflict):]
	}
	return ref, ""
}

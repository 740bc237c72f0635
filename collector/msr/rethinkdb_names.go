package msr

import (
	"cmp"
	"strings"
	"sync"

	"registry_exporter/collector/source"
)

// maxServerNames bounds the names that a registry keeps. At the bound it forgets all of them, and learns anew.
const maxServerNames = 1000

// conflict is how RethinkDB separates name and id where two servers have one name: dtr__conflict__73736b06_1b2c_…, since
// names have no hyphens.
const conflict = "__conflict__"

// serverNames holds the names of the servers of one registry, as its replicas told them. A replica that has lost a server
// may know only the server's id.
type serverNames struct {
	mu    sync.Mutex
	names map[string]string // by id
}

// learn keeps the names of servers. It leaves out ids and names that are longer than a label may be.
func (n *serverNames) learn(servers []server) {
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

// of returns the name of the server with an id.
func (n *serverNames) of(id string) (name string, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name, known = n.names[id]
	return name, known
}

// labels learns the names of servers, which are the rows of one server_status, and returns their labels.
func (n *serverNames) labels(servers []server) serverLabels {
	n.learn(servers)
	l := serverLabels{names: n, sharing: map[string]int{}}
	for _, s := range servers {
		l.sharing[s.name]++
	}
	return l
}

// serverLabels holds the labels of the servers in one answer. A server has the same label in each table of the answer.
type serverLabels struct {
	names   *serverNames
	sharing map[string]int // how many servers have a name
}

// of returns the label of a server: its name, such as dtr_rethinkdb_56b65e8c1404. Where two servers have one name, the
// first 8 characters of the id follow: dtr__73736b06.
func (l serverLabels) of(s serverID) string {
	name, id := splitConflict(s.name)
	id = cmp.Or(s.id, id)
	if l.sharing[name] < 2 || id == "" {
		return s.name
	}
	return name + "__" + id[:min(8, len(id))]
}

// resolve returns the label of the server that ref names, by its name, its id or name__conflict__id.
func (l serverLabels) resolve(ref string) string {
	_, id := splitConflict(ref)
	id = cmp.Or(id, ref)
	if name, known := l.names.of(id); known {
		return l.of(serverID{name, id})
	}
	return ref
}

// splitConflict splits name__conflict__id, and gives the id its hyphens back. Where ref has no __conflict__, name is ref.
func splitConflict(ref string) (name, id string) {
	if i := strings.LastIndex(ref, conflict); i >= 0 {
		return ref[:i], strings.ReplaceAll(ref[i+len(conflict):], "_", "-")
	}
	return ref, ""
}

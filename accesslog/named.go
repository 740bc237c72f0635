package accesslog

// maxNodes bounds the nodes, and the upstreams, that are counted by name.
const maxNodes = 10

// names are the first maxNodes names that came, behind "other", for which all later ones count.
type names struct{ all []string }

func newNames() names { return names{[]string{otherName}} }

func (n *names) find(name []byte) int {
	for i, known := range n.all {
		if known == string(name) {
			return i
		}
	}
	if len(n.all) > maxNodes || len(name) > maxNameBytes || !printable(name) {
		return 0
	}
	n.all = append(n.all, string(name))
	return len(n.all) - 1
}

func printable(name []byte) bool {
	for _, b := range name {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}

package accesslog

// maxNodes is how many nodes and upstreams have a name: a registry stands on a few.
const maxNodes = 10

// names are the first that came; all that come later are one, "other", which is the first.
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

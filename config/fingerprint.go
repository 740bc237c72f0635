package config

import (
	"crypto/sha256"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// Fingerprint is the same for registry i in two files when its whole text is, with that of its other sites. Files that it
// names do not count.
func (c *Config) Fingerprint(i int) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q ", c.Registries[i].Name, c.Registries[i].Site)
	for at, r := range c.Registries {
		if r.Name == c.Registries[i].Name {
			writeNode(h, c.registryNode(at))
		}
	}
	return string(h.Sum(nil))
}

// registryNode is where registry i stands in the file; the whole file where that is not to be seen.
func (c *Config) registryNode(i int) *yaml.Node {
	if list := child(c.root.Content[0], "registries"); list != nil {
		if n := child(list, i); n != nil {
			return n
		}
	}
	return c.root
}

// writeNode writes a node without its comments, each alias as what it stands for.
func writeNode(w io.Writer, n *yaml.Node) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	fmt.Fprintf(w, "%d %q %q (", n.Kind, n.Tag, n.Value)
	for _, inner := range n.Content {
		writeNode(w, inner)
	}
	fmt.Fprint(w, ")")
}

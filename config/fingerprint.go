package config

import (
	"crypto/sha256"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// Fingerprint is a hash of the text of registry i and of its other sites. It leaves out the content of files that the text names.
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

// registryNode is the YAML node of registry i; that of the whole file when registries is no plain list.
func (c *Config) registryNode(i int) *yaml.Node {
	if list := child(c.root.Content[0], "registries"); list != nil {
		if n := child(list, i); n != nil {
			return n
		}
	}
	return c.root
}

// writeNode writes a node without comments. An alias is written as the node that it names.
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

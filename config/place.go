package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Errorf is an error about the value at path (keys and indices from the top), with file and line.
func (c *Config) Errorf(path []any, format string, args ...any) error {
	n := c.root
	if len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range path {
		next := child(n, step)
		if next == nil {
			break
		}
		n = next
	}
	return c.at(n, path, format, args...)
}

func child(n *yaml.Node, step any) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if i, ok := step.(int); ok {
		if n.Kind == yaml.SequenceNode && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			return n.Content[i+1]
		}
	}
	return nil
}

func (c *Config) at(n *yaml.Node, path []any, format string, args ...any) error {
	problem := fmt.Errorf(format, args...)
	if key, file := named(n, problem.Error()); file != nil {
		n, path = file, append(slices.Clip(path), key)
	}
	if hint := blankHint(n.Value); n.Kind == yaml.ScalarNode && hint != "" && !strings.Contains(problem.Error(), hint) {
		return fmt.Errorf("%s: %w; it %s", c.described(n, path), problem, hint)
	}
	return fmt.Errorf("%s: %w", c.described(n, path), problem)
}

func keyOf(path []any) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", s)
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s)
		}
	}
	return b.String()
}

// keyOfValue is the node of the key whose value is a mapping or list. Errors name its line: YAML has the value begin at the first
// entry, one or more lines below.
func keyOfValue(in, value *yaml.Node) *yaml.Node {
	for i, child := range in.Content {
		if child == value {
			if in.Kind == yaml.MappingNode && i%2 == 1 {
				return in.Content[i-1]
			}
			return value
		}
		if found := keyOfValue(child, value); found != nil {
			return found
		}
	}
	return nil
}

// named finds in the mapping n the key whose value, a path, an error text quotes; nil when there is none.
func named(n *yaml.Node, text string) (key string, value *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return "", nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, file := n.Content[i].Value, n.Content[i+1]
		if strings.HasSuffix(name, "_file") && file.Kind == yaml.ScalarNode && file.Value != "" && strings.Contains(text, file.Value) {
			return name, file
		}
	}
	return "", nil
}

// described is the beginning of an error: file, line, column and key.
func (c *Config) described(n *yaml.Node, path []any) string {
	if (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && len(path) > 0 {
		if key := keyOfValue(c.root, n); key != nil {
			n = key
		}
	}
	where := fmt.Sprintf("%s:%d", c.file, max(n.Line, 1))
	if n.Column > 0 {
		where += fmt.Sprintf(":%d", n.Column)
	}
	if key := keyOf(path); key != "" {
		where += ": " + key
	}
	return where
}

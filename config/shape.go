package config

import (
	"net/url"
	"reflect"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// checkShape compares the YAML tree with the Go types before it is decoded: its errors have the line and the key, which
// those of decoding lack.
func (c *Config) checkShape() error {
	if err := c.checkAliases(c.root, nil); err != nil {
		return err
	}
	return c.check(c.root.Content[0], reflect.TypeFor[Config](), nil)
}

// checkAliases refuses an alias inside its own anchor, such as "a: &x {b: *x}", which would never end.
func (c *Config) checkAliases(n *yaml.Node, around []*yaml.Node) error {
	if slices.Contains(around, n.Alias) {
		return c.at(n, nil, "an alias stands inside its own anchor")
	}
	around = append(slices.Clip(around), n)
	for _, inner := range n.Content {
		if err := c.checkAliases(inner, around); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) check(n *yaml.Node, t reflect.Type, path []any) error {
	optional := t.Kind() == reflect.Pointer
	if optional {
		t = t.Elem()
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	empty := n.Tag == "!!null"
	switch {
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return c.at(n, path, "has a tag that is not known: a value that begins with ! needs quotes")
	case isLeaf(t):
		if empty {
			return c.at(n, path, "has no value: %s", expected(t))
		}
		return c.checkLeaf(n, t, path)
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
			if n.Kind == yaml.ScalarNode && !empty {
				return c.at(n, path, "must be a list: put brackets around it, and commas between its entries")
			}
			return c.at(n, path, "must be a list with at least one entry")
		}
		for i, element := range n.Content {
			if err := c.check(element, t.Elem(), append(slices.Clip(path), i)); err != nil {
				return err
			}
		}
		return nil
	}
	if empty && optional { // "msr:" alone says that this is an MSR
		*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column}
	}
	if n.Kind != yaml.MappingNode {
		return c.at(n, path, "must hold keys and values, %s", oneOf(t))
	}
	return c.checkMapping(n, t, path)
}

func (c *Config) checkMapping(n *yaml.Node, t reflect.Type, path []any) error {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return c.at(key, path, "a key must be a text")
		}
		here := append(slices.Clip(path), shownKey(n, key, value, t))
		if key.Tag == "!!merge" {
			if err := c.checkMerge(value, t, path); err != nil {
				return err
			}
			continue
		}
		if line, doubled := seen[key.Value]; doubled {
			return c.at(key, here, "stands twice, first in line %d: keep one", line)
		}
		seen[key.Value] = key.Line
		field, known := fieldType(t, key.Value)
		if !known {
			if hint := blankHint(key.Value); hint != "" {
				return c.at(key, here, "a key %s", hint)
			}
			if here[len(here)-1] == hiddenKey {
				return c.at(key, here, "unknown key, not shown since it may hold a secret: write a blank behind the colon of a key, and quotes around a value with a comma; must be %s", oneOf(t))
			}
			if place := placeOf(t, key.Value); place != "" {
				return c.at(key, here, "is no key here: it belongs under %s", place)
			}
			return c.at(key, here, "unknown key: must be %s", oneOf(t))
		}
		if err := c.check(value, field, here); err != nil {
			return err
		}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[validator]()) {
		if err := n.Decode(reflect.New(t).Interface()); err != nil {
			return c.at(n, path, "%s", withoutValues(err))
		}
	}
	return nil
}

// checkMerge checks the value of the key "<<": a mapping, or a list of mappings.
func (c *Config) checkMerge(n *yaml.Node, t reflect.Type, path []any) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.SequenceNode {
		return c.check(n, t, path)
	}
	for _, element := range n.Content {
		if err := c.check(element, t, path); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkLeaf(n *yaml.Node, t reflect.Type, path []any) error {
	if t.Kind() == reflect.Interface { // a claim may be anything
		return nil
	}
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode {
		return c.at(n, path, "is a template that nothing has filled in")
	}
	if n.Kind != yaml.ScalarNode {
		return c.at(n, path, "%s", expected(t))
	}
	if hint := valueHint(n, path[len(path)-1]); hint != "" && !isSecret(t) {
		return c.at(n, path, "%s", hint)
	}
	value := reflect.New(t)
	err := n.Decode(value.Interface())
	switch {
	case err != nil && t == reflect.TypeFor[URL]():
		return c.at(n, path, "%s", err)
	case err != nil, t == reflect.TypeFor[model.Duration]() && value.Elem().IsZero():
		return c.at(n, path, "%s", expected(t))
	case isSecret(t) && unexpanded.MatchString(n.Value):
		return c.at(n, path, "is the name of a variable, and variables are not expanded: put the secret into a file, and name that")
	case isSecret(t) && n.Value != "" && strings.TrimSpace(n.Value) == "":
		return c.at(n, path, "holds blanks or line ends alone")
	case t == reflect.TypeFor[promconfig.URL]() && !isProxy(value.Interface().(*promconfig.URL)):
		return c.at(n, path, "must be a URL with scheme, host and a port up to 65535, such as http://proxy.example.org:3128")
	case path[len(path)-1] == "enable_http2" && value.Elem().Kind() == reflect.Bool && value.Elem().Bool():
		return c.at(n, path, "must be false or be left out: every request goes over HTTP/1.1, on a connection of its own")
	}
	return nil
}

// validator is a type of prometheus/common that checks itself when it is decoded.
type validator interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

func isLeaf(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		return t.NumField() > 0 && t.Field(0).Type == reflect.TypeFor[*url.URL]()
	case reflect.Slice, reflect.Map:
		return false
	}
	return true
}

// expected says for people which values a type takes. It does not quote the value in the file, which may be a secret.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[URL](), reflect.TypeFor[promconfig.URL]():
		return "must be a URL such as https://registry.example.org"
	case reflect.TypeFor[model.Duration]():
		return "must be a duration above 0 with its unit, such as 500ms, 10s or 1m"
	case reflect.TypeFor[Every]():
		return "must be a duration with its unit, such as 5m, or 0s for never"
	case reflect.TypeFor[Bytes]():
		return "must be a size above 0 with its unit, such as 8MiB"
	case reflect.TypeFor[promconfig.TLSVersion]():
		return "must be a TLS version such as TLS12 or TLS13"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int:
		return "must be a whole number"
	}
	return "must be a text"
}

// fields calls yield with the YAML name and type of each field, also of inlined structs. The name of an inlined map, which
// takes any key, is "*". It leaves out names that end in _ref: they are for secret managers, which we do not have.
func fields(t reflect.Type, yield func(name string, t reflect.Type)) {
	if t.Kind() == reflect.Map {
		yield("*", t.Elem())
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-" || strings.HasSuffix(name, "_ref"):
		case strings.Contains(options, "inline"):
			fields(f.Type, yield)
		case name == "":
			yield(strings.ToLower(f.Name), f.Type)
		default:
			yield(name, f.Type)
		}
	}
}

func fieldType(t reflect.Type, key string) (found reflect.Type, ok bool) {
	fields(t, func(name string, ft reflect.Type) {
		if name == key || name == "*" {
			found, ok = ft, true
		}
	})
	return found, ok
}

// oneOf lists the keys of t.
func oneOf(t reflect.Type) string {
	var keys []string
	fields(t, func(name string, _ reflect.Type) { keys = append(keys, name) })
	if slices.Contains(keys, "*") {
		return "of any name"
	}
	slices.Sort(keys)
	return "one of: " + strings.Join(keys, ", ")
}

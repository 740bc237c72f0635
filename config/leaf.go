package config

import (
	"reflect"
	"regexp"
	"slices"

	promconfig "github.com/prometheus/common/config"
)

// unexpanded matches a variable, a command or a template that nobody has expanded, such as ${HUB}, $(cat key) or {{ hub }}.
var unexpanded = regexp.MustCompile(`^(?:\$(?:\{\w+[^}]*\}|\([^)]*\)|[A-Z_][A-Z0-9_]+)|\{\{.*\}\})$`)

func isSecret(t reflect.Type) bool { return t == reflect.TypeFor[promconfig.Secret]() }

// isProxy says whether u can be a proxy. net/http accepts a URL without a scheme, and then each request fails.
func isProxy(u *promconfig.URL) bool {
	return u.URL != nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) && u.Hostname() != "" && (u.Port() == "" || isPort(u.Port()))
}

package config

import (
	"reflect"
	"regexp"
	"slices"

	promconfig "github.com/prometheus/common/config"
)

// unexpanded is a variable or command as shells and Compose write them, or a template.
var unexpanded = regexp.MustCompile(`^(?:\$(?:\{\w+[^}]*\}|\([^)]*\)|[A-Z_][A-Z0-9_]+)|\{\{.*\}\})$`)

func isSecret(t reflect.Type) bool { return t == reflect.TypeFor[promconfig.Secret]() }

// isProxy says whether requests can be sent through u: net/http takes one without a scheme too, and fails at each request.
func isProxy(u *promconfig.URL) bool {
	return u.URL != nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) && u.Hostname() != "" && (u.Port() == "" || isPort(u.Port()))
}

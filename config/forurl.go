package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Access has the credentials, and the image to pull, for ForURL.
type Access struct {
	CAFile       string
	Username     string
	PasswordFile string
	Password     string
	Images       []string
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// ForURL is the configuration of one registry that no file describes, for the command check. Its name is the host of its URL,
// which its certificate has to cover.
func ForURL(address string, a Access) (*Config, error) {
	r := map[string]any{"url": address, "name": "registry"}
	if u, err := url.Parse(address); err == nil {
		if u.User != nil {
			return nil, errors.New("the URL holds a user or password: give them apart")
		}
		if name := strings.Trim(notInName.ReplaceAllString(u.Host, "-"), "._-"); namePattern.MatchString(name) {
			r["name"] = name
		}
		if u.Scheme == "https" && isHost(u.Hostname()) {
			r["tls"] = map[string]any{"names": []string{u.Hostname()}}
		}
	}
	access := map[string]any{}
	if a.CAFile != "" {
		access["tls_config"] = map[string]any{"ca_file": a.CAFile}
	}
	if a.Username != "" {
		access["basic_auth"] = withoutEmpty(map[string]any{"username": a.Username, "password_file": a.PasswordFile, "password": a.Password})
	} else if a.PasswordFile != "" || a.Password != "" {
		return nil, errors.New("a password needs a username")
	}
	if len(access) > 0 {
		r["http"] = access
	}
	if len(a.Images) > 0 {
		r["pull"] = map[string]any{"images": a.Images}
	}
	text, err := yaml.Marshal(map[string]any{"registries": []any{r}})
	if err != nil {
		return nil, fmt.Errorf("describing the registry: %w", err)
	}
	c, err := parse("command line", text)
	if err == nil {
		return c, nil
	}
	if _, problem, found := strings.Cut(err.Error(), ": registries[0]."); found { // there is no line to point to
		err = errors.New(problem)
	}
	return nil, err
}

func withoutEmpty(m map[string]any) map[string]any {
	for key, value := range m {
		if value == "" {
			delete(m, key)
		}
	}
	return m
}

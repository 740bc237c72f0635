package main

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// externalURL is the URL at which people reach the exporter: that of --web.external-url, or a guess.
func externalURL(f *flags) (string, error) {
	if f.externalURL == "" {
		return guessURL(*f.web.WebListenAddresses, *f.web.WebConfigFile), nil
	}
	u, err := url.Parse(f.externalURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("--web.external-url must be a URL such as https://exporter.example.org:10500, without user, ? and #")
	}
	return strings.TrimRight(f.externalURL, "/"), nil
}

// guessURL is right when there is neither a proxy nor NAT between people and the exporter.
func guessURL(listen []string, webConfigFile string) string {
	return ownURL(listen, webConfigFile, hostname())
}

// ownURL is the first address that the exporter listens on; here stands for every address.
func ownURL(listen []string, webConfigFile, here string) string {
	host, port := "", "10500"
	if len(listen) > 0 {
		if h, p, err := net.SplitHostPort(listen[0]); err == nil {
			host, port = h, p
		}
	}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = here
	}
	scheme := "http"
	if servesTLS(webConfigFile) {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// servesTLS says whether --web.config.file has a certificate: it may have basic auth only.
func servesTLS(webConfigFile string) bool {
	var c struct {
		TLS map[string]any `yaml:"tls_server_config"`
	}
	text, err := os.ReadFile(webConfigFile)
	return err == nil && yaml.Unmarshal(text, &c) == nil && len(c.TLS) > 0
}

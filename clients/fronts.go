package clients

import (
	"net/http"
	"strings"
)

// fronts are rows with HTTP that comes from a proxy, and not from the registry.
func fronts() []*behaviour {
	nginx := func(c *call) {
		c.w.Header().Del("Docker-Distribution-Api-Version")
		c.next()
	}
	return []*behaviour{
		{name: "early-hints", change: on("*", func(c *call) {
			c.w.Header().Set("Link", "</style.css>; rel=preload")
			c.w.WriteHeader(http.StatusEarlyHints)
			c.next()
		}), source: "Cloudflare: 103 before the answer"},
		{name: "header-of-40-kib", change: on("*", func(c *call) { c.w.Header().Set("X-Policy", strings.Repeat("x", 40<<10)); c.next() }), source: "gateways with long Content-Security-Policy headers"},
		{name: "header-of-200-kib", change: on("*", func(c *call) { c.w.Header().Set("X-Policy", strings.Repeat("x", 200<<10)); c.next() }), source: "the same, gone wild: Go takes up to 1 MiB"},
		{name: "no-api-version", change: on("*", nginx), source: "proxies that drop Docker-Distribution-Api-Version; the OCI distribution-spec does not have it"},
		{name: "cookies", change: on("*", func(c *call) { c.w.Header().Set("Set-Cookie", "route=1; Path=/; HttpOnly"); c.next() }), source: "load balancers with sticky sessions; Harbor's _gorilla_csrf"},
		{name: "closes-without-answer", change: on("GET blob", func(*call) { panic(http.ErrAbortHandler) }), source: "haproxy whose backend ended", pull: ruling{reason: "reset", alert: "RegistryPullFails"}},
		{name: "plain-http-on-https-port", change: nil, https: true, stored: func(f *registry) *image {
			f.front.TLS = nil
			i := f.add(tag, newImage("stored", 700))
			old := f.front
			f.front = f.listen("127.0.0.1", false)
			f.front.Start()
			f.front.URL = "https://" + f.front.Listener.Addr().String()
			old.Close()
			return i
		}, source: "TLS that was switched off in the registry", pull: ruling{follow: "containerd", why: "crane goes on without TLS on loopback", reason: "https_on_http"}, push: ruling{follow: "containerd", why: "the same", reason: "https_on_http"}},
	}
}

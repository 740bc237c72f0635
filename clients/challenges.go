package clients

import "strings"

// challenges are rows with challenges in WWW-Authenticate.
func challenges() []*behaviour {
	says := func(all ...string) func(*registry, *image) {
		return withTokens(tokenAuth{challenge: func(c *call) []string {
			out := make([]string, len(all))
			for i, text := range all {
				out[i] = strings.NewReplacer("{bearer}", bearerChallenge(c), "{url}", c.front.URL, "{scope}", scopeOf(c)).Replace(text)
			}
			return out
		}})
	}
	either := func(all ...string) func(*registry, *image) {
		return func(f *registry, i *image) {
			t := tokenAuth{challenge: func(c *call) []string {
				out := make([]string, len(all))
				for i, text := range all {
					out[i] = strings.ReplaceAll(text, "{bearer}", bearerChallenge(c))
				}
				return out
			}, isGood: func(c *call) bool { return c.r.Header.Get("Authorization") == "Bearer good" || hasPassword(c) }}
			t.on(f)
		}
	}
	own := ruling{right: "failed auth", why: "a password is not sent over plain HTTP by a monitor: the text says that the realm is http", reason: "bad_answer"}
	return []*behaviour{
		{name: "basic", account: true, change: basicAuth, source: "Distribution with htpasswd, ECR, Nexus"},
		{name: "challenge-on-base-only", account: true, change: func(f *registry, _ *image) {
			f.on("GET base", only(func(c *call) bool { return !hasPassword(c) }, func(c *call) {
				c.w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
				bare(401)(c)
			}))
		}, source: "Nexus with anonymous pulls; nginx auth_basic for location = /v2/"},
		{name: "challenge-basic-and-bearer", account: true, change: either(`Basic realm="registry"`, "{bearer}"), source: "Artifactory and zot offer both, in two headers"},
		{
			name: "challenge-both-in-one-header", account: true, change: either(`Basic realm="registry", {bearer}`), source: "proxies that join headers (RFC 9110 5.3)",
		},
		{name: "challenge-lower-case", account: true, change: says(`bearer realm="{url}/token",service="registry",scope="{scope}"`), source: "RFC 9110: schemes are case-insensitive (Quarkus, Spring)"},
		{name: "challenge-unquoted", account: true, change: says(`Bearer realm={url}/token,service=registry`), source: "home-made registries"},
		{name: "challenge-without-scope", account: true, change: says(`Bearer realm="{url}/token",service="registry"`), source: "Nexus, Quay and Gitea at /v2/"},
		{name: "challenge-without-service", account: true, change: says(`Bearer realm="{url}/token",scope="{scope}"`), source: "Quay and home-made registries"},
		{name: "challenge-with-spaces", account: true, change: says(`Bearer realm="{url}/token", service="registry", scope="{scope}"`), source: "Spring and ASP.NET write a space after each comma"},
		{
			name: "challenge-relative-realm", account: true, change: says(`Bearer realm="/token",service="registry"`), source: "zot's talk about a relative realm: github.com/project-zot/zot/issues/4033",
		},
		{name: "challenge-with-charset", account: true, change: func(f *registry, _ *image) {
			f.on("*", only(func(c *call) bool { return !hasPassword(c) }, func(c *call) {
				c.w.Header().Set("WWW-Authenticate", `Basic realm="registry", charset="UTF-8"`)
				refuse(401, "UNAUTHORIZED", "authentication required")(c)
			}))
		}, source: "RFC 7617: Tomcat and Jetty name a charset"},
		{name: "challenge-service-with-comma", account: true, change: says(`Bearer realm="{url}/token",service="registry, of the company",scope="{scope}"`), source: "services named by people"},
		{name: "challenge-service-with-quote", account: true, change: says(`Bearer realm="{url}/token",service="the "registry"",scope="{scope}"`), source: "RFC 9110 5.6.4: a quote in quotes"},
		{name: "challenge-error-first", account: true, change: says(`Bearer error="invalid_token",realm="{url}/token",service="registry",scope="{scope}"`), source: "Spring Security names the error before all else, though no token was sent"},
		{name: "challenge-twice", account: true, change: says(`{bearer}`, `{bearer}`), source: "two proxies that each add the header"},
		{name: "challenge-realm-with-quotes-of-json", account: true, change: says(`Bearer realm='{url}/token',service='registry'`), source: "templates with the wrong quotes"},
		{name: "challenge-realm-with-query", account: true, change: says(`Bearer realm="{url}/token?tenant=a%2Fb",service="registry"`), source: "Azure and Alibaba put the tenant into the realm"},
		{name: "challenge-missing", account: true, change: withTokens(tokenAuth{challenge: func(*call) []string { return nil }}), source: "a front that drops WWW-Authenticate"},
		{name: "challenge-unknown-scheme", account: true, change: says("Negotiate"), source: "IIS and Kerberos fronts"},
		{name: "challenge-negotiate-and-basic", account: true, change: func(f *registry, _ *image) {
			f.on("*", only(func(c *call) bool { return !hasPassword(c) }, func(c *call) {
				c.w.Header()["Www-Authenticate"] = []string{"Negotiate", `Basic realm="registry"`}
				refuse(401, "UNAUTHORIZED", "authentication required")(c)
			}))
		}, source: "IIS offers both"},
		{
			name: "realm-http-anonymous", https: true, change: realmOverHTTP(true), pull: ruling{follow: "containerd", why: "nodes ask: there is nothing to protect; crane refuses http there"},
			push: ruling{follow: "containerd", why: "BuildKit asks: there is nothing to protect"}, source: "Distribution behind TLS whose realm was written with http",
		},
		{name: "realm-http-with-account", https: true, account: true, change: realmOverHTTP(false), source: "the same, where a password would be sent", pull: own, push: own},
		{name: "realm-of-public-ca", https: true, account: true, change: func(f *registry, _ *image) { realmOnStore(f, authorities.public) }, source: "a front with a CA of its own, an identity provider with a public one"},
		{name: "realm-of-front-ca", https: true, account: true, change: func(f *registry, _ *image) { realmOnStore(f, authorities.front) }, source: "GitLab and its registry, on two names of one CA"},
	}
}

// realmOverHTTP gives out tokens on a server without TLS.
func realmOverHTTP(anonymous bool) func(*registry, *image) {
	return func(f *registry, _ *image) {
		realmOnStoreFor(f, nil, func(c *call) bool { return anonymous || hasPassword(c) || hasForm(c) })
	}
}

// realmOnStore gives out tokens on the other host, to everybody who has the password.
func realmOnStore(f *registry, signer *authority) {
	realmOnStoreFor(f, signer, func(c *call) bool { return hasPassword(c) || hasForm(c) })
}

// realmOnStoreFor gives out tokens on the other host to clients that letsIn lets in.
func realmOnStoreFor(f *registry, signer *authority, letsIn func(*call) bool) {
	f.openStore(signer)
	f.on("* store", only(func(c *call) bool { return !letsIn(c) }, refuse(401, "UNAUTHORIZED", "authentication required")))
	f.on("POST store", bare(404))
	f.on("* store", respond(200, "application/json", `{"token":"good"}`))
	tokenAuth{challenge: func(c *call) []string {
		return []string{strings.Replace(bearerChallenge(c), c.front.URL, c.store.URL, 1)}
	}}.on(f)
}

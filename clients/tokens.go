package clients

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// basicAuth refuses requests without the password.
func basicAuth(f *registry, _ *image) {
	f.on("*", only(func(c *call) bool { return !strings.HasSuffix(c.kind, "store") && !hasPassword(c) }, func(c *call) {
		c.w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		refuse(401, "UNAUTHORIZED", "authentication required")(c)
	}))
}

func hasPassword(c *call) bool {
	return c.r.Header.Get("Authorization") == "Basic "+base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

// tokenAuth refuses requests without a token, and names its token server in challenges. Each field replaces a part of it.
type tokenAuth struct {
	challenge func(c *call) []string // WWW-Authenticate
	token     handler                // what the realm answers
	isGood    func(c *call) bool
	anonymous bool // the realm gives tokens to everybody, without a password
	oauth     bool // the realm takes POST as well
}

func (t tokenAuth) on(f *registry) {
	if t.challenge == nil {
		t.challenge = func(c *call) []string { return []string{bearerChallenge(c)} }
	}
	if t.isGood == nil {
		t.isGood = func(c *call) bool { return c.r.Header.Get("Authorization") == "Bearer good" }
	}
	f.on("* token", only(func(c *call) bool { return !t.anonymous && !hasPassword(c) && !hasForm(c) }, refuse(401, "UNAUTHORIZED", "authentication required")))
	if !t.oauth {
		f.on("POST token", refuse(404, "NOT_FOUND", "not found")) // most realms know GET alone
	}
	if t.token != nil {
		f.on("* token", t.token)
	}
	f.on("*", only(func(c *call) bool {
		return !strings.HasSuffix(c.kind, "token") && !strings.HasSuffix(c.kind, "store") && !t.isGood(c)
	}, func(c *call) {
		c.w.Header()["Www-Authenticate"] = t.challenge(c)
		refuse(401, "UNAUTHORIZED", "authentication required")(c)
	}))
}

// hasForm says whether a request logs in by POST with a form, as OAuth2 does.
func hasForm(c *call) bool {
	return c.r.Method == http.MethodPost && c.r.FormValue("username") == username && c.r.FormValue("password") == password
}

func bearerChallenge(c *call) string {
	return fmt.Sprintf(`Bearer realm="%s/token",service="registry",scope="%s"`, c.front.URL, scopeOf(c))
}

// scopeOf returns the scope that a request needs.
func scopeOf(c *call) string {
	path, found := strings.CutPrefix(c.r.URL.Path, "/v2/")
	if !found || path == "" {
		return ""
	}
	for _, part := range []string{"/manifests/", "/blobs/"} {
		path, _, _ = strings.Cut(path, part)
	}
	actions := "pull"
	switch c.r.Method {
	case http.MethodDelete:
		actions = "delete"
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		actions = "pull,push"
	}
	return "repository:" + path + ":" + actions
}

// challenge answers every request with 401 and a challenge.
func challenge(c *call) {
	c.w.Header().Set("WWW-Authenticate", bearerChallenge(c))
	refuse(401, "UNAUTHORIZED", "authentication required")(c)
}

func withTokens(t tokenAuth) func(*registry, *image) {
	return func(f *registry, _ *image) { t.on(f) }
}

// tokens are rows with answers of token servers.
func tokens() []*behaviour {
	answers := func(h handler) func(*registry, *image) { return withTokens(tokenAuth{token: h}) }
	json := func(text string) func(*registry, *image) { return answers(respond(200, "application/json", text)) }
	loginFails := ruling{alert: "RegistryLoginFails"}
	refusedAfter := func(parameter string) func(*registry, *image) {
		return withTokens(tokenAuth{isGood: func(*call) bool { return false }, challenge: func(c *call) []string {
			if c.r.Header.Get("Authorization") == "" {
				return []string{bearerChallenge(c)}
			}
			return []string{bearerChallenge(c) + parameter}
		}})
	}
	return []*behaviour{
		{name: "token-by-oauth", account: true, change: withTokens(tokenAuth{oauth: true, token: respond(200, "application/json", `{"access_token":"good","expires_in":300}`)}), source: "Azure, Docker Hub: tokens by POST too"},
		{name: "token", account: true, change: withTokens(tokenAuth{}), source: "Distribution, Harbor, GitLab, Quay: distribution.github.io/distribution/spec/auth/token"},
		{name: "token-for-anybody", change: withTokens(tokenAuth{anonymous: true}), source: "Docker Hub, GHCR, Quay: public images"},
		{name: "token-as-access-token", account: true, change: json(`{"access_token":"good"}`), source: "the OAuth2 name; Azure"},
		{name: "token-both-names", account: true, change: json(`{"token":"good","access_token":"good","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}`), source: "GitLab, Docker Hub"},
		{name: "token-empty-and-access-token", account: true, change: json(`{"token":"","access_token":"good"}`), source: "Quarkus and Keycloak token servers"},
		{name: "token-without-token", account: true, change: json(`{"details":"ok"}`), source: "a proxy that answers for the token server", pull: loginFails},
		{name: "token-html", account: true, change: answers(respond(200, "text/html", "<html>sign in</html>")), source: "single sign-on before the token server", pull: loginFails},
		{name: "token-500", account: true, change: answers(bare(500)), source: "Harbor whose token key cannot be read", pull: loginFails},
		{name: "token-502", account: true, change: answers(bare(502)), source: "nginx before a token server that is stopped", pull: loginFails},
		{
			name: "token-429", account: true, change: answers(bare(429)), slow: "skopeo waits 2 s and more, five times", source: "Docker Hub and GitLab limit logins of each client",
			pull: ruling{reason: "rate_limited", alert: "RegistryExporterCannotLook", never: "RegistryLoginFails"}, push: ruling{reason: "rate_limited", alert: "RegistryExporterCannotLook", never: "RegistryLoginFails"},
		},
		{name: "token-hangs", account: true, change: answers(hang), slow: "skopeo waits for minutes", source: "LDAP behind the token server hangs", pull: loginFails},
		{name: "token-realm-refused", account: true, change: withTokens(tokenAuth{challenge: func(*call) []string {
			return []string{`Bearer realm="http://127.0.0.3:1/token",service="registry"`}
		}}), source: "an auth server that is stopped, or whose name only the cluster knows", pull: loginFails},
		{name: "token-then-invalid-token", account: true, change: refusedAfter(`,error="invalid_token"`), source: "Distribution 2.8 and 3.1 after the signing key, issuer or service was changed on one side", pull: ruling{reason: "unauthorized", alert: "RegistryLoginFails", never: "RegistryExporterCannotLook"}},
		{name: "token-then-insufficient-scope", account: true, change: refusedAfter(`,error="insufficient_scope"`), source: "Distribution: the token has no right to the repository", pull: ruling{reason: "forbidden"}},
		{name: "token-then-401", account: true, change: refusedAfter(""), source: "Artifactory and Nexus for lack of rights, no parameter error"},
		{name: "token-then-403", account: true, change: func(f *registry, i *image) {
			tokenAuth{}.on(f)
			f.on("* manifest", refuse(403, "DENIED", "Permission denied"))
			f.on("* upload", refuse(403, "DENIED", "Permission denied"))
		}, source: "GCR, Artifact Registry, ECR: 403 for lack of rights", pull: ruling{reason: "forbidden", alert: "RegistryExporterCannotLook"}},
		{name: "token-without-push", account: true, change: func(f *registry, i *image) {
			tokenAuth{}.on(f)
			f.on("POST upload", func(c *call) {
				c.w.Header().Set("WWW-Authenticate", bearerChallenge(c)+`,error="insufficient_scope"`)
				refuse(401, "UNAUTHORIZED", "authentication required")(c)
			})
		}, source: "an account that may pull only", push: ruling{reason: "forbidden", alert: "RegistryExporterCannotLook"}},
		{name: "token-expires-in-text", account: true, change: json(`{"token":"good","expires_in":"300"}`), source: "home-made token servers (PHP, Lua) that write numbers as text", pull: loginFails},
		{name: "token-expires-in-fraction", account: true, change: json(`{"token":"good","expires_in":299.99}`), source: "JavaScript that subtracts times", pull: loginFails},
		{name: "token-expires-in-0", account: true, change: json(`{"token":"good","expires_in":0}`), source: "token servers without an end; the specification takes 60 s"},
		{name: "token-ended-already", account: true, change: json(`{"token":"good","expires_in":60,"issued_at":"2020-01-01T00:00:00Z"}`), source: "a token server whose clock is years behind, or that hands out a cached answer"},
		{name: "token-null", account: true, change: json(`{"token":null,"access_token":"good"}`), source: "token servers of typed languages that write both names"},
		{name: "token-with-more", account: true, change: json(`{"token":"good","scope":["a"],"refresh_token":"r","user":{"id":7}}`), source: "Keycloak and dex, with fields of their own"},
		{name: "token-201", account: true, change: answers(respond(201, "application/json", `{"token":"good"}`)), source: "frameworks that answer POST and GET with 201 Created alike", pull: ruling{follow: "podman", why: "podman and crane take 200 alone"}, push: ruling{follow: "podman", why: "the same"}},
		{name: "token-as-text", account: true, change: answers(respond(200, "text/plain; charset=utf-8", `{"token":"good"}`)), source: "static token servers; clients do not look at the type"},
		{name: "token-redirected-to-a-path", account: true, change: answers(only(func(c *call) bool { return c.r.URL.Query().Get("moved") == "" }, func(c *call) {
			c.w.Header().Set("Location", c.r.URL.RequestURI()+"&moved=1")
			c.w.WriteHeader(http.StatusTemporaryRedirect)
		})), source: "a front that adds a slash or a version to the path of the token server"},
		{name: "token-redirected-to-another-host", account: true, change: func(f *registry, i *image) {
			f.openStore(nil)
			f.on("* store", only(func(c *call) bool { return !hasPassword(c) && !hasForm(c) }, refuse(401, "UNAUTHORIZED", "authentication required")))
			f.on("* store", respond(200, "application/json", `{"token":"good"}`))
			tokenAuth{token: func(c *call) { redirectTo(307, c.store.URL+c.r.URL.RequestURI())(c) }}.on(f)
		}, source: "a token server that moved, with a redirect: Go takes no password to another host", push: ruling{right: "failed auth", why: "clients ask the registry more before they give up"}},
		{name: "token-of-12-kib", account: true, change: withTokens(tokenAuth{
			token:  respond(200, "application/json", `{"token":"`+strings.Repeat("x", 12<<10)+`"}`),
			isGood: func(c *call) bool { return c.r.Header.Get("Authorization") == "Bearer "+strings.Repeat("x", 12<<10) },
		}), source: "tokens that name all groups of Azure AD"},
		{
			name: "token-for-three-requests", account: true, change: shortLived, source: "tokens that live for seconds",
			pull: ruling{follow: "containerd", why: "nodes keep a token until its end"}, push: ruling{unseen: "three requests are all that it sends"},
		},
		{
			name: "token-issued-at-no-date", account: true, change: json(`{"token":"good","expires_in":300,"issued_at":"yesterday"}`), source: "home-made token servers",
			pull: ruling{follow: "podman", why: "docker and podman read issued_at as a date"}, push: ruling{follow: "podman", why: "docker and podman read issued_at as a date"},
		},
		{name: "token-post-only", account: true, change: func(f *registry, i *image) {
			f.on("GET token", bare(405))
			tokenAuth{oauth: true, token: respond(200, "application/json", `{"access_token":"good"}`)}.on(f)
		}, source: "OAuth2 servers behind a thin layer", pull: ruling{follow: "podman", why: "docker and podman log in by GET"}, push: ruling{follow: "podman", why: "docker and podman log in by GET"}},
		{name: "token-get-only", account: true, change: func(f *registry, i *image) {
			f.on("POST token", bare(405))
			tokenAuth{}.on(f)
		}, source: "Harbor, GitLab: containerd asks by POST first, and then by GET"},
		{
			name: "password-wrong", wrongPassword: true, change: basicAuth, source: "an account whose password was changed", pull: ruling{reason: "unauthorized", alert: "RegistryExporterCannotLook"},
			push: ruling{reason: "unauthorized", alert: "RegistryExporterCannotLook"},
		},
		{name: "password-wrong-at-token", wrongPassword: true, change: withTokens(tokenAuth{}), source: "the same at a token server", pull: ruling{reason: "unauthorized", alert: "RegistryExporterCannotLook"}},
		{name: "password-missing", change: basicAuth, source: "a registry that lets nobody in without a login"},
	}
}

// shortLived accepts each token for three requests.
func shortLived(f *registry, _ *image) {
	made, used := 0, map[string]int{}
	tokenAuth{token: func(c *call) {
		c.mu.Lock()
		made++
		n := made
		c.mu.Unlock()
		respond(200, "application/json", fmt.Sprintf(`{"token":"t%d","expires_in":300}`, n))(c)
	}, isGood: func(c *call) bool {
		token, found := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
		c.mu.Lock()
		defer c.mu.Unlock()
		used[token]++
		return found && used[token] <= 3
	}}.on(f)
}

package collector

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/config"
)

// userAgent is what every request carries.
const userAgent = "registry_exporter"

// Bounds of an answer.
const (
	maxHeaderBytes = 64 << 10
	maxBody        = 16 << 20
	maxSmallBody   = 1 << 20
	maxRedirects   = 5
)

// A client asks one endpoint over HTTP, on a new connection each time: what a monitor learns on an
// old one may no longer be true for anybody else.
type client struct {
	url       *url.URL
	endpoint  string
	host      string // Host header, when it is not that of the URL
	transport *transport
	plain     *http.Client // sends no credentials
	login     *http.Client // sends those of the configuration; the same as plain when there are none
	lockout   *lockout
	follow    bool
	tls       promconfig.TLSConfig // for commands that do the same
	user      string               // likewise
}

// newClient builds the client of u. front is where the names for Host header and SNI come from.
func newClient(b *builder, cfg *promconfig.HTTPClientConfig, u, front config.URL, path ...any) (*client, error) {
	t, err := newTransport(cfg)
	if err != nil {
		return nil, b.errorf(append(path, "tls_config"), "%s", err)
	}
	b.hideTransport(cfg.TLSConfig, cfg.ProxyConfig)
	c := &client{url: u.URL, endpoint: u.Endpoint(), transport: t, lockout: b.lockout, follow: cfg.FollowRedirects}
	if front.Host != u.Host {
		c.host = front.Host
		if t.TLSClientConfig.ServerName == "" {
			t.TLSClientConfig.ServerName = front.Hostname()
		}
	}
	auth, err := b.credentials(cfg, c.guarded(t), path)
	if err != nil {
		return nil, err
	}
	c.tls = cfg.TLSConfig
	if cfg.BasicAuth != nil {
		c.user = cfg.BasicAuth.Username
	}
	c.plain = c.httpClient(t)
	c.login = c.plain
	if auth != nil {
		c.login = c.httpClient(auth)
	}
	return c, nil
}

func (c *client) guarded(next http.RoundTripper) http.RoundTripper {
	return newLockoutTransport(next, c.lockout, headersOf)
}

func (c *client) httpClient(rt http.RoundTripper) *http.Client {
	return &http.Client{Transport: rt, CheckRedirect: c.checkRedirect}
}

// checkRedirect stays at scheme, host and port: nothing that we carry goes anywhere else.
func (c *client) checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	if !c.follow || len(via) > maxRedirects || req.URL.Scheme != from.Scheme || req.URL.Host != from.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// credentials wraps next so that requests carry what cfg says; nil when it says nothing.
func (b *builder) credentials(cfg *promconfig.HTTPClientConfig, next http.RoundTripper, path []any) (http.RoundTripper, error) {
	rt := next
	secret := func(inline promconfig.Secret, file string, key ...any) (*secret, error) {
		return b.secret(inline, file, append(path[:len(path):len(path)], key...)...)
	}
	if a := cfg.Authorization; a != nil {
		s, err := secret(a.Credentials, a.CredentialsFile, "authorization", "credentials_file")
		if err != nil {
			return nil, err
		}
		rt = promconfig.NewAuthorizationCredentialsRoundTripper(a.Type, s, rt)
	}
	if a := cfg.BasicAuth; a != nil {
		user := newSecret(promconfig.Secret(a.Username), a.UsernameFile)
		if _, err := user.Fetch(context.Background()); err != nil {
			return nil, b.errorf(append(path[:len(path):len(path)], "basic_auth", "username_file"), "%s", err)
		}
		s, err := secret(a.Password, a.PasswordFile, "basic_auth", "password_file")
		if err != nil {
			return nil, err
		}
		rt = promconfig.NewBasicAuthRoundTripper(user, s, rt)
	}
	if a := cfg.OAuth2; a != nil {
		s, err := secret(a.ClientSecret, a.ClientSecretFile, "oauth2", "client_secret_file")
		if err != nil {
			return nil, err
		}
		if rt, err = b.oauth2(a, s, rt, append(path[:len(path):len(path)], "oauth2")); err != nil {
			return nil, err
		}
	}
	if h := cfg.HTTPHeaders; h != nil {
		t := &headerTransport{next: rt}
		for name, header := range h.Headers {
			for _, value := range header.Values {
				t.add(name, newSecret(promconfig.Secret(value), ""))
			}
			for _, value := range header.Secrets {
				t.add(name, b.reader(value, ""))
			}
			for _, file := range header.Files {
				value, err := secret("", file, "http_headers", name, "files")
				if err != nil {
					return nil, err
				}
				t.add(name, value)
			}
		}
		rt = t
	}
	if rt == next {
		return nil, nil
	}
	return rt, nil
}

// An answer is an HTTP response whose body has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get reads path (or the client's own URL when path is empty). When the connection breaks half way,
// what came until then is returned with the error.
func (c *client) get(ctx context.Context, hc *http.Client, path string, limit int64) (*answer, error) {
	u := *c.url
	if path != "" {
		u.Path = path
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Host = c.host
	return do(hc, req, limit)
}

func do(hc *http.Client, req *http.Request, limit int64) (*answer, error) {
	req.Header.Set("User-Agent", userAgent)
	resp, err := hc.Do(req)
	if err != nil {
		return nil, ended(req.Context(), requestError(err))
	}
	return answerOf(resp, limit)
}

// answerOf reads a response of at most limit bytes, and closes it.
func answerOf(resp *http.Response, limit int64) (*answer, error) {
	defer resp.Body.Close()
	a := &answer{status: resp.StatusCode, header: resp.Header}
	if a.status == http.StatusSwitchingProtocols { // what follows is no body
		return a, nil
	}
	var err error
	if a.body, err = readBounded(resp.Body, resp.ContentLength, limit); err != nil {
		return a, fmt.Errorf("reading the answer: %w", ended(resp.Request.Context(), requestError(err)))
	}
	return a, nil
}

// readBounded reads at most limit bytes; length is what was announced, or less than 0.
func readBounded(r io.Reader, length, limit int64) ([]byte, error) {
	first := min(max(length, 0), maxSmallBody) + bytes.MinRead
	buf := bytes.NewBuffer(make([]byte, 0, first))
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if n > limit {
		return buf.Bytes()[:limit], failed(reasonTooLarge, "the answer is larger than %d bytes", limit)
	}
	return buf.Bytes(), err
}

// refusal is the error of an answer that is not the one asked for. The body's words stay out of it,
// but for the code of a registry's error: they may repeat what was sent.
func (a *answer) refusal() error {
	text := fmt.Sprintf("status %d", a.status)
	code, detail := registryError(a.body)
	if code != "" {
		text += " " + code
	}
	return failed(a.refusalReason(detail), "%s", text)
}

func (a *answer) refusalReason(detail string) string {
	switch {
	case a.status == http.StatusUnauthorized:
		return reasonUnauthorized
	case a.status == http.StatusForbidden:
		return reasonForbidden
	case a.status == http.StatusNotFound:
		return reasonNotFound
	case a.status == http.StatusTooManyRequests:
		return reasonRateLimited
	case a.status == http.StatusRequestEntityTooLarge, a.status == http.StatusInsufficientStorage:
		return reasonNoSpace
	case a.status == http.StatusBadRequest && containsAny(a.body, "plain HTTP request was sent to HTTPS port", "HTTP request to an HTTPS server"):
		return reasonHTTPOnHTTPS
	case a.status == http.StatusBadRequest && containsAny(a.body, "No required SSL certificate", "SSL certificate error"):
		return reasonTLSClientCert
	case a.status == http.StatusServiceUnavailable && strings.Contains(detail, "health check failed"):
		return reasonHealthCheckFailed
	case a.status == http.StatusServiceUnavailable:
		return reasonUnavailable
	case a.status >= 500:
		return reasonServerError
	case a.status >= 400:
		return reasonClientError
	case a.status >= 300:
		return reasonRedirected
	}
	return reasonBadAnswer
}

func containsAny(body []byte, words ...string) bool {
	for _, w := range words {
		if bytes.Contains(body, []byte(w)) {
			return true
		}
	}
	return false
}

// registryError reads {"errors":[{"code":"…","detail":"…"}]}; both are empty when the body is no such thing. A detail
// that is no text is none. Of many errors the first few count: the array bounds what is read.
func registryError(body []byte) (code, detail string) {
	var said struct {
		Errors [16]struct{ Code, Detail string }
	}
	_ = json.NewDecoder(bytes.NewReader(body)).Decode(&said) // fills in what is a text, and nothing of what is not JSON
	for _, e := range said.Errors {
		code, detail = cmp.Or(code, e.Code), cmp.Or(detail, e.Detail)
	}
	if len(code) > 40 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
		code = ""
	}
	return code, detail
}

// orRefusal prefers the error of the status over that of a body cut short: it says more.
func (a *answer) orRefusal(err error, wanted ...int) error {
	if a != nil && !slices.Contains(wanted, a.status) && !errors.Is(err, context.DeadlineExceeded) {
		return a.refusal()
	}
	return err
}

// refusalOf reads and closes a response that is not the one asked for, and is the error of it.
func refusalOf(resp *http.Response) error {
	a, err := answerOf(resp, maxSmallBody)
	if err != nil {
		return fmt.Errorf("status %d: %w", resp.StatusCode, a.orRefusal(err))
	}
	return a.refusal()
}

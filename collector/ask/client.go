package ask

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

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// UserAgent is what every request carries.
const UserAgent = "registry_exporter"

// Bounds of an answer.
const (
	maxHeaderBytes = 64 << 10
	MaxBody        = 16 << 20
	MaxSmallBody   = 1 << 20
	MaxRedirects   = 5
)

// A Client asks one endpoint over HTTP, on a new connection each time: what a monitor learns on an
// old one may no longer be true for anybody else.
type Client struct {
	URL       *url.URL
	Endpoint  string
	Host      string // Host header, when it is not that of the URL
	Transport *transport
	Plain     *http.Client // sends no credentials
	Login     *http.Client // sends those of the configuration; the same as plain when there are none
	lockout   *Lockout
	Follow    bool
	tls       promconfig.TLSConfig // for commands that do the same
	user      string               // likewise
}

// newClient builds the client of u. front is where the names for Host header and SNI come from.
func newClient(b *Builder, cfg *promconfig.HTTPClientConfig, u, front config.URL, path ...any) (*Client, error) {
	t, err := NewTransport(cfg)
	if err != nil {
		return nil, b.Errorf(append(path, "tls_config"), "%s", err)
	}
	b.HideTransport(cfg.TLSConfig, cfg.ProxyConfig)
	c := &Client{URL: u.URL, Endpoint: u.Endpoint(), Transport: t, lockout: b.Lockout, Follow: cfg.FollowRedirects}
	if front.Host != u.Host {
		c.Host = front.Host
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
	c.Plain = c.HTTPClient(t)
	c.Login = c.Plain
	if auth != nil {
		c.Login = c.HTTPClient(auth)
	}
	return c, nil
}

func (c *Client) guarded(next http.RoundTripper) http.RoundTripper {
	return NewLockoutTransport(next, c.lockout, headersOf)
}

func (c *Client) HTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{Transport: rt, CheckRedirect: c.checkRedirect}
}

// checkRedirect stays at scheme, host and port: nothing that we carry goes anywhere else.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	if !c.Follow || len(via) > MaxRedirects || req.URL.Scheme != from.Scheme || req.URL.Host != from.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// credentials wraps next so that requests carry what cfg says; nil when it says nothing.
func (b *Builder) credentials(cfg *promconfig.HTTPClientConfig, next http.RoundTripper, path []any) (http.RoundTripper, error) {
	rt := next
	secret := func(inline promconfig.Secret, file string, key ...any) (*Secret, error) {
		return b.Secret(inline, file, append(path[:len(path):len(path)], key...)...)
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
			return nil, b.Errorf(append(path[:len(path):len(path)], "basic_auth", "username_file"), "%s", err)
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

// An Answer is an HTTP response whose body has been read.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get reads path (or the client's own URL when path is empty). When the connection breaks half way,
// what came until then is returned with the error.
func (c *Client) Get(ctx context.Context, hc *http.Client, path string, limit int64) (*Answer, error) {
	u := *c.URL
	if path != "" {
		u.Path = path
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Host = c.Host
	return do(hc, req, limit)
}

func do(hc *http.Client, req *http.Request, limit int64) (*Answer, error) {
	req.Header.Set("User-Agent", UserAgent)
	resp, err := hc.Do(req)
	if err != nil {
		return nil, Ended(req.Context(), RequestError(err))
	}
	return AnswerOf(resp, limit)
}

// AnswerOf reads a response of at most limit bytes, and closes it.
func AnswerOf(resp *http.Response, limit int64) (*Answer, error) {
	defer resp.Body.Close()
	a := &Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Status == http.StatusSwitchingProtocols { // what follows is no body
		return a, nil
	}
	var err error
	if a.Body, err = readBounded(resp.Body, resp.ContentLength, limit); err != nil {
		return a, fmt.Errorf("reading the answer: %w", Ended(resp.Request.Context(), RequestError(err)))
	}
	return a, nil
}

// readBounded reads at most limit bytes; length is what was announced, or less than 0.
func readBounded(r io.Reader, length, limit int64) ([]byte, error) {
	first := min(max(length, 0), MaxSmallBody) + bytes.MinRead
	buf := bytes.NewBuffer(make([]byte, 0, first))
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if n > limit {
		return buf.Bytes()[:limit], source.Failed(source.ReasonTooLarge, "the answer is larger than %d bytes", limit)
	}
	return buf.Bytes(), err
}

// Refusal is the error of an answer that is not the one asked for. The body's words stay out of it,
// but for the code of a registry's error: they may repeat what was sent.
func (a *Answer) Refusal() error {
	text := fmt.Sprintf("status %d", a.Status)
	code, detail := RegistryError(a.Body)
	if code != "" {
		text += " " + code
	}
	return source.Failed(a.refusalReason(detail), "%s", text)
}

func (a *Answer) refusalReason(detail string) string {
	switch {
	case a.Status == http.StatusUnauthorized:
		return source.ReasonUnauthorized
	case a.Status == http.StatusForbidden:
		return source.ReasonForbidden
	case a.Status == http.StatusNotFound:
		return source.ReasonNotFound
	case a.Status == http.StatusTooManyRequests:
		return source.ReasonRateLimited
	case a.Status == http.StatusRequestEntityTooLarge, a.Status == http.StatusInsufficientStorage:
		return source.ReasonNoSpace
	case a.Status == http.StatusBadRequest && ContainsAny(a.Body, "plain HTTP request was sent to HTTPS port", "HTTP request to an HTTPS server"):
		return source.ReasonHTTPOnHTTPS
	case a.Status == http.StatusBadRequest && ContainsAny(a.Body, "No required SSL certificate", "SSL certificate error"):
		return source.ReasonTLSClientCert
	case a.Status == http.StatusServiceUnavailable && strings.Contains(detail, "health check failed"):
		return source.ReasonHealthCheckFailed
	case a.Status == http.StatusServiceUnavailable:
		return source.ReasonUnavailable
	case a.Status >= 500:
		return source.ReasonServerError
	case a.Status >= 400:
		return source.ReasonClientError
	case a.Status >= 300:
		return source.ReasonRedirected
	}
	return source.ReasonBadAnswer
}

func ContainsAny(body []byte, words ...string) bool {
	for _, w := range words {
		if bytes.Contains(body, []byte(w)) {
			return true
		}
	}
	return false
}

// RegistryError reads {"errors":[{"code":"…","detail":"…"}]}; both are empty when the body is no such thing. A detail
// that is no text is none. Of many errors the first few count: the array bounds what is read.
func RegistryError(body []byte) (code, detail string) {
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

// OrRefusal prefers the error of the status over that of a body cut short: it says more.
func (a *Answer) OrRefusal(err error, wanted ...int) error {
	if a != nil && !slices.Contains(wanted, a.Status) && !errors.Is(err, context.DeadlineExceeded) {
		return a.Refusal()
	}
	return err
}

// RefusalOf reads and closes a response that is not the one asked for, and is the error of it.
func RefusalOf(resp *http.Response) error {
	a, err := AnswerOf(resp, MaxSmallBody)
	if err != nil {
		return fmt.Errorf("status %d: %w", resp.StatusCode, a.OrRefusal(err))
	}
	return a.Refusal()
}

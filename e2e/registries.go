package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Accounts of the registries and of Redis.
const (
	registryUser     = "alice"
	registryPassword = "password-of-alice"
	redisUser        = "mon"
	redisPassword    = "password-of-the-monitor"
	redisRequirePass = "password-of-everybody"
)

const registryConf = `version: 0.1
log: {level: info}
storage:
%s
http:
  addr: %s
  secret: the-one-of-all
  debug: {addr: %s}
%s`

// addRegistries describes the processes of docker-registry. They differ in store, cache, health checks and login.
func (s *Stack) addRegistries() error {
	swift := func(site string) string {
		return fmt.Sprintf("  swift: {username: %q, password: %s, authurl: %s, container: %s, chunksize: 5242880}\n  redirect: {disable: true}\n  maintenance: {uploadpurging: {enabled: false}}",
			swiftUser, swiftKey, s.authURL(site), swiftContainer)
	}
	disk := func(name string) string {
		return fmt.Sprintf("  filesystem: {rootdirectory: %s}\n  maintenance: {uploadpurging: {enabled: false}, readonly: {enabled: false}}", s.store(name))
	}
	redirecting := fmt.Sprintf("  swift: {username: %q, password: %s, authurl: %s, container: %s, secretkey: %s, tempurlcontainerkey: true}\n  maintenance: {uploadpurging: {enabled: false}}",
		swiftUser, swiftKey, s.authURL("eqiad"), redirectContainer, tempURLKey)
	redis := fmt.Sprintf("redis: {addr: %s, dialtimeout: 10ms, readtimeout: 10ms, writetimeout: 10ms}\n", address(s.port("redis")))
	cached := "\n  cache: {blobdescriptor: redis}"
	storageCheck := "health: {storagedriver: {enabled: true, interval: 1s, threshold: 3}}\n"
	noCheck := "health: {storagedriver: {enabled: false}}\n"
	tcpCheck := fmt.Sprintf("health: {storagedriver: {enabled: false}, tcp: [{addr: %s, timeout: 1s, interval: 1s, threshold: 3}]}\n", address(s.port("redis")))
	if err := s.makeTokenKey(); err != nil {
		return err
	}
	passwords, err := exec.Command("htpasswd", "-Bbn", "-C", "4", registryUser, registryPassword).Output()
	if err != nil {
		return fmt.Errorf("htpasswd: %w", err)
	}
	passwordFile, err := s.file("htpasswd", string(passwords))
	if err != nil {
		return err
	}
	for name, conf := range map[string][2]string{
		"registry-checked":   {swift("eqiad") + cached, redis + storageCheck},
		"registry-tcp-check": {swift("eqiad") + cached, redis + tcpCheck},
		"registry-unchecked": {swift("codfw"), noCheck},
		"registry-content":   {disk("content") + "\n  cache: {blobdescriptor: inmemory}", noCheck},
		"registry-redirects": {redirecting, noCheck},
		"registry-collected": {disk("collected") + cached + "\n  delete: {enabled: true}", redis + noCheck},
		"registry-pair-a":    {disk("pair"), noCheck},
		"registry-pair-b":    {disk("pair"), noCheck},
		"registry-basic":     {disk("basic"), fmt.Sprintf("auth: {htpasswd: {realm: e2e, path: %s}}\n", passwordFile)},
		"registry-token": {disk("token"), fmt.Sprintf("auth: {token: {realm: %q, service: e2e, issuer: e2e, rootcertbundle: %s}}\n",
			"http://"+address(s.port("token"))+"/token", filepath.Join(s.dir, "token.crt"))},
	} {
		file, err := s.file(name+".yml", fmt.Sprintf(registryConf, conf[0], address(s.port(name)), address(s.port(name+"-debug")), conf[1]))
		if err != nil {
			return err
		}
		s.add(name, "docker-registry", "serve", file)
	}
	return nil
}

// addPullThroughCache describes a cache of registry-content, which must be up when the cache starts.
func (s *Stack) addPullThroughCache() error {
	const name = "registry-cache"
	store := fmt.Sprintf("  filesystem: {rootdirectory: %s}", s.store("cache"))
	upstream := fmt.Sprintf("proxy: {remoteurl: %q}\nhealth: {storagedriver: {enabled: false}}\n", "http://"+address(s.port("registry-content")))
	file, err := s.file(name+".yml", fmt.Sprintf(registryConf, store, address(s.port(name)), address(s.port(name+"-debug")), upstream))
	s.add(name, "docker-registry", "serve", file)
	return err
}

// store returns the folder of a registry that keeps its content on disk.
func (s *Stack) store(name string) string { return filepath.Join(s.dir, "store-"+name) }

// addRedis describes four: one plain, one with an ACL user, one with TLS, and one that is small and may not evict keys.
func (s *Stack) addRedis() error {
	common := []string{"--bind", "127.0.0.1", "--daemonize", "no", "--save", "", "--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"}
	for name, more := range map[string][]string{
		"redis":       {"--tcp-backlog", "4096"}, // the registries cannot fill this queue while Redis hangs for a minute
		"redis-acl":   {"--requirepass", redisRequirePass, "--user", redisUser, "on", ">" + redisPassword, "~*", "-@all", "+ping", "+info"},
		"redis-small": {"--maxmemory", "3mb", "--maxmemory-policy", "noeviction"},
		"redis-tls": {
			"--tls-port", fmt.Sprint(s.port("redis-tls")), "--tls-cert-file", filepath.Join(s.dir, "good.crt"),
			"--tls-key-file", filepath.Join(s.dir, "good.key"), "--tls-ca-cert-file", filepath.Join(s.dir, "ca.crt"), "--tls-auth-clients", "no",
		},
	} {
		port := s.port(name)
		if name == "redis-tls" {
			port = 0
		}
		s.add(name, slices.Concat([]string{"redis-server", "--port", fmt.Sprint(port)}, common, more)...)
	}
	return nil
}

const nginxConf = `worker_processes 1; daemon off; user root; pid %[1]s/nginx.pid; error_log %[1]s/nginx-error.log;
events { worker_connections 512; }
http {
  client_max_body_size 0; proxy_request_buffering off; proxy_read_timeout 2s;
  client_body_temp_path %[1]s/nginx-b; proxy_temp_path %[1]s/nginx-p; fastcgi_temp_path %[1]s/nginx-f; uwsgi_temp_path %[1]s/nginx-u; scgi_temp_path %[1]s/nginx-s;
  server { listen %[2]s; location = /nginx_status { stub_status; } location / { return 404; } }
%[3]s%[4]s}
`

const nginxServer = `  server { listen %s ssl; ssl_certificate %[2]s.crt; ssl_certificate_key %[2]s.key;
    proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
    location / { proxy_pass http://%[3]s; } location ~ ^/v2/(access-log|library/pushed)/ { proxy_pass http://%[3]s; proxy_read_timeout 60s; } }
`

const nginxServerWithoutProto = `  server { listen %s ssl; ssl_certificate %[2]s.crt; ssl_certificate_key %[2]s.key;
    location / { proxy_pass http://%[3]s; proxy_set_header Host $http_host; } }
`

// addNginx describes one nginx. It has a TLS port for each certificate, one for the registry with basic auth, and one
// that does not tell the registry that clients speak TLS. It waits 2 s for a registry, so that rows with a hung registry
// are short, and a minute for the repositories that tests push to themselves.
func (s *Stack) addNginx() error {
	var servers strings.Builder
	for name := range certificates {
		fmt.Fprintf(&servers, nginxServer, address(s.port("front-"+name)), filepath.Join(s.dir, name), address(s.port("registry-checked")))
	}
	fmt.Fprintf(&servers, nginxServer, address(s.port("front-basic")), filepath.Join(s.dir, "good"), address(s.port("registry-basic")))
	fmt.Fprintf(&servers, nginxServerWithoutProto, address(s.port("front-without-proto")), filepath.Join(s.dir, "good"), address(s.port("registry-content")))
	file, err := s.file("nginx.conf", fmt.Sprintf(nginxConf, s.dir, address(s.port("nginx")), servers.String(), s.frontLogConf()))
	s.add("nginx", "nginx", "-c", file)
	return err
}

const cachesConf = `worker_processes 1; daemon off; user root; pid %[1]s/nginx-caches.pid; error_log %[1]s/nginx-caches-error.log;
events { worker_connections 512; }
http {
  access_log off; client_max_body_size 0; proxy_request_buffering off; proxy_read_timeout 2s;
  client_body_temp_path %[1]s/caches-b; proxy_temp_path %[1]s/caches-p; fastcgi_temp_path %[1]s/caches-f; uwsgi_temp_path %[1]s/caches-u; scgi_temp_path %[1]s/caches-s;
  proxy_cache_path %[1]s/cache levels=1:2 keys_zone=cache:1m; proxy_cache_valid 200 1h; proxy_set_header Host $http_host;
  log_format cached '%[9]s';
  server { listen %[2]s; access_log %[1]s/%[10]s cached; location / { proxy_pass http://%[3]s; proxy_cache cache; add_header X-Cache-Status $upstream_cache_status; } }
  server { listen %[4]s; location / { proxy_pass http://%[5]s; } location ~ /manifests/ { proxy_pass http://%[5]s; proxy_cache cache; } }
  upstream pair { server %[7]s max_fails=0; server %[8]s max_fails=0; }
  upstream pulls { server %[7]s max_fails=0; server %[8]s max_fails=0; }
  upstream uploads { server %[7]s max_fails=0; server %[8]s max_fails=0; }
  server { listen %[11]s; client_max_body_size 1m; location / { proxy_pass http://%[14]s; } }
  server { listen %[12]s; if ($request_method = PATCH) { return 405; } location / { proxy_pass http://%[14]s; } }
  server { listen %[13]s; if ($request_method = HEAD) { return 403; } location / { proxy_pass http://%[14]s; } }
  server { listen %[6]s; location / { proxy_pass http://pair; } location /v2/library/ { proxy_pass http://pulls; } location /v2/monitoring/ { proxy_pass http://uploads; } }
}
`

// addCaches describes another nginx. It has a port with a cache of everything, one with a cache of manifests only, and
// ports that refuse requests of clients. One more port is in front of a pair of registries that take turns, even while
// one of them is restarted. Pulls and uploads have turns of their own there, so that no other request changes theirs.
func (s *Stack) addCaches() error {
	file, err := s.file("nginx-caches.conf", fmt.Sprintf(cachesConf, s.dir,
		address(s.port("front-cached")), address(s.port("registry-pair-a")),
		address(s.port("front-manifests")), address(s.port("registry-tcp-check")),
		address(s.port("front-pair")), address(s.port("registry-pair-a")), address(s.port("registry-pair-b")),
		cachedLogFormat, cachedLogName,
		address(s.port("front-limits-bodies")), address(s.port("front-without-patch")), address(s.port("front-without-head")), address(s.port("registry-content"))))
	s.add("front-cached", "nginx", "-c", file)
	return err
}

// makeTokenKey makes the key that signs tokens, and starts the token server.
func (s *Stack) makeTokenKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "token"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(s.dir, "token.crt"), "CERTIFICATE", der); err != nil {
		return err
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		service, scopes := r.URL.Query().Get("service"), r.URL.Query()["scope"]
		switch {
		case user == registryUser && password == registryPassword:
			_ = json.NewEncoder(w).Encode(map[string]string{"token": signToken(key, der, service, scopes, "pull", "push", "delete")})
		case user == "reader": // the token lacks the rights that were asked for
			_ = json.NewEncoder(w).Encode(map[string]string{"token": signToken(key, der, service, scopes, "pull")})
		case user == "guest": // may log in, and nothing else
			_ = json.NewEncoder(w).Encode(map[string]string{"token": signToken(key, der, service, scopes)})
		case user == "nobody": // gets a token without any rights, as from many token servers
			_ = json.NewEncoder(w).Encode(map[string]string{"token": signToken(key, der, "another-service", scopes)})
		default:
			w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	return s.serveHere("token", http.HandlerFunc(handler))
}

// signToken makes a JSON web token for a service, with the actions that both the scopes and actions have.
func signToken(key *ecdsa.PrivateKey, cert []byte, service string, scopes []string, actions ...string) string {
	encode := func(v any) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	access := []map[string]any{}
	for scope := range strings.FieldsSeq(strings.Join(scopes, " ")) {
		if parts := strings.Split(scope, ":"); len(parts) == 3 {
			granted := slices.DeleteFunc(strings.Split(parts[2], ","), func(a string) bool { return !slices.Contains(actions, a) })
			access = append(access, map[string]any{"type": parts[0], "name": parts[1], "actions": granted})
		}
	}
	now := time.Now().Unix()
	text := encode(map[string]any{"typ": "JWT", "alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(cert)}}) + "." +
		encode(map[string]any{"iss": "e2e", "sub": registryUser, "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now, "jti": rand.Text(), "access": access})
	hash := sha256.Sum256([]byte(text))
	r, sig, err := ecdsa.Sign(rand.Reader, key, hash[:])
	if err != nil {
		panic(err)
	}
	raw := append(r.FillBytes(make([]byte, 32)), sig.FillBytes(make([]byte, 32))...)
	return text + "." + base64.RawURLEncoding.EncodeToString(raw)
}

package node

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// A login is what a runtime has to log in to a registry. The password is used for an image that is to be pulled, and never shown.
type login struct {
	file     string // that has it; empty: there is none
	helper   string // program that has it: it is not run
	username string
	password string
}

// found says whether there is a login, in a file or with a helper.
func (l login) found() bool { return l.file != "" }

// usable says whether the file has the login itself.
func (l login) usable() bool { return l.username != "" && l.password != "" }

// String says where the login is.
func (l login) String() string {
	switch {
	case l.file == "":
		return "none"
	case l.helper != "":
		return "helper " + l.helper
	}
	return l.file
}

// An authFile is the config.json of docker and kubelet, and the auth.json of podman.
type authFile struct {
	path  string
	Auths map[string]struct {
		Auth          string `json:"auth"`
		Username      string `json:"username"`
		Password      string `json:"password"`
		IdentityToken string `json:"identitytoken"`
	} `json:"auths"`
	Helpers map[string]string `json:"credHelpers"`
	Store   string            `json:"credsStore"`
}

// readAuthFiles reads the files that are there. notes name those that are no JSON.
func (m *machine) readAuthFiles(paths ...string) (files []*authFile, notes []Note) {
	for _, path := range paths {
		text, err := m.read(path)
		if err != nil {
			continue
		}
		f := &authFile{path: path}
		if err := json.Unmarshal(text, f); err != nil {
			notes = append(notes, Note{What: path + " is no JSON: its logins are not used", Try: "python3 -m json.tool " + path + " >/dev/null"})
			continue
		}
		files = append(files, f)
	}
	return files, notes
}

// loginOf is the first login for a registry; for podman and CRI-O, keys may go on with a path: 10.0.0.5:5000/team.
func loginOf(files []*authFile, address, repository string) login {
	for _, f := range files {
		if l := f.login(address, repository); l.found() {
			return l
		}
	}
	return login{}
}

func (f *authFile) login(address, repository string) login {
	if helper := f.Helpers[address]; helper != "" {
		return login{file: f.path, helper: helper}
	}
	best, length := login{}, 0
	for key, auth := range f.Auths {
		name := authKey(key)
		if name != authKey(address) && !strings.HasPrefix(address+"/"+repository+"/", name+"/") || len(name) < length {
			continue
		}
		l := login{file: f.path, username: auth.Username, password: auth.Password}
		if user, pass, found := decodeAuth(auth.Auth); found {
			l.username, l.password = user, pass
		}
		switch {
		case l.username == "" && auth.IdentityToken == "" && f.Store == "":
			continue // docker leaves an empty entry where a login was taken away
		case l.password == "" && f.Store != "":
			l.helper = f.Store
		}
		best, length = l, len(name)
	}
	return best
}

// authKey is a key of auths as docker compares them: without scheme, and for https://host/v1/ without the path of the first API.
func authKey(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	for _, path := range []string{"/v1/", "/v2/", "/v1", "/v2", "/"} {
		key = strings.TrimSuffix(key, path)
	}
	if key == "index.docker.io" || key == "registry-1.docker.io" {
		return dockerHub
	}
	return key
}

// decodeAuth reads user:password in base64.
func decodeAuth(text string) (username, password string, found bool) {
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil || text == "" {
		return "", "", false
	}
	username, password, found = strings.Cut(strings.TrimRight(string(plain), "\x00"), ":")
	return username, password, found
}

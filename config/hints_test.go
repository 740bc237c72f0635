package config

import (
	"strings"
	"testing"
)

// Mistakes that YAML takes for something else: the error tells the cause, and where it is.
func TestMistakesThatCannotBeSeen(t *testing.T) {
	const top = "registries:\n- name: hub\n  url: https://hub.example.org\n"
	for _, c := range []struct{ name, text, want string }{
		{"a tab behind the dash of a list", top + "  backends:\n  -\thttps://a.example.org\n", "x.yml:5:4: not YAML: holds a tab: write spaces in its place"},
		{"a tab that indents", top + "\ttimeout: 5s\n", "x.yml:4:1: not YAML: indent with spaces, not with tabs"},
		{"a tab below a mapping", top + "  http:\n    basic_auth:\n\t  username: a\n", "x.yml:6:1: not YAML: holds a tab: write spaces in its place"},
		{"a tab that indents, and one in a text before", top + "  access_log:\n    paths: [x.log]\n    format: |\n      $request\n\t$status\n", "x.yml:8:1: not YAML: "},
		{"a no-break space behind a colon", top + "  site:\u00a0eqiad\n", "x.yml:4:8: not YAML: holds a no-break space (U+00A0)"},
		{"a no-break space behind a dash", "registries:\n-\u00a0name: hub\n  url: https://hub.example.org\n", "x.yml:2:2: not YAML: holds a no-break space (U+00A0)"},
		{"no-break spaces that indent", top + "\u00a0\u00a0timeout: 5s\n", "x.yml:4:1: …: a key holds a no-break space (U+00A0)"},
		{"a no-break space before a colon", top + "  timeout\u00a0: 5s\n", "x.yml:4:3: registries[0].…: a key holds a no-break space (U+00A0)"},
		{"a no-break space behind a value", top + "  timeout: 5s\u00a0\n", "x.yml:4:12: registries[0].timeout: must be a duration above 0 with its unit, such as 500ms, 10s or 1m; it holds a no-break space (U+00A0)"},
		{"a no-break space behind a name", top + "  site: eqiad\u00a0\n", "x.yml:4:9: registries[0].site: may hold letters, digits, dot, dash and underscore, and begins with a letter or digit; it holds a no-break space (U+00A0)"},
		{"a space without width in a URL", "registries:\n- name: hub\n  url: \u200bhttps://hub.example.org\n", "x.yml:3:8: registries[0].url: holds a character that cannot be seen (U+200B)"},
		{"a conflict of git", top + "<<<<<<< HEAD\n  timeout: 5s\n=======\n  timeout: 6s\n>>>>>>> main\n", "x.yml:4:1: not YAML: holds a conflict that git could not merge"},
		{"a conflict of git from the first line on", "<<<<<<< HEAD\n" + top + "=======\n" + top + ">>>>>>> main\n", "x.yml:1:1: not YAML: holds a conflict that git could not merge"},
		{"the end of a conflict of git", top + "  timeout: 5s\n>>>>>>> main\n", "x.yml:5:1: not YAML: holds a conflict that git could not merge"},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, c.text, c.want) })
	}
}

func refused(t *testing.T, text, want string) {
	t.Helper()
	if _, err := parse("x.yml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// Values and keys that are right elsewhere, or nearly.
func TestHints(t *testing.T) {
	const (
		urls     = "holds more than one URL: write one, and where a list is wanted an entry for each"
		brackets = "holds an IPv6 address without brackets"
		variable = "names a variable, and variables are not expanded: write its value"
		secret   = "is the name of a variable, and variables are not expanded: put the secret into a file, and name that"
	)
	for _, c := range []struct{ name, lines, want string }{
		{"two URLs in one text", `backends: ["https://a.example.org, https://b.example.org"]`, "14: registries[0].backends[0]: " + urls},
		{"two URLs without a blank", `backends: ["https://a.example.org,https://b.example.org"]`, "14: registries[0].backends[0]: " + urls},
		{"two URLs with a path", `nginx: {urls: ["http://127.0.0.1/a,http://127.0.0.2/a"]}`, "18: registries[0].nginx.urls[0]: " + urls},
		{"two hosts in one URL", `backends: ["https://a.example.org,b.example.org"]`, "14: registries[0].backends[0]: " + urls},
		{"two URLs without brackets", `backends: https://a.example.org, https://b.example.org`, "13: registries[0].backends: must be a list: put brackets around it, and commas between its entries"},
		{"an IPv6 address and a port", `backends: ["https://2001:db8::1:5000"]`, "14: registries[0].backends[0]: " + brackets},
		{"an IPv6 address", `debug: {urls: ["http://::1/"]}`, "18: registries[0].debug.urls[0]: " + brackets},
		{"the IPv6 address of a Redis", `redis: {addr: "::1:6379"}`, "17: registries[0].redis.addr: " + brackets},
		{"a CA beside http", `ca_file: ca.pem`, "3: registries[0].ca_file: is no key here: it belongs under http.tls_config"},
		{"a CA in http", "http:\n    follow_redirects: true\n    ca_file: ca.pem", "5: registries[0].http.ca_file: is no key here: it belongs under tls_config"},
		{"a CA in swift", `swift: {ca_file: ca.pem}`, "11: registries[0].swift.ca_file: is no key here: it belongs under tls_config"},
		{"basic_auth beside http", "http: {}\n  basic_auth: {username: a, password: hunter2}", "3: registries[0].basic_auth: is no key here: it belongs under http"},
		{"a user in http", `http: {username: a, password: hunter2}`, "10: registries[0].http.username: is no key here: it belongs under basic_auth"},
		{"a count beside swift", `count: {prefixes: [files/]}`, "3: registries[0].count: is no key here: it belongs under swift"},
		{"a key that many have", `every: 60s`, "3: registries[0].every: unknown key: must be one of: "},
		{"two CAs", "http:\n    tls_config:\n      server_name: a\n      ca_file: a.pem\n      ca: b", "5: registries[0].http.tls_config: at most one of ca"},
		{"a mistake in a block", "pull:\n    every: 60s\n    backends: true", "3: registries[0].pull: images is missing"},
		{"a variable in a URL", `backends: ["https://${HOST}:5000"]`, "14: registries[0].backends[0]: " + variable},
		{"a variable with a default", `site: ${SITE:-eqiad}`, "9: registries[0].site: " + variable},
		{"a variable as file", `http: {basic_auth: {username: a, password_file: "${DIR}/password"}}`, "51: registries[0].http.basic_auth.password_file: " + variable},
		{"a variable with a default as password", `redis: {addr: "a:1", password: "${PW:-hunter2}"}`, "34: registries[0].redis.password: " + secret},
		{"a command as password", `redis: {addr: "a:1", password: "$(cat hunter2)"}`, "34: registries[0].redis.password: " + secret},
		{"a template as password", `redis: {addr: "a:1", password: "{{ hunter2 }}"}`, "34: registries[0].redis.password: " + secret},
		{"a template without quotes", `redis: {addr: "a:1", password: {{ hunter2 }}}`, "24: registries[0].redis.password: is a template that nothing has filled in"},
		{"a password of blanks", `redis: {addr: "a:1", password: "  "}`, "34: registries[0].redis.password: holds blanks or line ends alone"},
		{"jobs of MSR every second", `msr: {jobs: {every: 1s}}`, "23: registries[0].msr.jobs.every: must be 2s or more"},
		{"jobs of MSR without a unit", `msr: {jobs: {every: 5}}`, "23: registries[0].msr.jobs.every: must be a duration with its unit, such as 5m, or 0s for never"},
		{"a mirror with a tag", `msr: {mirrors: ["team/app:1.0"]}`, "19: registries[0].msr.mirrors[0]: must be a repository such as team/app, or a namespace such as team"},
		{"a namespace whose pulls are counted", `msr: {repositories: [team]}`, "24: registries[0].msr.repositories[0]: must be a repository such as team/app"},
		{"a repository twice", `msr: {repositories: [a/b, a/b]}`, "29: registries[0].msr.repositories[1]: stands twice: keep one"},
		{"jobs of MSR as a list", `msr: {jobs: [5m]}`, "9: registries[0].msr.jobs: must hold keys and values, one of: every"},
		{"a pull every second", `pull: {images: ["a/b:c"], every: 1s}`, "36: registries[0].pull.every: must be 2s or more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse("x.yml", []byte("registries:\n- name: hub\n  url: https://hub.example.org\n  "+c.lines+"\n"))
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Fatal(err)
			}
			_, place, _ := strings.Cut(strings.TrimPrefix(err.Error(), "x.yml:"), ":")
			if !strings.HasPrefix(place, c.want) {
				t.Errorf("\n got %s\nwant %s", place, c.want)
			}
		})
	}
}

func TestVariablesOfNginxAreNoneOfOurs(t *testing.T) {
	mustParse(t, hub+"  access_log: {paths: [x.log], format: '\"${request}\" $status'}\n")
}

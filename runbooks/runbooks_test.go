package runbooks

import (
	"html/template"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines is about a screen and a half. Nobody reads more at night.
const maxLines = 70

var (
	sections = []string{"What it means", "Who is affected", "Confirm", "What to do", "When to stop and call someone"}
	fence    = regexp.MustCompile("(?ms)^ *```\\w*\n(.*?)^ *```$")
	link     = regexp.MustCompile(`\]\(([^)]*)\)`)
	step     = regexp.MustCompile(`(?m)^(\d+)\. `)
	sentence = regexp.MustCompile(`[.:]( |\n|$)`)
	// placeholder is a word in capitals that is not part of a longer one: a variable of the shell, say.
	placeholder = regexp.MustCompile(`(^|[^\w$."-])([A-Z]{2,}(_[A-Z]+)*(\.pem)?)\b`)
	// curl is its short options, the rest of the command, and what reads its output.
	curl = regexp.MustCompile("curl (-\\w+)([^|`\n]*)(\\| (?:grep|jq|sha256sum))?")
	// capitals are words of the commands themselves.
	capitals = []string{"DNS", "ID", "IP", "POST", "UCP_PASSWORD"}
)

// runbooks returns the pages of the alerts by name.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	names, err := fs.Glob(os.DirFS("."), "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name != index {
			pages[strings.TrimSuffix(name, ".md")] = read(t, name)
		}
	}
	if len(pages) == 0 {
		t.Fatal("there are no runbooks")
	}
	return pages
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// served returns a function that asks the handler of the runbooks for a path.
func served(t *testing.T, contacts ...Contact) func(path string) *httptest.ResponseRecorder {
	t.Helper()
	handler, err := New(func(*http.Request, string, string) Known { return Known{Contacts: contacts} })
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /runbooks/", http.StripPrefix("/runbooks/", handler))
	return func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
}

// section is the text below a heading, without the heading.
func section(page, heading string) string {
	_, after, _ := strings.Cut(page, "\n## "+heading+"\n")
	text, _, _ := strings.Cut(after, "\n## ")
	return text
}

func eachRunbook(t *testing.T, check func(t *testing.T, name, page string)) {
	t.Helper()
	for name, page := range runbooks(t) {
		t.Run(name, func(t *testing.T) { check(t, name, page) })
	}
}

func TestEveryPageIsTitledByItsAlert(t *testing.T) {
	eachRunbook(t, func(t *testing.T, name, page string) {
		if !strings.HasPrefix(page, "# "+name+"\n") {
			t.Errorf("the first line is not %q", "# "+name)
		}
	})
}

func TestEveryPageHasTheSectionsInOrder(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		var found []string
		for _, line := range strings.Split(page, "\n") {
			if heading, is := strings.CutPrefix(line, "## "); is {
				found = append(found, heading)
			}
		}
		if !slices.Equal(found, sections) {
			t.Errorf("sections %q, want %q", found, sections)
		}
		for _, heading := range found {
			if strings.TrimSpace(section(page, heading)) == "" {
				t.Errorf("%q is empty", heading)
			}
		}
	})
}

func TestWhatItMeansIsTwoOrThreeSentences(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		if n := len(sentence.FindAllString(strings.TrimSpace(section(page, "What it means")), -1)); n < 2 || n > 4 {
			t.Errorf("%d sentences or halves of them, want 2 to 4", n)
		}
	})
}

func TestWhoIsAffectedSpeaksOfPullingAndPushing(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		text := strings.ToLower(section(page, "Who is affected"))
		for _, word := range []string{"pull", "push"} {
			if !strings.Contains(text, word) {
				t.Errorf("no word of people who %s", word)
			}
		}
	})
}

func TestConfirmIsOneCommand(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		commands := fence.FindAllStringSubmatch(section(page, "Confirm"), -1)
		if len(commands) != 1 || strings.Count(commands[0][1], "\n") != 1 {
			t.Errorf("not one command of one line: %q", commands)
		}
	})
}

// TestCurlSaysThatItFails: people would take an empty output for no fault. Only a command that shows the status needs no
// -f.
func TestCurlSaysThatItFails(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		for _, c := range curl.FindAllStringSubmatch(page, -1) {
			options, filtered := c[1], c[3] != ""
			if strings.Contains(options, "s") && !strings.Contains(options, "S") {
				t.Errorf("keeps quiet about an error: %s", c[0])
			}
			if filtered && !strings.ContainsAny(options, "fi") {
				t.Errorf("what reads it makes nothing of the text of an error: %s", c[0])
			}
		}
	})
}

// TestCommandsCanBeTyped: redis-cli asks for a password on its output, and waits for ever when that is no terminal. The
// exporter finds its configuration only where it is installed.
func TestCommandsCanBeTyped(t *testing.T) {
	askPass, own := regexp.MustCompile("--askpass[^`\n]*\\|"), regexp.MustCompile(`\bregistry_exporter( --config\.\S+)* (--config\.check|check)\b`)
	eachRunbook(t, func(t *testing.T, _, page string) {
		if found := askPass.FindString(page); found != "" {
			t.Errorf("nobody sees what it asks for: %s", found)
		}
		for _, command := range own.FindAllString(page, -1) {
			if !strings.Contains(command, " --config.file=/etc/registry_exporter/registry_exporter.yml ") {
				t.Errorf("has no configuration: %s", command)
			}
		}
	})
}

// TestCertificatesAreAskedForByName: the certificate of a machine behind the front has the name of the front.
func TestCertificatesAreAskedForByName(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		for _, c := range curl.FindAllStringSubmatch(page, -1) {
			if !strings.Contains(c[1], "k") && strings.Contains(c[2], "https://HOST") {
				t.Errorf("is refused for the name: %s", c[0])
			}
		}
	})
}

func TestStepsAreNumberedWithoutAGap(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		steps := step.FindAllStringSubmatch(section(page, "What to do"), -1)
		if len(steps) < 2 {
			t.Errorf("%d steps", len(steps))
		}
		for i, s := range steps {
			if s[1] != string(rune('1'+i)) {
				t.Errorf("step %s in place %d", s[1], i+1)
			}
		}
	})
}

func TestNoPageIsLongerThanAScreenAndAHalf(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		if n := strings.Count(page, "\n"); n > maxLines {
			t.Errorf("%d lines, at most %d", n, maxLines)
		}
	})
}

func TestLinksLeadToRunbooks(t *testing.T) {
	get := served(t)
	pages := runbooks(t)
	pages["README"] = read(t, index)
	for name, page := range pages {
		for _, l := range link.FindAllStringSubmatch(page, -1) {
			if _, found := pages[strings.TrimSuffix(l[1], ".md")]; !found || l[1] == name+".md" {
				t.Errorf("%s links to %q", name, l[1])
			}
			if w := get("/runbooks/" + l[1]); w.Code != http.StatusOK {
				t.Errorf("%s: served, the link %q is %d", name, l[1], w.Code)
			}
		}
	}
}

func TestPlaceholdersAreExplainedInTheIndex(t *testing.T) {
	text := section(read(t, index), "Words in capitals")
	eachRunbook(t, func(t *testing.T, _, page string) {
		for _, block := range fence.FindAllStringSubmatch(page, -1) {
			for _, word := range placeholder.FindAllStringSubmatch(block[1], -1) {
				if !slices.Contains(capitals, word[2]) && !strings.Contains(text, "`"+word[2]+"`") {
					t.Errorf("%s is not explained", word[2])
				}
			}
		}
	})
}

func TestIndexListsEveryRunbookOnce(t *testing.T) {
	page := read(t, index)
	for name := range runbooks(t) {
		if n := strings.Count(page, "["+name+"]("+name+".md)"); n != 1 {
			t.Errorf("%s is listed %d times", name, n)
		}
	}
}

func TestServedIndexListsEveryRunbook(t *testing.T) {
	get := served(t)
	for _, path := range []string{"/runbooks/", "/runbooks/README.md"} {
		w := get(path)
		for name := range runbooks(t) {
			if !strings.Contains(w.Body.String(), `<a href="`+name+`.md">`+name+"</a>") {
				t.Errorf("%s: no link to %s", path, name)
			}
		}
	}
}

func TestPageIsServedHoweverItIsSpelt(t *testing.T) {
	get := served(t)
	eachRunbook(t, func(t *testing.T, name, _ string) {
		for _, spelt := range []string{name, strings.ToLower(name), name + ".md", strings.ToLower(name) + ".md"} {
			w := get("/runbooks/" + spelt)
			if w.Code != http.StatusOK {
				t.Fatalf("%s: status %d", spelt, w.Code)
			}
			if got := w.Header().Get("Content-Type"); got != "text/html; charset=utf-8" {
				t.Errorf("%s: content type %q", spelt, got)
			}
			for _, part := range []string{"<title>" + name + "</title>", "<h1>" + name + "</h1>", "<h2>Confirm</h2>", "<pre><code"} {
				if !strings.Contains(w.Body.String(), part) {
					t.Errorf("%s: no %s", spelt, part)
				}
			}
		}
	})
}

func TestUnknownPageIsNotFound(t *testing.T) {
	get := served(t)
	for _, path := range []string{"RegistryDwon", "page.html", "runbooks.go", "RegistryDown/", "RegistryDown.md.md", "<script>"} {
		w := get("/runbooks/" + path)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
		if strings.Contains(w.Body.String(), path) {
			t.Errorf("%s: the answer repeats what was asked: %s", path, w.Body)
		}
	}
}

func TestPagesHaveNoScriptAndMayRunNone(t *testing.T) {
	get := served(t)
	eachRunbook(t, func(t *testing.T, name, _ string) {
		w := get("/runbooks/" + name)
		if strings.Contains(w.Body.String(), "<script") {
			t.Error("there is a script")
		}
		if got := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
			t.Errorf("policy %q", got)
		}
	})
}

func TestHTMLInMarkdownStaysText(t *testing.T) {
	frame := template.Must(template.ParseFS(files, "page.html"))
	page, err := render(frame, []byte("# A <b>title</b>\n\n`<i>` & <u>x</u>\n\n<script>alert(1)</script>\n\n[l](javascript:alert(1))\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{"<b>", "<i>", "<u>", "<script", "javascript:"} {
		if strings.Contains(string(page), raw) {
			t.Errorf("%s got through:\n%s", raw, page)
		}
	}
	for _, escaped := range []string{"<title>A &lt;b&gt;title&lt;/b&gt;</title>", "<code>&lt;i&gt;</code> &amp; "} {
		if !strings.Contains(string(page), escaped) {
			t.Errorf("no %s in:\n%s", escaped, page)
		}
	}
}

// When two names differ in capitals only, one page hides the other.
func TestNoTwoPagesHaveOneKey(t *testing.T) {
	seen := map[string]string{}
	for name := range runbooks(t) {
		if other := seen[key(name)]; other != "" {
			t.Errorf("%s and %s have the same key", name, other)
		}
		seen[key(name)] = name
	}
}

package collector

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The comment of each package names each of its files, and no other.
func TestPackageCommentsListTheirFiles(t *testing.T) {
	for _, dir := range []string{
		".", "access", "ask", "collectortest", "distribution", "msr", "redis", "registry", "registry/client", "report", "source",
		"swift", "swift/fakeswift", "testserver", "trust", "trust/fakenotary",
		"../accesslog", "../clients", "../config", "../demo/standin", "../durable", "../e2e", "../node",
	} {
		t.Run(dir, func(t *testing.T) {
			comment, files := packageComment(t, dir)
			listed := map[string]bool{}
			for _, name := range regexp.MustCompile(`\w+\.go\b`).FindAllString(comment, -1) {
				listed[name] = true
				if !files[name] {
					t.Errorf("the comment names %s, which is not there", name)
				}
			}
			for name := range files {
				if !listed[name] {
					t.Errorf("the comment does not name %s", name)
				}
			}
		})
	}
}

// packageComment returns the comment of the package in dir, and its files but for doc.go and tests.
func packageComment(t *testing.T, dir string) (comment string, files map[string]bool) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		comment += file.Doc.Text()
		if name := filepath.Base(path); name != "doc.go" {
			files[name] = true
		}
	}
	return comment, files
}

package node

import (
	"os"
	"strings"
	"testing"
)

func TestReasonsAreInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../docs/node.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Reasons\n")
	for _, reason := range append(reasons(), "other") {
		if !strings.Contains(table, "`"+reason+"`") {
			t.Errorf("%s is not in docs/node.md", reason)
		}
	}
}

package report

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// everyReason returns the closed list of reasons, as it stands in the code.
func everyReason(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../source/failure.go")
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, m := range regexp.MustCompile(`(?m)^\t[rR]eason\w+ += "(\w+)"$`).FindAllStringSubmatch(string(text), -1) {
		reasons = append(reasons, m[1])
	}
	if len(reasons) < 30 {
		t.Fatalf("only %d reasons", len(reasons))
	}
	return reasons
}

// TestEveryGeneralAdviceIsReached: a row whose reasons all belong to rows before it is never given. Package collector
// tests the rows of sources.
func TestEveryGeneralAdviceIsReached(t *testing.T) {
	reasons := append(everyReason(t), "")
	taken := map[string]bool{}
	for _, row := range generalAdvice {
		own := strings.Fields(row.Reasons)
		if len(own) == 0 {
			own = reasons
		}
		given := false
		for _, why := range own {
			if !slices.Contains(reasons, why) {
				t.Errorf("there is no reason %s", why)
			}
			given = given || !taken[why]
			taken[why] = taken[why] || row.When == nil
		}
		if !given {
			t.Errorf("never given: %s", row.What)
		}
	}
}

// TestOrderOfAdvice: the rows of a source come before the general ones, and of them those with a condition.
func TestOrderOfAdvice(t *testing.T) {
	always := source.Advice{Reasons: source.ReasonUnauthorized, What: "the account is unknown"}
	expired := source.Advice{When: func(res source.Result) bool { return strings.Contains(res.Err.Error(), "expired") }, What: "the token of {host} has expired"}
	refused := source.Failed(source.ReasonUnauthorized, "status 401")
	for _, c := range []struct {
		name string
		rows []source.Advice
		err  error
		want string
	}{
		{"row with a condition", []source.Advice{always, expired}, source.Failed(source.ReasonUnauthorized, "expired"), "the token of 10.0.0.5 has expired"},
		{"condition that does not hold", []source.Advice{expired, always}, refused, "the account is unknown"},
		{"secret that cannot be read", []source.Advice{always}, source.Unasked(refused), "the secret cannot be read, so nothing was asked: look at the file and its rights"},
		{"no row for the reason", []source.Advice{always}, source.Failed(source.ReasonNoSpace, "status 507"), "there is no space left"},
		{"no row at all", nil, errors.New("oh"), "it fails in a way that has no name yet: the words of the error are all there is"},
	} {
		s := &source.Source{Address: "10.0.0.5:5000", Words: source.Words{Advice: c.rows}}
		if got, _ := adviceFor(source.Result{Source: s, Err: c.err}, source.Reason(c.err)); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

package collector

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// A declaration is a metric as the code declares it: gauge(name, help, labels…).outside(labels…).
type declaration struct {
	file, kind, name, help string
	labels, outside        []string
}

func TestEveryDeclaredMetricKeepsTheRules(t *testing.T) {
	seen := map[string]string{}
	for _, d := range declaredMetrics(t) {
		for _, fault := range d.faults() {
			t.Errorf("%s in %s: %s", d.name, d.file, fault)
		}
		if other, known := seen[d.name]; known {
			t.Errorf("%s is declared in %s and in %s", d.name, other, d.file)
		}
		seen[d.name] = d.file
	}
	if len(seen) < 80 {
		t.Errorf("only %d declarations of metrics found in the code", len(seen))
	}
}

func TestFaultsOfADeclaration(t *testing.T) {
	for _, c := range []struct {
		fault string
		d     declaration
	}{
		{"", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"endpoint", "server"}, outside: []string{"server"}}},
		{"", declaration{kind: "counter", name: "registry_x_total", help: "X.", labels: []string{"code"}}},
		{"the name is not registry_ and more in lower case", declaration{kind: "gauge", name: "registry_X", help: "X."}},
		{"the name is not registry_ and more in lower case", declaration{kind: "gauge", name: "swift_x", help: "X."}},
		{"_total is the end of counters, and of no others", declaration{kind: "counter", name: "registry_x", help: "X."}},
		{"_total is the end of counters, and of no others", declaration{kind: "histogram", name: "registry_x_total", help: "X."}},
		{"the help is no sentence", declaration{kind: "gauge", name: "registry_x", help: "X"}},
		{"the label Code is not in lower case", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"Code"}, outside: []string{"Code"}}},
		{"the label site is set for every sample", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"site"}, outside: []string{"site"}}},
		{"the label code is there twice", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"code", "code"}}},
		{"nobody says where the values of server come from", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"server"}}},
		{"the values of endpoint are said to be from outside", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"endpoint"}, outside: []string{"endpoint"}}},
		{"there is no label peer to be from outside", declaration{kind: "gauge", name: "registry_x", help: "X.", outside: []string{"peer"}}},
	} {
		if got := strings.Join(c.d.faults(), "; "); got != c.fault {
			t.Errorf("%+v: got %q, want %q", c.d, got, c.fault)
		}
	}
}

var metricName = regexp.MustCompile(`^registry(_[a-z0-9]+)+$`)

var labelName = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

func (d declaration) faults() []string {
	var faults []string
	if !metricName.MatchString(d.name) {
		faults = append(faults, "the name is not registry_ and more in lower case")
	}
	if strings.HasSuffix(d.name, "_total") != (d.kind == "counter") {
		faults = append(faults, "_total is the end of counters, and of no others")
	}
	if !strings.HasSuffix(d.help, ".") {
		faults = append(faults, "the help is no sentence")
	}
	for i, label := range d.labels {
		ours := source.closedLabels[label] != nil || slices.Contains(source.configuredLabels, label)
		outside := slices.Contains(d.outside, label)
		switch {
		case !labelName.MatchString(label):
			faults = append(faults, "the label "+label+" is not in lower case")
		case label == "registry" || label == "site":
			faults = append(faults, "the label "+label+" is set for every sample")
		case slices.Contains(d.labels[:i], label):
			faults = append(faults, "the label "+label+" is there twice")
		case !ours && !outside:
			faults = append(faults, "nobody says where the values of "+label+" come from")
		case ours && outside:
			faults = append(faults, "the values of "+label+" are said to be from outside")
		}
	}
	for _, label := range d.outside {
		if !slices.Contains(d.labels, label) {
			faults = append(faults, "there is no label "+label+" to be from outside")
		}
	}
	return faults
}

func declaredMetrics(t *testing.T) []declaration {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []declaration
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		outside := map[ast.Node][]string{} // by the call of gauge, counter or histogram, which comes after that of outside
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				if f.Sel.Name == "outside" {
					outside[f.X] = texts(t, call)
				}
			case *ast.Ident:
				if f.Name == "gauge" || f.Name == "counter" || f.Name == "histogram" {
					args := texts(t, call)
					all = append(all, declaration{file: file, kind: f.Name, name: args[0], help: args[1], labels: args[2:], outside: outside[call]})
				}
			}
			return true
		})
	}
	return all
}

// texts are the arguments of a call, which have to stand there as they are.
func texts(t *testing.T, call *ast.CallExpr) []string {
	t.Helper()
	var all []string
	for _, arg := range call.Args {
		literal, ok := arg.(*ast.BasicLit)
		if !ok || literal.Kind != gotoken.STRING {
			t.Fatalf("a metric is declared with something else than texts: %#v", arg)
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

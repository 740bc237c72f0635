package collector

import (
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"registry_exporter/collector/source"
)

// A declaration is a metric as the code declares it: source.Gauge(name, help, labels…).Outside(labels…).
type declaration struct {
	file, kind, name, help string
	labels, outside        []string
}

func TestEveryDeclaredMetricKeepsTheRules(t *testing.T) {
	seen := map[string]string{}
	declared, err := declaredMetrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range declared {
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
		{"", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"address", "server"}, outside: []string{"server"}}},
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
		{"the values of address are said to be from outside", declaration{kind: "gauge", name: "registry_x", help: "X.", labels: []string{"address"}, outside: []string{"address"}}},
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
		ours := closedLabels[label] != nil || slices.Contains(configuredLabels, label)
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

// declaredMetrics are the metrics that this package and those below it declare.
var declaredMetrics = sync.OnceValues(func() (all []declaration, err error) {
	err = filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		found, err := declarationsIn(path)
		all = append(all, found...)
		return err
	})
	return all, err
})

// declarationsIn returns the calls of source.Gauge, source.Counter and source.Histogram in a file.
func declarationsIn(file string) (found []declaration, err error) {
	tree, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	outside := map[ast.Node][]string{} // by the call of Gauge, Counter or Histogram, which comes after that of Outside
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || err != nil {
			return err == nil
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, _ := f.X.(*ast.Ident)
		switch kind := f.Sel.Name; {
		case kind == "Outside":
			outside[f.X], err = texts(call)
		case pkg != nil && pkg.Name == "source" && (kind == "Gauge" || kind == "Counter" || kind == "Histogram"):
			var args []string
			if args, err = texts(call); err == nil {
				found = append(found, declaration{file: file, kind: strings.ToLower(kind), name: args[0], help: args[1], labels: args[2:], outside: outside[call]})
			}
		}
		return true
	})
	return found, err
}

// texts returns the arguments of a call, which must be text literals.
func texts(call *ast.CallExpr) ([]string, error) {
	var all []string
	for _, arg := range call.Args {
		literal, ok := arg.(*ast.BasicLit)
		if !ok || literal.Kind != gotoken.STRING {
			return nil, fmt.Errorf("a metric is declared with something else than texts: %#v", arg)
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// sample makes a sample of a metric that some package declares. labels are in the order of the declaration.
//
//	sample("registry_api_up", 1, "registry.example.org:443", "front") // address, role
func sample(name string, value float64, labels ...string) source.Sample {
	declared, err := declaredMetrics()
	if err != nil {
		panic(err)
	}
	i := slices.IndexFunc(declared, func(d declaration) bool { return d.name == name })
	if i < 0 || len(declared[i].labels) != len(labels) {
		panic(fmt.Sprintf("no metric %s with %d labels is declared", name, len(labels)))
	}
	d := declared[i]
	declare := map[string]func(name, help string, labels ...string) *source.Metric{"gauge": source.Gauge, "counter": source.Counter}
	return declare[d.kind](d.name, d.help, d.labels...).Outside(d.outside...).Sample(value, labels...)
}

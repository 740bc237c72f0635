// Package dashboards has the Grafana dashboards, and reads the parts of them that tests check.
package dashboards

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:embed *.json
var files embed.FS

// A Dashboard is a part of Grafana's dashboard model.
type Dashboard struct {
	UID           string
	Title         string
	Description   string
	Tags          []string
	SchemaVersion int
	Links         []Link
	Annotations   struct{ List []Annotation }
	Templating    struct{ List []Variable }
	Panels        []Panel
}

// A Link leads to another dashboard, or to a page of the exporter.
type Link struct {
	Title       string
	URL         string
	IncludeVars bool
	KeepTime    bool
}

// An Annotation is a query whose results Grafana marks in the graphs.
type Annotation struct {
	Name       string
	BuiltIn    int
	Datasource Datasource
	Expr       string
}

// A Variable is a value that people choose above the panels, or a hidden one.
type Variable struct {
	Name       string
	Type       string
	Datasource Datasource
	Definition string
	Query      json.RawMessage
	Multi      bool
	IncludeAll bool
	AllValue   string
	Hide       int
}

// A Panel is a graph, a table or another part of a dashboard.
type Panel struct {
	ID              int
	Type            string
	Title           string
	Description     string
	GridPos         GridPos
	Datasource      Datasource
	Targets         []Target
	Transformations []Transformation
	FieldConfig     struct {
		Defaults  Defaults
		Overrides []Override
	}
	Options struct {
		SortBy []struct{ DisplayName string }
	}
}

// A GridPos is the position and size of a panel. A dashboard is 24 columns wide.
type GridPos struct{ X, Y, W, H int }

// A Datasource is what a panel queries.
type Datasource struct{ Type, UID string }

// A Target is one query of a panel.
type Target struct {
	RefID        string
	Datasource   Datasource
	Expr         string
	LegendFormat string
	Format       string
	Instant      bool
	Range        bool
	Interval     string // the least step; the least $__rate_interval is four times as long
}

// A Transformation changes the results of a panel's queries, such as joining two tables.
type Transformation struct {
	ID      string
	Options struct {
		IndexByName  map[string]int
		RenameByName map[string]string
	}
}

// Defaults say how a panel shows its values.
type Defaults struct {
	Unit    string
	NoValue string
	Color   struct{ Mode string }
	Links   []Link

	Mappings   []Mapping
	Thresholds Thresholds
}

// Thresholds are the values from which on a panel shows another colour. The first step has no value.
type Thresholds struct{ Steps []struct{ Value *float64 } }

// A Mapping shows values as words.
type Mapping struct {
	Type    string
	Options json.RawMessage
}

// An Override changes the Defaults for some of the values.
type Override struct {
	Matcher    struct{ ID, Options string }
	Properties []struct {
		ID    string
		Value json.RawMessage
	}
}

// Load reads all dashboards.
func Load() ([]Dashboard, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing the dashboards: %w", err)
	}
	var all []Dashboard
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading a dashboard: %w", err)
		}
		var d Dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		all = append(all, d)
	}
	return all, nil
}

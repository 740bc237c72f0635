package dashboards

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func load(t *testing.T) []Dashboard {
	t.Helper()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 6 {
		t.Fatalf("%d dashboards, want 6", len(all))
	}
	return all
}

// TestDashboards checks the files against the rules of Grafana and of this project.
func TestDashboards(t *testing.T) {
	for _, complaint := range checkAll(load(t)) {
		t.Error(complaint)
	}
}

// TestFiles checks the parts of the files that Load does not read.
func TestFiles(t *testing.T) {
	for _, d := range load(t) {
		text, err := files.ReadFile(d.UID + ".json")
		if err != nil {
			t.Errorf("%s is not the name of its file: %s", d.UID, err)
			continue
		}
		var model map[string]any
		if err := json.Unmarshal(text, &model); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"id", "__inputs", "__requires", "__elements"} {
			if _, found := model[key]; found {
				t.Errorf("%s: %s belongs to an installation or an export, not to a file that is provisioned", d.UID, key)
			}
		}
		if bytes.Contains(text, []byte("palette-classic")) {
			t.Errorf("%s has a rainbow in it", d.UID)
		}
	}
}

// TestChecks breaks a dashboard in each way that the checks must find.
func TestChecks(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(d *Dashboard)
		want  string
	}{
		"uid twice":                              {func(d *Dashboard) { d.UID = "registry-one" }, "uid registry-one is there twice"},
		"title twice":                            {func(d *Dashboard) { d.Title = "One registry" }, "title One registry is there twice"},
		"old schema":                             {func(d *Dashboard) { d.SchemaVersion = 36 }, "schemaVersion 36 is older than Grafana 10"},
		"no description of the dashboard":        {func(d *Dashboard) { d.Description = "" }, "title or description is missing"},
		"no variable":                            {func(d *Dashboard) { d.Templating.List = d.Templating.List[1:] }, "variable datasource is missing"},
		"variable with a data source of its own": {func(d *Dashboard) { d.Templating.List[1].Datasource.UID = "x" }, "variable registry does not use the data source that is chosen"},
		"All without those that have no site":    {func(d *Dashboard) { d.Templating.List[2].AllValue = "" }, "All of variable site leaves out what has no such label"},
		"no alerts in the graphs":                {func(d *Dashboard) { d.Annotations.List = nil }, "no annotation shows the alerts"},
		"panel id twice":                         {func(d *Dashboard) { d.Panels[0].ID = 2 }, "panel Storage: id 2 is missing or there twice"},
		"panel without title":                    {func(d *Dashboard) { d.Panels[0].Title = "" }, "panel 1 has no title"},
		"panel without description":              {func(d *Dashboard) { d.Panels[0].Description = "" }, "panel Fronts: description is missing or no sentence"},
		"panel without unit":                     {func(d *Dashboard) { d.Panels[0].FieldConfig.Defaults.Unit = "" }, "panel Fronts: unit is missing"},
		"panel without a text for no data":       {func(d *Dashboard) { d.Panels[0].FieldConfig.Defaults.NoValue = "" }, "panel Fronts: text for no data is missing"},
		"graph with a threshold of its own":      {func(d *Dashboard) { d.Panels[0].Type = "timeseries" }, "panel Fronts: draws a threshold of its own, not the one of the rules"},
		"panel of another type":                  {func(d *Dashboard) { d.Panels[0].Type = "gauge" }, "panel Fronts: type gauge is not one of row, stat, state-timeline, table, timeseries"},
		"rainbow":                                {func(d *Dashboard) { d.Panels[0].FieldConfig.Defaults.Color.Mode = "palette-classic" }, `panel Fronts: colours have no meaning: mode "palette-classic"`},
		"panel with a data source of its own":    {func(d *Dashboard) { d.Panels[0].Datasource.UID = "x" }, "panel Fronts: does not use the data source that is chosen"},
		"query with a data source of its own":    {func(d *Dashboard) { d.Panels[0].Targets[0].Datasource.UID = "x" }, "panel Fronts: query A does not use the data source that is chosen"},
		"panel without query":                    {func(d *Dashboard) { d.Panels[0].Targets = nil }, "panel Fronts: asks nothing"},
		"data made up":                           {func(d *Dashboard) { d.Panels[0].Targets[0].Expr += " or vector(0)" }, "panel Fronts: query A makes data up"},
		"rate over a fixed window":               {func(d *Dashboard) { d.Panels[0].Targets[0].Expr = "rate(x[5m])" }, "panel Fronts: query A looks over [5m], not [$__rate_interval]"},
		"rate without a least interval":          {func(d *Dashboard) { d.Panels[0].Targets[0].Expr = "rate(x[$__rate_interval])" }, `panel Fronts: query A may look back less than four scrapes, one each minute: its interval is ""`},
		"table of graphs":                        {func(d *Dashboard) { d.Panels[10].Targets[0].Format = "" }, "panel Registries now: query A: its format does not fit the panel"},
		"timeline without legend":                {func(d *Dashboard) { d.Panels[11].Targets[0].LegendFormat = "" }, "panel Fronts by time: query A has no legend"},
		"column that is not there":               {func(d *Dashboard) { d.Panels[10].FieldConfig.Overrides[1].Matcher.Options = "x" }, "panel Registries now: there is no column x"},
		"sorted by no column":                    {func(d *Dashboard) { d.Panels[10].Options.SortBy[0].DisplayName = "x" }, "panel Registries now: is sorted by x, which is no column"},
		"panel too wide":                         {func(d *Dashboard) { d.Panels[10].GridPos.W = 25 }, "panel Registries now stands outside of the grid"},
		"panels on each other":                   {func(d *Dashboard) { d.Panels[1].GridPos.X-- }, "panel Pulls lies on Fronts"},
		"link to no dashboard":                   {func(d *Dashboard) { d.Links[0].URL = "/d/x" }, "link One registry leads to x, which is no dashboard"},
		"link that loses the time":               {func(d *Dashboard) { d.Links[0].KeepTime = false }, "link One registry loses variables or time"},
		"link to elsewhere":                      {func(d *Dashboard) { d.Links[0].URL = "https://example.org" }, "link One registry leads nowhere known: https://example.org"},
		"no link to a dashboard":                 {func(d *Dashboard) { d.Links = slices.Delete(d.Links, 3, 4) }, "no link leads to registry-traffic"},
	} {
		t.Run(name, func(t *testing.T) {
			all := load(t)
			i := slices.IndexFunc(all, func(d Dashboard) bool { return d.UID == "registry-overview" })
			c.spoil(&all[i])
			got := checkAll(all)
			if !slices.ContainsFunc(got, func(s string) bool { return s == c.want || strings.HasSuffix(s, ": "+c.want) }) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

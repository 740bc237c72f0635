package dashboards

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	source      = "${datasource}"
	minSchema   = 39
	columns     = 24
	exporterURL = "${exporter_url}/"
)

// checkAll returns the complaints about the dashboards as a whole.
func checkAll(all []Dashboard) []string {
	var wrong []string
	uids, titles := map[string]bool{}, map[string]bool{}
	for _, d := range all {
		if uids[d.UID] {
			wrong = append(wrong, fmt.Sprintf("uid %s is there twice", d.UID))
		}
		if titles[d.Title] {
			wrong = append(wrong, fmt.Sprintf("title %s is there twice", d.Title))
		}
		uids[d.UID], titles[d.Title] = true, true
	}
	for _, d := range all {
		for _, complaint := range slices.Concat(checkModel(d), checkPanels(d), checkGrid(d), checkLinks(d, uids)) {
			wrong = append(wrong, d.UID+": "+complaint)
		}
	}
	return wrong
}

// complaints collects errors.
type complaints []string

func (c *complaints) when(wrong bool, format string, args ...any) {
	if wrong {
		*c = append(*c, fmt.Sprintf(format, args...))
	}
}

// checkModel checks the parts of a dashboard that are no panels.
func checkModel(d Dashboard) []string {
	var c complaints
	c.when(d.SchemaVersion < minSchema, "schemaVersion %d is older than Grafana 10", d.SchemaVersion)
	c.when(d.Title == "" || d.Description == "", "title or description is missing")
	variables := map[string]Variable{}
	for _, v := range d.Templating.List {
		c.when(variables[v.Name].Name != "", "variable %s is there twice", v.Name)
		variables[v.Name] = v
		c.when(v.Type != "datasource" && v.Datasource.UID != source, "variable %s does not use the data source that is chosen", v.Name)
		c.when(v.IncludeAll && v.AllValue != ".*", "All of variable %s leaves out what has no such label", v.Name)
	}
	for _, name := range []string{"datasource", "registry", "site", "exporter_url"} {
		c.when(variables[name].Name == "", "variable %s is missing", name)
	}
	alerts := 0
	for _, a := range d.Annotations.List {
		c.when(a.BuiltIn == 0 && a.Datasource.UID != source, "annotation %s does not use the data source that is chosen", a.Name)
		if strings.HasPrefix(a.Expr, `ALERTS{alertstate="firing"`) {
			alerts++
		}
	}
	c.when(alerts == 0, "no annotation shows the alerts")
	return c
}

func checkPanels(d Dashboard) []string {
	var c complaints
	ids := map[int]bool{}
	for _, p := range d.Panels {
		c.when(p.ID <= 0 || ids[p.ID], "panel %s: id %d is missing or there twice", p.Title, p.ID)
		ids[p.ID] = true
		c.when(p.Title == "", "panel %d has no title", p.ID)
		if p.Type == "row" {
			continue
		}
		for _, complaint := range slices.Concat(checkTexts(p), checkTargets(p), checkColumns(p)) {
			c.when(true, "panel %s: %s", p.Title, complaint)
		}
	}
	return c
}

var panelTypes = []string{"row", "stat", "state-timeline", "table", "timeseries"}

func checkTexts(p Panel) []string {
	var c complaints
	c.when(!slices.Contains(panelTypes, p.Type), "type %s is not one of %s", p.Type, strings.Join(panelTypes, ", "))
	c.when(len(p.Description) < 15 || !strings.HasSuffix(p.Description, ".") && !strings.HasSuffix(p.Description, "?"), "description is missing or no sentence")
	c.when(p.FieldConfig.Defaults.Unit == "", "unit is missing")
	c.when(p.FieldConfig.Defaults.NoValue == "", "text for no data is missing")
	c.when(p.Type == "timeseries" && len(p.FieldConfig.Defaults.Thresholds.Steps) > 1, "draws a threshold of its own, not the one of the rules")
	c.when(!slices.Contains([]string{"fixed", "shades", "thresholds"}, p.FieldConfig.Defaults.Color.Mode), "colours have no meaning: mode %q", p.FieldConfig.Defaults.Color.Mode)
	return c
}

// overTime matches a function over a window; the group is the window.
var overTime = regexp.MustCompile(`\b(?:rate|irate|increase|delta)\([^\[]*\[([^\]]*)\]`)

func checkTargets(p Panel) []string {
	var c complaints
	c.when(p.Datasource.Type != "prometheus" || p.Datasource.UID != source, "does not use the data source that is chosen")
	c.when(len(p.Targets) == 0, "asks nothing")
	refs := map[string]bool{}
	for _, t := range p.Targets {
		c.when(t.RefID == "" || refs[t.RefID], "query %q: its letter is missing or there twice", t.RefID)
		refs[t.RefID] = true
		c.when(t.Datasource.UID != source, "query %s does not use the data source that is chosen", t.RefID)
		c.when(t.Instant == t.Range, "query %s is neither for now nor for a range, or both", t.RefID)
		c.when((p.Type == "table") != (t.Format == "table"), "query %s: its format does not fit the panel", t.RefID)
		c.when(p.Type == "state-timeline" && t.LegendFormat == "", "query %s has no legend", t.RefID)
		c.when(strings.Contains(t.Expr, "vector("), "query %s makes data up", t.RefID)
		c.when(strings.Contains(t.Expr, "$__rate_interval") && t.Interval != "1m", "query %s may look back less than four scrapes, one each minute: its interval is %q", t.RefID, t.Interval)
		for _, m := range overTime.FindAllStringSubmatch(t.Expr, -1) {
			c.when(m[1] != "$__rate_interval" && !(t.Instant && m[1] == "$__range"), "query %s looks over [%s], not [$__rate_interval]", t.RefID, m[1])
		}
	}
	return c
}

// checkColumns checks that each Override for a column is about a column of the table.
func checkColumns(p Panel) []string {
	var c complaints
	for _, t := range p.Transformations {
		if t.ID != "organize" {
			continue
		}
		names := map[string]bool{}
		for _, field := range slices.Sorted(maps.Keys(t.Options.IndexByName)) {
			names[cmp.Or(t.Options.RenameByName[field], field)] = true
		}
		for _, o := range p.FieldConfig.Overrides {
			c.when(o.Matcher.ID == "byName" && !names[o.Matcher.Options], "there is no column %s", o.Matcher.Options)
		}
		for _, s := range p.Options.SortBy {
			c.when(!names[s.DisplayName], "is sorted by %s, which is no column", s.DisplayName)
		}
	}
	return c
}

func checkGrid(d Dashboard) []string {
	var c complaints
	for i, p := range d.Panels {
		g := p.GridPos
		c.when(g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > columns, "panel %s stands outside of the grid", p.Title)
		for _, q := range d.Panels[:i] {
			o := q.GridPos
			c.when(g.X < o.X+o.W && o.X < g.X+g.W && g.Y < o.Y+o.H && o.Y < g.Y+g.H, "panel %s lies on %s", p.Title, q.Title)
		}
	}
	return c
}

var dashboardURL = regexp.MustCompile(`^/d/([\w-]+)(\?.*)?$`)

func checkLinks(d Dashboard, uids map[string]bool) []string {
	var c complaints
	linked := map[string]bool{}
	for _, l := range allLinks(d) {
		m := dashboardURL.FindStringSubmatch(l.URL)
		switch {
		case strings.HasPrefix(l.URL, exporterURL+"runbooks/"):
			linked["runbooks"] = true
		case m == nil:
			c.when(!strings.HasPrefix(l.URL, exporterURL+"probe?") && l.URL != "${__data.fields.external_url}/", "link %s leads nowhere known: %s", l.Title, l.URL)
		default:
			linked[m[1]] = true
			c.when(!uids[m[1]], "link %s leads to %s, which is no dashboard", l.Title, m[1])
			c.when(!(l.IncludeVars && l.KeepTime) && !(strings.Contains(m[2], "${datasource:queryparam}") && strings.Contains(m[2], "${__url_time_range}")), "link %s loses variables or time", l.Title)
		}
	}
	c.when(!linked["runbooks"], "no link leads to the runbooks")
	for uid := range uids {
		c.when(uid != d.UID && !linked[uid], "no link leads to %s", uid)
	}
	slices.Sort(c)
	return c
}

// allLinks returns the links of the dashboard, of its panels and of their columns.
func allLinks(d Dashboard) []Link {
	links := slices.Clone(d.Links)
	for _, p := range d.Panels {
		links = append(links, p.FieldConfig.Defaults.Links...)
		for _, o := range p.FieldConfig.Overrides {
			for _, property := range o.Properties {
				var of []Link
				if property.ID == "links" && json.Unmarshal(property.Value, &of) == nil {
					links = append(links, of...)
				}
			}
		}
	}
	return links
}

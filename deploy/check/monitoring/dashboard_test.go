package monitoring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboard is what we use of Grafana's dashboard model, and nothing else: a field
// that is not here is a typo, or one to look up and add.
// Source: grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model.
type dashboard struct {
	UID                  string     `json:"uid"`
	Title                string     `json:"title"`
	Description          string     `json:"description"`
	Tags                 []string   `json:"tags"`
	SchemaVersion        int        `json:"schemaVersion"`
	Version              int        `json:"version"`
	Editable             bool       `json:"editable"`
	GraphTooltip         int        `json:"graphTooltip"`
	Refresh              string     `json:"refresh"`
	Timezone             string     `json:"timezone"`
	FiscalYearStartMonth int        `json:"fiscalYearStartMonth"`
	LiveNow              bool       `json:"liveNow"`
	WeekStart            string     `json:"weekStart"`
	Time                 timeRange  `json:"time"`
	TimePicker           struct{}   `json:"timepicker"`
	Links                []struct{} `json:"links"`
	Annotations          struct {
		List []annotation `json:"list"`
	} `json:"annotations"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type annotation struct {
	BuiltIn    int        `json:"builtIn"`
	Datasource datasource `json:"datasource"`
	Enable     bool       `json:"enable"`
	Hide       bool       `json:"hide"`
	IconColor  string     `json:"iconColor"`
	Name       string     `json:"name"`
	Type       string     `json:"type"`
}

type variable struct {
	Name       string     `json:"name"`
	Label      string     `json:"label"`
	Type       string     `json:"type"`
	Query      string     `json:"query"`
	Regex      string     `json:"regex"`
	Current    struct{}   `json:"current"`
	Hide       int        `json:"hide"`
	IncludeAll bool       `json:"includeAll"`
	Multi      bool       `json:"multi"`
	Options    []struct{} `json:"options"`
	Refresh    int        `json:"refresh"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type panel struct {
	ID          int         `json:"id"`
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Datasource  *datasource `json:"datasource"`
	GridPos     gridPos     `json:"gridPos"`
	FieldConfig fieldConfig `json:"fieldConfig"`
	Options     options     `json:"options"`
	Targets     []target    `json:"targets"`
	Collapsed   bool        `json:"collapsed"` // of a row
	Panels      []struct{}  `json:"panels"`    // of a row that is collapsed
}

type gridPos struct{ X, Y, W, H int }

type fieldConfig struct {
	Defaults struct {
		Unit  string   `json:"unit"`
		Min   *float64 `json:"min"`
		Max   *float64 `json:"max"`
		Color struct {
			Mode string `json:"mode"`
		} `json:"color"`
		Custom struct {
			DrawStyle   string `json:"drawStyle"`
			LineWidth   int    `json:"lineWidth"`
			FillOpacity int    `json:"fillOpacity"`
			ShowPoints  string `json:"showPoints"`
			SpanNulls   bool   `json:"spanNulls"`
			Stacking    struct {
				Group string `json:"group"`
				Mode  string `json:"mode"`
			} `json:"stacking"`
		} `json:"custom"`
		Thresholds struct {
			Mode  string `json:"mode"`
			Steps []struct {
				Color string   `json:"color"`
				Value *float64 `json:"value"`
			} `json:"steps"`
		} `json:"thresholds"`
	} `json:"defaults"`
	Overrides []struct{} `json:"overrides"`
}

type options struct {
	Legend struct {
		DisplayMode string `json:"displayMode"`
		Placement   string `json:"placement"`
		ShowLegend  bool   `json:"showLegend"`
	} `json:"legend"`
	Tooltip struct {
		Mode string `json:"mode"`
		Sort string `json:"sort"`
	} `json:"tooltip"`
	ColorMode     string `json:"colorMode"`
	GraphMode     string `json:"graphMode"`
	JustifyMode   string `json:"justifyMode"`
	TextMode      string `json:"textMode"`
	ReduceOptions struct {
		Calcs  []string `json:"calcs"`
		Fields string   `json:"fields"`
		Values bool     `json:"values"`
	} `json:"reduceOptions"`
}

type target struct {
	RefID        string     `json:"refId"`
	Datasource   datasource `json:"datasource"`
	EditorMode   string     `json:"editorMode"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
	Range        bool       `json:"range"`
}

// units are those of Grafana's that we use: another text would be shown as it is,
// behind the number. Source: grafana/packages/grafana-data/src/valueFormats/categories.ts.
var units = setOf("short", "s", "bytes", "percentunit", "reqps", "cps", "wps", "cpm")

// chosen is the data source that whoever looks at the dashboard has chosen.
var chosen = datasource{Type: "prometheus", UID: "${datasource}"}

// dashboardProblems tells what is wrong with a dashboard.
func dashboardProblems(served metrics, content []byte) []string {
	var d dashboard
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return []string{err.Error()}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return []string{"there is something behind the dashboard"}
	}
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if d.UID == "" || d.Title == "" || d.Description == "" || d.SchemaVersion < 39 {
		problem("the dashboard lacks its uid, its title, its description or a current schemaVersion")
	}
	if !slices.ContainsFunc(d.Templating.List, func(v variable) bool {
		return "${"+v.Name+"}" == chosen.UID && v.Type == "datasource" && v.Query == chosen.Type
	}) {
		problem("there is no variable that chooses the data source")
	}
	seen := map[int]bool{}
	titles := map[string]bool{}
	for i, p := range d.Panels {
		if p.ID <= 0 || seen[p.ID] {
			problem("%q: its id %d is not its own", p.Title, p.ID)
		}
		seen[p.ID] = true
		if titles[p.Type+p.Title] && p.Type == "row" {
			problem("there are two rows %q", p.Title)
		}
		titles[p.Type+p.Title] = true
		if g := p.GridPos; g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
			problem("%q stands outside of the grid", p.Title)
		}
		for _, other := range d.Panels[:i] {
			if overlap(p.GridPos, other.GridPos) {
				problem("%q overlaps %q", p.Title, other.Title)
			}
		}
		for _, text := range panelProblems(served, p) {
			problem("%q: %s", p.Title, text)
		}
	}
	if first := slices.IndexFunc(d.Panels, func(p panel) bool { return p.Type != "row" }); first != 1 {
		problem("the first row has to stand first and have panels")
	}
	return problems
}

func overlap(a, b gridPos) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

func panelProblems(served metrics, p panel) (problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if p.Title == "" {
		problem("it has no title")
	}
	switch p.Type {
	case "row":
		if len(p.Targets)+len(p.Panels) > 0 {
			problem("a row that is open holds nothing itself")
		}
		return problems
	case "timeseries", "stat":
	default:
		problem("its type %q is none that is used here", p.Type)
	}
	if p.Description == "" {
		problem("it has no description")
	}
	if !units[p.FieldConfig.Defaults.Unit] {
		problem("its unit %q is none of Grafana's", p.FieldConfig.Defaults.Unit)
	}
	if p.Datasource == nil || *p.Datasource != chosen {
		problem("it does not use the data source that was chosen")
	}
	if len(p.Targets) == 0 {
		problem("it shows nothing")
	}
	refs := map[string]bool{}
	for _, target := range p.Targets {
		if target.RefID == "" || refs[target.RefID] {
			problem("two queries are called %q", target.RefID)
		}
		refs[target.RefID] = true
		if target.Datasource != chosen {
			problem("query %s does not use the data source that was chosen", target.RefID)
		}
		if p.Type == "timeseries" && target.LegendFormat == "" {
			problem("query %s has no legend", target.RefID)
		}
		problems = append(problems, targetProblems(served, target)...)
	}
	return problems
}

var (
	ranges      = regexp.MustCompile(`\[[^\]]*\]`)
	legendLabel = regexp.MustCompile(`\{\{\s*(.*?)\s*\}\}`)
)

// targetProblems checks a query: Grafana replaces $__rate_interval before it asks.
func targetProblems(served metrics, t target) (problems []string) {
	for _, text := range ranges.FindAllString(t.Expr, -1) {
		if text != "[$__rate_interval]" {
			problems = append(problems, "the range "+text+" is shorter than a scrape for some, and longer than the screen for others: use $__rate_interval")
		}
	}
	labels, wrong := served.check(strings.ReplaceAll(t.Expr, "$__rate_interval", "5m"))
	problems = append(problems, wrong...)
	for _, m := range legendLabel.FindAllStringSubmatch(t.LegendFormat, -1) {
		if !labels[m[1]] {
			problems = append(problems, fmt.Sprintf("the legend shows %q, which the result does not have", m[1]))
		}
	}
	return problems
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	require.Empty(t, dashboardProblems(servedMetrics(t), read(t, dashboardFile)))
}

// What the check is for: each of these was a good dashboard.
func TestBrokenDashboardsAreFound(t *testing.T) {
	t.Parallel()
	served := servedMetrics(t)
	good := string(read(t, dashboardFile))
	for name, tt := range map[string]struct{ old, broken, want string }{
		"cut off":                   {"\n}\n", "\n", "unexpected EOF"},
		"a field with a typo":       {`"legendFormat": "{{collection}}"`, `"legend": "{{collection}}"`, `unknown field "legend"`},
		"a renamed metric":          {"holdfast_mirror_age_seconds", "holdfast_mirror_lag_seconds", `no process serves "holdfast_mirror_lag_seconds"`},
		"a label that is not there": {"max by (collection)", "max by (table)", `no label "table"`},
		"a value that is not there": {`state=\"failed\"`, `state=\"broken\"`, `no state "broken"`},
		"a job that is not there":   {`up{job=\"holdfast-worker\"}`, `up{job=\"worker\"}`, `no job "worker"`},
		"a legend without label":    {`"legendFormat": "{{collection}}"`, `"legendFormat": "{{name}}"`, `shows "name"`},
		"no PromQL":                 {"max(holdfast_repositories)", "max(holdfast_repositories", "unclosed left parenthesis"},
		"a fixed range":             {"[$__rate_interval]", "[1m]", "use $__rate_interval"},
		"a data source of its own":  {`"uid": "${datasource}"`, `"uid": "prometheus"`, "data source that was chosen"},
		"no variable":               {`"name": "datasource"`, `"name": "source"`, "no variable that chooses"},
		"no unit":                   {`"unit": "percentunit"`, `"unit": ""`, "unit"},
		"a unit of nobody's":        {`"unit": "bytes"`, `"unit": "byte"`, `unit "byte"`},
		"no title":                  {`"title": "Pollers"`, `"title": ""`, "no title"},
		"an id twice":               {`"id": 7,`, `"id": 6,`, "id 6 is not its own"},
		"one on top of another":     {`"x": 6,`, `"x": 5,`, "overlaps"},
		"one outside":               {`"x": 18,`, `"x": 19,`, "outside of the grid"},
		"a panel of no type":        {`"type": "stat"`, `"type": "singlestat"`, `type "singlestat"`},
		"two queries of one name":   {`"refId": "B"`, `"refId": "A"`, `called "A"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, good, tt.old)
			problems := dashboardProblems(served, []byte(strings.Replace(good, tt.old, tt.broken, 1)))
			require.NotEmpty(t, problems)
			require.Contains(t, strings.Join(problems, "\n"), tt.want)
		})
	}
}

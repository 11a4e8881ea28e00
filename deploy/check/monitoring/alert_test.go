package monitoring

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/stretchr/testify/require"
)

var alertLabel = regexp.MustCompile(`\$labels\.([a-zA-Z_]+)`)

// alertProblems tells what is wrong with an alert file.
func alertProblems(served metrics, content []byte) []string {
	groups, errs := rulefmt.Parse(content, false, model.UTF8Validation, promQL, promslog.NewNopLogger())
	if len(errs) > 0 {
		return []string{fmt.Sprint(errs)}
	}
	var problems []string
	var seen []string
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			problem := func(format string, args ...any) {
				problems = append(problems, rule.Alert+": "+fmt.Sprintf(format, args...))
			}
			if !strings.HasPrefix(rule.Alert, "Holdfast") || slices.Contains(seen, rule.Alert) {
				problem("%q is not an alert with a name of its own", rule.Alert)
			}
			seen = append(seen, rule.Alert)
			if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
				problem("its severity is %q", severity)
			}
			for name := range rule.Annotations {
				if name != "summary" && name != "description" {
					problem("nobody shows the annotation %q", name)
				}
			}
			if !strings.HasSuffix(rule.Annotations["summary"], ".") || strings.Contains(rule.Annotations["summary"], "\n") {
				problem("its summary is no sentence")
			}
			if len(rule.Annotations["description"]) < 80 {
				problem("its description does not say what to do")
			}
			// An increase over a quarter of an hour is a wait as well.
			if rule.For == 0 && !strings.Contains(rule.Expr, "increase(") {
				problem("it fires at the first bad sample")
			}
			out, wrong := served.check(rule.Expr)
			for _, text := range wrong {
				problem("%s", text)
			}
			for _, text := range rule.Annotations {
				for _, m := range alertLabel.FindAllStringSubmatch(text, -1) {
					if !out[m[1]] {
						problem("an annotation shows the label %q, which the result does not have", m[1])
					}
				}
			}
		}
	}
	return problems
}

func TestAlertFile(t *testing.T) {
	t.Parallel()
	require.Empty(t, alertProblems(servedMetrics(t), read(t, alertFile)))
}

// What the check is for: each of these was a good file.
func TestBrokenAlertFilesAreFound(t *testing.T) {
	t.Parallel()
	served := servedMetrics(t)
	good := string(read(t, alertFile))
	for name, tt := range map[string]struct{ old, broken, want string }{
		"no YAML":                   {"groups:", "groups: [", "did not find expected"},
		"a field with a typo":       {"for: 15m", "fro: 15m", "field fro not found"},
		"no duration":               {"for: 15m", "for: soon", "not a valid duration"},
		"no PromQL":                 {"> 26 * 3600", "> 26 * ", "unexpected end of input"},
		"a broken template":         {"{{ $labels.collection }} is", "{{ $labels.collection is", "template"},
		"a renamed metric":          {"holdfast_mirror_age_seconds", "holdfast_mirror_lag_seconds", "no process serves"},
		"a label that is not there": {"max by (collection)", "max by (table)", `no label "table"`},
		"a value that is not there": {`state=~"pending|cancelling"`, `state=~"pending|canceling"`, `no state "canceling"`},
		"a job that is not there":   {`absent(up{job="holdfast-worker"}`, `absent(up{job="worker"}`, `no job "worker"`},
		"a template without label":  {"The mirror of {{ $labels.collection }}", "The mirror of {{ $labels.table }}", `shows the label "table"`},
		"no severity":               {"severity: warning", "level: warning", `its severity is ""`},
		"no summary":                {`summary: "No worker is up."`, `summary: ""`, "summary is no sentence"},
		"a gauge taken for a count": {"rate(holdfast_figures_errors_total[5m])", "rate(holdfast_repositories[5m])", "is no counter"},
		"an alert twice":            {"alert: HoldfastNoAPI", "alert: HoldfastNoWorker", "name of its own"},
		"no patience":               {"        for: 2m\n", "", "fires at the first bad sample"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, good, tt.old)
			problems := alertProblems(served, []byte(strings.Replace(good, tt.old, tt.broken, 1)))
			require.NotEmpty(t, problems)
			require.Contains(t, strings.Join(problems, "\n"), tt.want)
		})
	}
}

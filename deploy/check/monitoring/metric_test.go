package monitoring

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

// set is a set of labels, or of a label's values.
type set map[string]bool

func setOf(names ...string) set {
	s := set{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

// metric is one that the processes serve: its labels, and the values of those whose
// values are listed.
type metric map[string]set

// metrics are all that may be used, by name.
type metrics map[string]metric

// servedMetrics reads the list that the product's test keeps, adds the labels that a
// scrape adds, and what Prometheus itself says of a scrape.
func servedMetrics(t *testing.T) metrics {
	t.Helper()
	jobs := setOf(scrapeJobs(t)...)
	all := metrics{"up": {"job": jobs, "instance": nil}}
	line := regexp.MustCompile(`^([a-z_]+)\{(.*)\} [a-z,]+$`)
	for text := range strings.Lines(string(read(t, metricFile))) {
		if strings.HasPrefix(text, "#") {
			continue
		}
		m := line.FindStringSubmatch(strings.TrimSpace(text))
		require.NotNil(t, m, text)
		all[m[1]] = metric{"job": jobs, "instance": nil}
		for field := range strings.SplitSeq(m[2], ",") {
			name, values, listed := strings.Cut(field, "=")
			all[m[1]][name] = nil
			if listed {
				all[m[1]][name] = setOf(strings.Split(values, "|")...)
			}
		}
	}
	require.Contains(t, all, "holdfast_operations", "this test must find the metrics")
	return all
}

// expression is a PromQL expression being checked against what is served.
type expression struct {
	served   metrics
	problems []string
}

func (e *expression) problem(format string, args ...any) {
	e.problems = append(e.problems, fmt.Sprintf(format, args...))
}

// check parses an expression and returns the labels that its result has and what is
// wrong with it.
func (m metrics) check(text string) (out set, problems []string) {
	parsed, err := promQL.ParseExpr(text)
	if err != nil {
		return nil, []string{err.Error()}
	}
	e := &expression{served: m}
	out = e.labels(parsed)
	return out, e.problems
}

// labels checks an expression and tells which labels its result has.
func (e *expression) labels(expr parser.Expr) set {
	switch expr := expr.(type) {
	case *parser.VectorSelector:
		return e.selector(expr)
	case *parser.MatrixSelector:
		return e.labels(expr.VectorSelector)
	case *parser.SubqueryExpr:
		return e.labels(expr.Expr)
	case *parser.ParenExpr:
		return e.labels(expr.Expr)
	case *parser.UnaryExpr:
		return e.labels(expr.Expr)
	case *parser.AggregateExpr:
		return e.aggregate(expr)
	case *parser.BinaryExpr:
		return e.binary(expr)
	case *parser.Call:
		return e.call(expr)
	case *parser.NumberLiteral, *parser.StringLiteral:
		return set{}
	}
	e.problem("%s: this test does not know what %T does with labels", expr, expr)
	return set{}
}

func (e *expression) selector(s *parser.VectorSelector) set {
	served, ok := e.served[s.Name]
	if !ok {
		e.problem("no process serves %q", s.Name)
		return set{}
	}
	for _, matcher := range s.LabelMatchers {
		values, ok := served[matcher.Name]
		switch {
		case matcher.Name == model.MetricNameLabel:
		case !ok:
			e.problem("%s has no label %q", s.Name, matcher.Name)
		case values != nil && (matcher.Type == labels.MatchEqual || matcher.Type == labels.MatchRegexp):
			e.values(s.Name, matcher, values)
		}
	}
	return setOf(slices.Collect(maps.Keys(served))...)
}

// values holds that each alternative of a matcher is a value that there is.
func (e *expression) values(name string, matcher *labels.Matcher, values set) {
	for alternative := range strings.SplitSeq(matcher.Value, "|") {
		one, err := labels.NewMatcher(matcher.Type, matcher.Name, alternative)
		if err != nil || !slices.ContainsFunc(slices.Collect(maps.Keys(values)), one.Matches) {
			e.problem("%s has no %s %q", name, matcher.Name, alternative)
		}
	}
}

func (e *expression) aggregate(a *parser.AggregateExpr) set {
	inner := e.labels(a.Expr)
	out := set{}
	for _, name := range a.Grouping {
		if !inner[name] {
			e.problem("%s: there is no label %q to group by", a, name)
		}
		out[name] = true
	}
	if !a.Without {
		return out
	}
	maps.DeleteFunc(inner, func(name string, _ bool) bool { return out[name] })
	return inner
}

func (e *expression) binary(b *parser.BinaryExpr) set {
	left, right := e.labels(b.LHS), e.labels(b.RHS)
	if b.VectorMatching == nil {
		maps.Copy(left, right) // one of them is a number and has none
		return left
	}
	if !b.VectorMatching.On {
		if !maps.Equal(left, right) {
			e.problem("%s: the sides have different labels and never match", b)
		}
		return left
	}
	for _, name := range b.VectorMatching.MatchingLabels {
		if !left[name] || !right[name] {
			e.problem("%s: not both sides have the label %q", b, name)
		}
	}
	return left
}

func (e *expression) call(c *parser.Call) set {
	out := set{}
	for _, arg := range c.Args {
		maps.Copy(out, e.labels(arg))
	}
	switch c.Func.Name {
	case "histogram_quantile":
		if !out["le"] {
			e.problem("%s: the buckets' label le is lost before", c)
		}
		delete(out, "le")
	case "rate", "increase":
		e.counter(c)
	case "absent":
		return set{}
	default:
		e.problem("%s: this test does not know the function %s", c, c.Func.Name)
	}
	return out
}

// counter holds that what is rated is a counter: of a gauge the result is noise.
func (e *expression) counter(c *parser.Call) {
	if m, ok := c.Args[0].(*parser.MatrixSelector); ok {
		if s, ok := m.VectorSelector.(*parser.VectorSelector); ok && !isCounter(s.Name) {
			e.problem("%s: %s is no counter", c, s.Name)
		}
	}
}

func isCounter(name string) bool {
	return slices.ContainsFunc([]string{"_total", "_count", "_sum", "_bucket"}, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}

func TestExpressionsAreHeldAgainstWhatIsServed(t *testing.T) {
	t.Parallel()
	served := servedMetrics(t)
	for text, want := range map[string]string{
		`sum by (state) (holdfast_operations{state="failed", job="holdfast-worker"})`:             "",
		`sum(rate(holdfast_item_total[5m]))`:                                                      `no process serves "holdfast_item_total"`,
		`sum by (colection) (rate(holdfast_items_total[5m]))`:                                     `no label "colection"`,
		`holdfast_operations{sate="failed"}`:                                                      `no label "sate"`,
		`holdfast_operations{state="faild"}`:                                                      `no state "faild"`,
		`holdfast_operations{state=~"pending|waiting"}`:                                           `no state "waiting"`,
		`up{job="holdfast-workers"}`:                                                              `no job "holdfast-workers"`,
		`rate(holdfast_operations[5m])`:                                                           "is no counter",
		`histogram_quantile(0.9, sum(rate(holdfast_github_request_duration_seconds_bucket[5m])))`: "label le is lost",
		`sum by (state) (holdfast_operations) / sum by (kind) (holdfast_operations)`:              "never match",
		`sum by (job) (up) and on (instance) up`:                                                  `not both sides have the label "instance"`,
		`sum(rate(holdfast_items_total[5m])`:                                                      "unclosed left parenthesis",
		`deriv(holdfast_repositories[5m])`:                                                        "does not know the function deriv",
	} {
		_, problems := served.check(text)
		if want == "" {
			require.Empty(t, problems, text)
			continue
		}
		require.Len(t, problems, 1, text)
		require.Contains(t, problems[0], want)
	}
}

package monitoring

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"github.com/stretchr/testify/require"
)

// lookback is how long Prometheus takes a sample for the present one by default.
const lookback = 5 * time.Minute

// alertRules are the rules of the alert file, read as Prometheus reads it.
func alertRules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(alertFile, false, model.UTF8Validation, promQL, promslog.NewNopLogger())
	require.Empty(t, errs)
	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

// firing loads series, evaluates the whole alert file once a minute as Prometheus
// would, and returns the alerts that fire at a time, each with its annotations.
func firing(t *testing.T, series string, at time.Duration) map[string][]*rules.Alert {
	t.Helper()
	storage := promqltest.LoadedStorage(t, "load 1m\n"+series)
	t.Cleanup(func() { require.NoError(t, storage.Close()) })
	engine := promqltest.NewTestEngine(t, false, lookback, promqltest.DefaultMaxSamplesPerQuery)
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: rules.EngineQueryFunc(engine, storage), Appendable: storage, Context: t.Context(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {}, Logger: promslog.NewNopLogger(), Parser: promQL,
	})
	groups, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, alertFile)
	require.Empty(t, errs)
	active := map[string][]*rules.Alert{}
	for _, group := range groups {
		for _, rule := range group.AlertingRules() {
			rule.SetRestored(true)
		}
		for now := time.Duration(0); now <= at; now += time.Minute {
			group.Eval(t.Context(), time.Unix(0, 0).Add(now))
		}
		for _, rule := range group.AlertingRules() {
			require.NoError(t, rule.LastError(), rule.Name())
			for _, alert := range rule.ActiveAlerts() {
				if alert.State == rules.StateFiring {
					active[rule.Name()] = append(active[rule.Name()], alert)
				}
			}
		}
	}
	return active
}

func names(alerts map[string][]*rules.Alert) []string { return slices.Sorted(maps.Keys(alerts)) }

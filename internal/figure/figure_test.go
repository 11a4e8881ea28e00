package figure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/figure"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv/metrictest"
)

// source is what says the figures, in the place of Postgres.
type source struct {
	figures operation.Figures
	err     error
	hangs   bool
	asked   int
}

func (s *source) Figures(ctx context.Context, _ operation.SweepPolicy) (operation.Figures, error) {
	s.asked++
	if s.hangs {
		<-ctx.Done()
		return operation.Figures{}, ctx.Err()
	}
	return s.figures, s.err
}

type bundle struct {
	*metrictest.Reader
	source source
	log    bytes.Buffer
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{Reader: metrictest.New(t), source: source{figures: operation.Figures{
		Operations: []operation.StateFigure{
			{Kind: operation.KindSyncRepository, State: operation.StateRunning, Count: 3, Oldest: time.Hour},
			{Kind: operation.KindSyncRepository, State: operation.StateFailed, Count: 2},
			{Kind: "from the future", State: "unheard of", Count: 9},
		},
		Waits:        []operation.WaitFigure{{Reason: "github_primary_limit", Count: 2, Longest: 40 * time.Minute}},
		Mirrors:      []operation.MirrorFigure{{Collection: "issues", Age: 2 * time.Hour}},
		Repositories: 7, Unreachable: 1, SweepsOverdue: 2,
		Checks: []operation.CheckFigure{{Collection: "issues", Drift: operation.Drift{Missing: 3, Extra: 4, Different: 5}, Oldest: time.Hour}},
	}}}
	require.NoError(t, figure.Register(b.Provider(), figure.Options{
		Source: &b.source, Now: time.Now, Reasons: []string{"github_primary_limit", "other_pass"},
		Logger: slog.New(slog.NewTextHandler(&b.log, nil)),
	}))
	return b
}

func TestFiguresAreShownWithTheirZeros(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := map[string]float64{
		"holdfast.operations{kind=sync_repository,state=pending}":          0,
		"holdfast.operations{kind=sync_repository,state=running}":          3,
		"holdfast.operations{kind=sync_repository,state=cancelling}":       0,
		"holdfast.operations{kind=sync_repository,state=succeeded}":        0,
		"holdfast.operations{kind=sync_repository,state=failed}":           2,
		"holdfast.operations{kind=sync_repository,state=cancelled}":        0,
		"holdfast.oldest_operation{kind=sync_repository,state=pending}":    0,
		"holdfast.oldest_operation{kind=sync_repository,state=running}":    3600,
		"holdfast.oldest_operation{kind=sync_repository,state=cancelling}": 0,
		"holdfast.operations.waiting{reason=github_primary_limit}":         2,
		"holdfast.operations.waiting{reason=other_pass}":                   0,
		"holdfast.longest_wait{reason=github_primary_limit}":               2400,
		"holdfast.longest_wait{reason=other_pass}":                         0,
		"holdfast.mirror.age{collection=issues}":                           7200,
		"holdfast.repositories":                                            7,
		"holdfast.repositories.unreachable":                                1,
		"holdfast.sweeps_overdue":                                          2,
		"holdfast.drift_items{collection=issues,kind=missing}":             3,
		"holdfast.drift_items{collection=issues,kind=extra}":               4,
		"holdfast.drift_items{collection=issues,kind=different}":           5,
		"holdfast.full_check.age{collection=issues}":                       3600,
		"holdfast.figures.errors":                                          0,
	}
	for _, kind := range operation.Kinds() {
		for _, state := range operation.States() {
			for _, name := range []string{"operations", "oldest_operation"} {
				series := fmt.Sprintf("holdfast.%s{kind=%s,state=%s}", name, kind, state)
				if _, ok := want[series]; !ok && (name == "operations" || !state.Terminal()) {
					want[series] = 0
				}
			}
		}
	}
	require.Equal(t, want, b.Read())
}

func TestWhatTheSourceSaidIsKeptForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.Read()
		b.source.figures.Repositories = 8
		<-time.After(10*time.Second - 1)
		require.InDelta(t, 7, b.Read()["holdfast.repositories"], 0)
		require.Equal(t, 1, b.source.asked)
		<-time.After(1)
		require.InDelta(t, 8, b.Read()["holdfast.repositories"], 0)
		require.Equal(t, 2, b.source.asked)
	})
}

func TestFiguresThatCannotBeReadAreAbsentAndCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.source.err = errors.New("the database is away")
		require.Equal(t, map[string]float64{"holdfast.figures.errors": 1}, b.Read())
		require.Equal(t, map[string]float64{"holdfast.figures.errors": 1}, b.Read(), "an error is kept as well")
		<-time.After(10 * time.Second)
		require.Equal(t, map[string]float64{"holdfast.figures.errors": 2}, b.Read())
		require.Equal(t, 1, strings.Count(b.log.String(), "the database is away"), "an outage is logged once")

		b.source.err = nil
		<-time.After(10 * time.Second)
		read := b.Read()
		require.InDelta(t, 7, read["holdfast.repositories"], 0)
		require.InDelta(t, 2, read["holdfast.figures.errors"], 0)
		require.Contains(t, b.log.String(), "can be read again")
	})
}

func TestASourceThatHangsHoldsACollectionUpForALimitedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.source.hangs = true
		began := time.Now()
		require.Equal(t, map[string]float64{"holdfast.figures.errors": 1}, b.Read())
		require.Equal(t, 5*time.Second, time.Since(began))
		b.Read()
		require.Equal(t, 5*time.Second, time.Since(began), "and not each one that follows")
	})
}

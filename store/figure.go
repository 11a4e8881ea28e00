package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// Figures reads what operators watch, all of it as of one moment. The policy says
// when a sweep is overdue.
func (s *Store) Figures(ctx context.Context, policy operation.SweepPolicy) (f operation.Figures, err error) {
	moment := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, moment, func(tx pgx.Tx) error {
		operations, err := s.q.CountOperations(ctx, tx)
		if err != nil {
			return err
		}
		waits, err := s.q.CountWaits(ctx, tx)
		if err != nil {
			return err
		}
		ages, err := s.q.MirrorAges(ctx, tx)
		if err != nil {
			return err
		}
		repositories, err := s.q.CountRepositories(ctx, tx)
		if err != nil {
			return err
		}
		f = toFigures(operations, waits, ages, repositories)
		return s.addChecks(ctx, tx, &f, policy)
	})
	return f, translate("read the figures", err)
}

// addChecks adds what is known of sweeps and of what they found.
func (s *Store) addChecks(ctx context.Context, tx pgx.Tx, f *operation.Figures, policy operation.SweepPolicy) error {
	states, err := s.q.CountRepositoryStates(ctx, tx, dbsqlc.CountRepositoryStatesParams{Every: policy.Every, Grace: policy.Grace()})
	if err != nil {
		return err
	}
	f.Unreachable, f.SweepsOverdue = states.Unreachable, states.Overdue
	checks, err := s.q.SumChecks(ctx, tx)
	for _, row := range checks {
		f.Checks = append(f.Checks, operation.CheckFigure{
			Collection: row.Collection, Oldest: seconds(row.OldestSeconds),
			Drift: operation.Drift{Missing: row.Missing, Extra: row.Extra, Different: row.Different},
		})
	}
	return err
}

func toFigures(operations []dbsqlc.OperationCount, waits []dbsqlc.WaitCount, ages []dbsqlc.MirrorAge, repositories int64) operation.Figures {
	f := operation.Figures{Repositories: repositories}
	for _, row := range operations {
		f.Operations = append(f.Operations, operation.StateFigure{
			Kind: operation.Kind(row.Kind), State: operation.State(row.State), Count: row.Operations, Oldest: seconds(row.OldestSeconds),
		})
	}
	for _, row := range waits {
		f.Waits = append(f.Waits, operation.WaitFigure{Reason: row.Reason, Count: row.Operations, Longest: seconds(row.LongestSeconds)})
	}
	for _, row := range ages {
		f.Mirrors = append(f.Mirrors, operation.MirrorFigure{Collection: row.Collection, Age: seconds(row.AgeSeconds)})
	}
	return f
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

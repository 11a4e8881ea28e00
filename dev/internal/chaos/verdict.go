package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// sweep compares and repairs each repository once, as the schedule of sweeps does.
func (r *run) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for _, site := range r.sites {
		group.Go(func() error {
			op, err := r.startSweep(ctx, site.Repository.FullName())
			if err != nil {
				return err
			}
			if op, err = r.ended(ctx, op.ID); err == nil && op.State != operation.StateSucceeded {
				err = fmt.Errorf("the sweep of %s ended as %s: %+v", op.Subject, op.State, op.Failure)
			}
			return err
		})
	}
	return group.Wait()
}

func (r *run) startSweep(ctx context.Context, name string) (operation.Operation, error) {
	input, err := json.Marshal(operation.SyncInput{Repository: name, Collections: []string{collection.PresetAll}, Full: true})
	if err != nil {
		return operation.Operation{}, fmt.Errorf("encode the sweep of %s: %w", name, err)
	}
	op, _, err := store.New(r.pool).CreateOperation(ctx, operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace, Kind: operation.KindReconcileRepository,
		Source: operation.SourceSweep, Subject: name, Input: input,
	})
	if err != nil {
		return op, err
	}
	return op, retry(ctx, func() error { return r.starter.Start(ctx, op) })
}

// compare compares every item of every collection but those of which GitHub is asked
// for a window only: what is outside of it is not read again, as their status says.
func (r *run) compare(ctx context.Context) error {
	var all error
	for _, site := range r.sites {
		compared, err := mirror.Compare(ctx, r.pool, r.sim, config.DefaultWorkspace, site.Repository)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(compared)) {
			c, _ := collection.ByName(name)
			if c.Parents != nil && c.Parents.Window != "" {
				continue
			}
			if difference := compared[name].Difference(); difference != "" {
				all = errors.Join(all, fmt.Errorf("%s of %s: %s", name, site.Repository.FullName(), difference))
			}
		}
		all = errors.Join(all, r.requireOneRowEach(ctx, site))
	}
	return all
}

// requireOneRowEach fails if an item has more than one row: keys are unique by the
// table's definition, so what is left are numbers and the repository itself.
func (r *run) requireOneRowEach(ctx context.Context, s *site) error {
	var doubled []string
	for _, table := range []string{"issues", "pulls", "milestones"} {
		rows, err := r.pool.Query(ctx, `select number from `+pgx.Identifier{table}.Sanitize()+`
			where workspace_id = $1 and repository_id = $2 and deleted_at is null group by number having count(*) > 1`,
			config.DefaultWorkspace, s.Repository.ID())
		if err != nil {
			return fmt.Errorf("look for doubled %s: %w", table, err)
		}
		numbers, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return fmt.Errorf("look for doubled %s: %w", table, err)
		}
		for _, n := range numbers {
			doubled = append(doubled, fmt.Sprintf("%s %d", table, n))
		}
	}
	if len(doubled) > 0 {
		return fmt.Errorf("%s has two rows for %v", s.Repository.FullName(), doubled)
	}
	return nil
}

// requireNoDrift fails unless the last check of every collection found nothing.
func (r *run) requireNoDrift(ctx context.Context) error {
	for _, site := range r.sites {
		rows, err := r.pool.Query(ctx, `select format('%s: %s missing, %s extra, %s different', collection, missing, extra, different)
			from collection_checks where workspace_id = $1 and repository_id = $2 and missing + extra + different > 0`,
			config.DefaultWorkspace, site.Repository.ID())
		if err != nil {
			return fmt.Errorf("read the drift: %w", err)
		}
		drift, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("read the drift: %w", err)
		}
		if len(drift) > 0 {
			return fmt.Errorf("a second sweep of %s still finds drift: %v", site.Repository.FullName(), drift)
		}
	}
	return nil
}

package activities_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/githubsim/upheaval"
	"github.com/holdfast/holdfast/internal/operation"
)

// tester is a test, or a check of rapid's.
type tester interface {
	require.TestingT
	Helper()
	Logf(format string, args ...any)
}

// carryOut carries an operation out as the workflow would, one step after another, and
// returns it at its end.
func (b *bundle) carryOut(t tester, kind operation.Kind, source operation.Source, input operation.SyncInput) operation.Operation {
	t.Helper()
	raw, err := json.Marshal(input)
	require.NoError(t, err)
	op, _, err := b.store.CreateOperation(b.t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace, Kind: kind, Source: source,
		Subject: input.Repository, Input: raw,
	})
	require.NoError(t, err)
	return b.complete(t, activities.OperationRef{WorkspaceID: op.WorkspaceID, OperationID: op.ID})
}

// complete carries an operation out that was written already.
func (b *bundle) complete(t tester, ref activities.OperationRef) operation.Operation {
	t.Helper()
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	require.Nil(t, plan.Wait)
	for _, step := range plan.Collections {
		if step.Name == "repository" {
			continue
		}
		done := false
		for range 1000 {
			result, err := b.pages(ref, plan, step.Name)
			require.NoError(t, err, step.Name)
			require.Nil(t, result.Wait, step.Name)
			if done = result.Done; done {
				break
			}
		}
		require.True(t, done, "the pass of %s does not end", step.Name)
	}
	_, err = b.env.ExecuteActivity(b.steps.FinishOperation, activities.Finish{OperationRef: ref, State: operation.StateSucceeded})
	require.NoError(t, err)
	op, err := b.store.Operation(b.t.Context(), ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	require.Equal(t, operation.StateSucceeded, op.State)
	return op
}

// syncOf syncs a repository's collections, those of the preset core unless some are named.
func (b *bundle) syncOf(t tester, r *githubsim.Repository, names ...string) operation.Operation {
	t.Helper()
	return b.carryOut(t, operation.KindSyncRepository, operation.SourceSync, operation.SyncInput{Repository: r.FullName(), Collections: names})
}

// sweepOf compares and repairs all collections of a repository, as the schedule does.
func (b *bundle) sweepOf(t tester, r *githubsim.Repository, names ...string) operation.Operation {
	t.Helper()
	return b.carryOut(t, operation.KindReconcileRepository, operation.SourceSweep, operation.SyncInput{Repository: r.FullName(), Collections: names, Full: true})
}

// state is what a repository has, or its mirror: hashes by collection and key.
type state map[string]map[string][32]byte

// source is what GitHub has of a repository.
func (b *bundle) source(t tester, r *githubsim.Repository, names []string) state {
	t.Helper()
	owner, name, _ := strings.Cut(r.FullName(), "/")
	all := state{}
	for _, collectionName := range names {
		c, ok := b.steps.Collections.ByName(collectionName)
		require.True(t, ok)
		all[c.Name] = map[string][32]byte{}
		for key, raw := range b.sim.Items(owner, name, c.Name) {
			hash, err := c.Hash(raw)
			require.NoError(t, err)
			all[c.Name][key] = hash
		}
	}
	return all
}

// mirrored is what the mirror has of a repository.
func (b *bundle) mirrored(t tester, r *githubsim.Repository, names []string) state {
	t.Helper()
	all := state{}
	for _, collectionName := range names {
		c, ok := b.steps.Collections.ByName(collectionName)
		require.True(t, ok)
		all[c.Name] = map[string][32]byte{}
		rows, err := b.pool.Query(b.t.Context(), `select key, coalesce(raw_bytes, convert_to(raw::text, 'UTF8')) from `+
			pgx.Identifier{c.Table}.Sanitize()+` where repository_id = $1 and deleted_at is null`, r.ID())
		require.NoError(t, err)
		var key string
		var raw []byte
		_, err = pgx.ForEachRow(rows, []any{&key, &raw}, func() error {
			var err error
			all[c.Name][key], err = c.Hash(raw)
			return err
		})
		require.NoError(t, err)
	}
	return all
}

// difference is what has to happen to the items of before to make them those of now.
func (before state) difference(now state) []string {
	var all []string
	for name, items := range now {
		for key, hash := range items {
			old, had := before[name][key]
			switch {
			case !had:
				all = append(all, fmt.Sprintf("%s %s created", name, key))
			case old != hash:
				all = append(all, fmt.Sprintf("%s %s updated", name, key))
			}
		}
		for key := range before[name] {
			if _, has := items[key]; !has {
				all = append(all, fmt.Sprintf("%s %s deleted", name, key))
			}
		}
	}
	slices.Sort(all)
	return all
}

// core are the names of the collections that a sync reads unless it says otherwise.
func (b *bundle) core() []string { return b.steps.Collections.Expand(collection.ScopeRepository, nil) }

// requireConverged compares collections with the source, all of core if none is named.
// Those of which GitHub is asked for a window only cannot be equal, and say so.
func (b *bundle) requireConverged(t tester, r *githubsim.Repository, names ...string) {
	t.Helper()
	names = slices.DeleteFunc(b.steps.Collections.Expand(collection.ScopeRepository, names), func(name string) bool {
		c, ok := b.steps.Collections.ByName(name)
		return ok && c.Parents != nil && c.Parents.Window != ""
	})
	require.Empty(t, b.mirrored(t, r, names).difference(b.source(t, r, names)), "what the mirror lacks")
}

// drift sums what the last checks of a repository's collections found.
func (b *bundle) drift(t tester, r *githubsim.Repository) (found []string) {
	t.Helper()
	rows, err := b.pool.Query(b.t.Context(), `select format('%s: %s missing, %s extra, %s different', collection, missing, extra, different)
		from collection_checks where repository_id = $1 and missing + extra + different > 0`, r.ID())
	require.NoError(t, err)
	found, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}

// Whatever happens between two syncs and on GitHub's side of any page, one sweep
// makes the mirror equal, and a second one finds nothing.
func TestOneSweepConvergesAfterAnyUpheaval(t *testing.T) {
	b := setup(t, 100, githubsim.Options{})
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		require.NoError(t, checks.Value.Set("12")) // a check is several syncs
	}
	b.readWithToken(t, b.sim) // GraphQL needs one
	serial := 0
	rapid.Check(t, func(t *rapid.T) {
		serial++
		spec := githubsim.SpecForItems(rapid.IntRange(20, 300).Draw(t, "items"))
		spec.Owner, spec.Name = "upheaval", fmt.Sprintf("check-%d", serial)
		site := upheaval.Site{Server: b.sim, Repository: githubsim.Generate(uint64(serial), spec), Dock: b.repo}
		b.sim.Add(site.Repository)
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			b.syncOf(t, site.Repository, collection.PresetAll)
			for _, a := range rapid.SliceOfN(upheaval.Generator(), 0, 20).Draw(t, "actions") {
				_, err := site.Do(a)
				require.NoError(t, err)
			}
		}
		b.sweepOf(t, site.Repository, collection.PresetAll)
		b.requireConverged(t, site.Repository, collection.PresetAll)
		b.sweepOf(t, site.Repository, collection.PresetAll)
		require.Empty(t, b.drift(t, site.Repository))
		require.Empty(t, slices.Sorted(maps.Keys(b.doubled(t, site.Repository))))
	})
}

// doubled are the numbers that more than one row of a repository has.
func (b *bundle) doubled(t tester, r *githubsim.Repository) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, table := range []string{"issues", "pulls", "milestones"} {
		rows, err := b.pool.Query(b.t.Context(), `select number from `+pgx.Identifier{table}.Sanitize()+`
			where repository_id = $1 and deleted_at is null group by number having count(*) > 1`, r.ID())
		require.NoError(t, err)
		numbers, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		require.NoError(t, err)
		for _, n := range numbers {
			all[fmt.Sprintf("%s %d", table, n)] = true
		}
	}
	return all
}

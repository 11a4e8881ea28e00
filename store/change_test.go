package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// changes lists all changes, by pages of that size.
func (b *bundle) changes(f operation.ChangeFilter) []operation.Change {
	b.t.Helper()
	var all []operation.Change
	for {
		page, next, err := b.Changes(b.t.Context(), workspace, f)
		require.NoError(b.t, err)
		require.LessOrEqual(b.t, len(page), f.Limit)
		all = append(all, page...)
		if next == f.After {
			return all
		}
		f.After = next
	}
}

// told is what changes say, in one line each.
func told(changes []operation.Change) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, fmt.Sprint(c.Seq, " ", c.Kind, " ", c.Collection, " ", c.Key, " ", c.Number, " ", c.Fields, " ", string(c.Before) != "", " ", c.Source))
	}
	return out
}

// gone is a page that marks items as deleted.
func (b *bundle) gone(op operation.Operation, name string, fence int64, keys ...string) store.Page {
	p := b.page(op, name, fence)
	p.Gone = keys
	return p
}

func milestone(id int, title string) string {
	return fmt.Sprintf(`{"id": %d, "number": %d, "title": %q, "open_issues": %d}`, 100+id, id, title, id)
}

func TestEveryDifferenceIsAChange(t *testing.T) {
	b := setup(t)
	op := b.running("milestones")
	pass := b.take(op, "milestones")
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "a"), milestone(2, "b")))
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "a"), milestone(2, "b")))
	swept := b.page(op, "milestones", pass.Fence, milestone(1, "a"), milestone(2, "c"), milestone(3, "d"))
	swept.Source = operation.SourceSweep
	b.commit(swept)
	b.commit(b.gone(op, "milestones", pass.Fence, "102", "no such"))
	b.commit(b.gone(op, "milestones", pass.Fence, "102"))
	b.commit(b.page(op, "milestones", pass.Fence, milestone(2, "e")))

	all := b.changes(operation.ChangeFilter{Limit: 2})
	require.Equal(t, []string{
		"1 created milestones 101 1 [] false sync",
		"2 created milestones 102 2 [] false sync",
		"3 updated milestones 102 2 [title] true sweep",
		"4 created milestones 103 3 [] false sweep",
		"5 deleted milestones 102 2 [] true sync",
		"6 created milestones 102 2 [] false sync",
	}, told(all))
	require.JSONEq(t, milestone(2, "b"), string(all[2].Before))
	require.JSONEq(t, milestone(2, "c"), string(all[4].Before))
	for i, c := range all {
		require.Equal(t, int64(repository), c.RepositoryID)
		require.Equal(t, op.ID, c.OperationID)
		require.False(t, c.Purged)
		require.True(t, i == 0 || !c.At.Before(all[i-1].At), "times follow the numbers")
	}
	require.Equal(t, 1, b.count(`select count(*) from milestones where deleted_at is null and title = 'e'`))
}

func TestWhatDoesNotCountIsNoChange(t *testing.T) {
	b := setup(t)
	op := b.running("issues")
	pass := b.take(op, "issues")
	issue := func(login string, open int) string {
		return fmt.Sprintf(`{"id": 1, "number": 1, "user": {"id": 5, "login": %q}, "milestone": {"id": 3, "open_issues": %d}}`, login, open)
	}
	for _, raw := range []string{issue("ada", 1), issue("ada", 2), issue("bob", 2)} {
		b.commit(b.page(op, "issues", pass.Fence, raw))
	}
	require.Len(t, b.changes(operation.ChangeFilter{Limit: 10}), 1)
	require.Equal(t, 1, b.count(`select count(*) from issues where user_login = 'bob'`))

	// Rules that a new version has may change every hash, and are no change of an item.
	_, err := b.pool.Exec(t.Context(), `update issues set hash = sha256('the rules of before')`)
	require.NoError(t, err)
	b.commit(b.page(op, "issues", pass.Fence, issue("bob", 2)))
	require.Len(t, b.changes(operation.ChangeFilter{Limit: 10}), 1)
}

func TestAChangeKeepsWhatJSONBCannotHold(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	pass := b.take(op, "labels")
	b.commit(b.page(op, "labels", pass.Fence, `{"id": 1, "name": "a\u0000"}`))
	b.commit(b.page(op, "labels", pass.Fence, `{"id": 1, "name": "a\ufffd"}`))
	require.Equal(t, []string{
		"1 created labels 1 0 [] false sync", "2 updated labels 1 0 [name] true sync",
	}, told(b.changes(operation.ChangeFilter{Limit: 10})))
	require.Equal(t, 1, b.count(`select count(*) from changes where convert_from(before_bytes, 'UTF8') like '%\\u0000%'`))
}

func TestAPageThatFailsTakesNoNumber(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	pass := b.take(op, "labels")
	_, err := b.CommitPage(t.Context(), b.page(op, "labels", pass.Fence-1, label(1, "a")))
	require.ErrorIs(t, err, store.ErrStaleFence)
	_, err = b.RequestCancel(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	_, err = b.CommitPage(t.Context(), b.page(op, "labels", pass.Fence, label(1, "a")))
	require.ErrorIs(t, err, store.ErrNotRunning)
	op = b.running("labels")
	_, _, err = b.SetState(t.Context(), workspace, op.ID, operation.StateFailed, &operation.Failure{Code: "c", Message: "m"})
	require.NoError(t, err)
	require.Empty(t, b.changes(operation.ChangeFilter{Limit: 10}))
	require.Zero(t, b.count(`select seq from change_counters`))
}

func TestChangesAreFiltered(t *testing.T) {
	b := setup(t)
	op := b.running("repository", "labels", "milestones")
	pass := b.take(op, "repository")
	b.commit(b.page(op, "repository", pass.Fence, `{"id": 42, "full_name": "O/R"}`))
	pass = b.take(op, "labels")
	b.commit(b.page(op, "labels", pass.Fence, label(1, "a")))
	edited := b.page(op, "labels", pass.Fence, label(1, "b"))
	edited.Source = operation.SourceWebhook
	b.commit(edited)
	pass = b.take(op, "milestones")
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "a")))
	for name, tt := range map[string]struct {
		filter operation.ChangeFilter
		want   []int64
	}{
		"all":                    {operation.ChangeFilter{}, []int64{1, 2, 3, 4}},
		"collection":             {operation.ChangeFilter{Collection: "labels"}, []int64{2, 3}},
		"kind":                   {operation.ChangeFilter{Kind: operation.ChangeUpdated}, []int64{3}},
		"source":                 {operation.ChangeFilter{Source: operation.SourceWebhook}, []int64{3}},
		"repository in any case": {operation.ChangeFilter{Repository: "o/r", Collection: "milestones"}, []int64{4}},
		"no such collection":     {operation.ChangeFilter{Collection: "x"}, nil},
		"now":                    {operation.ChangeFilter{After: operation.ChangesNow}, nil},
	} {
		for _, limit := range []int{1, 3, 100} {
			tt.filter.Limit = limit
			var got []int64
			for _, c := range b.changes(tt.filter) {
				require.Equal(t, "O/R", c.Repository, name)
				got = append(got, c.Seq)
			}
			require.Equal(t, tt.want, got, name)
		}
	}
	_, _, err := b.Changes(t.Context(), workspace, operation.ChangeFilter{Repository: "o/other", Limit: 1})
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	for _, cursor := range []string{"x", "NOW", "c2VxIDA1", "c2VxIC0x", "c2VxIDEwMA"} { // 05, -1, 100: not written so, or not reached
		_, _, err = b.Changes(t.Context(), workspace, operation.ChangeFilter{After: cursor, Limit: 1})
		require.Equal(t, operation.CodeInvalid, operation.CodeOf(err), cursor)
	}
	none, next, err := b.Changes(t.Context(), "0190a6c8-7e3b-7c3a-9d10-ffffffffffff", operation.ChangeFilter{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, none, "another workspace has its own")
	require.NotEmpty(t, next)
}

// A reader that polls while many commit at once sees every number once and in order,
// whatever the sizes of pages and the pace of the writers are.
func TestAReaderNeverSkipsAChange(t *testing.T) {
	b := setup(t)
	all := []string{"labels", "branches", "tags", "releases", "milestones"}
	ops := []operation.Operation{b.running(all...), b.running(all...)}
	seen, after, ids := 0, "", 0
	rapid.Check(t, func(rt *rapid.T) {
		names := all[:rapid.IntRange(2, len(all)).Draw(rt, "writers")]
		sizes := rapid.SliceOfN(rapid.IntRange(0, 7), 1, 10).Draw(rt, "sizes")
		limit := rapid.IntRange(1, 20).Draw(rt, "limit")
		written := make(chan error, len(names))
		for i, name := range names {
			op := ops[(i+seen)%len(ops)]
			_, err := b.pool.Exec(t.Context(), `update collection_passes set holder = null`)
			require.NoError(t, err)
			pass := b.take(op, name)
			pages := make([]store.Page, len(sizes))
			for n, size := range sizes {
				raws := make([]string, size)
				for k := range raws {
					ids++
					raws[k] = fmt.Sprintf(`{"id": %d, "name": "%d"}`, ids, ids)
				}
				pages[n] = b.page(op, name, pass.Fence, raws...)
			}
			go func() { written <- b.commitAll(pages) }()
		}
		read := func() int {
			page, next, err := b.Changes(t.Context(), workspace, operation.ChangeFilter{After: after, Limit: limit})
			require.NoError(t, err)
			for _, c := range page {
				seen++
				require.Equal(t, int64(seen), c.Seq)
			}
			after = next
			return len(page)
		}
		for open := len(names); open > 0; {
			select {
			case err := <-written:
				require.NoError(t, err)
				open--
			default:
				read()
			}
		}
		for more := true; more; {
			more = read() > 0
		}
		require.Equal(t, ids, seen)
	})
}

// commitAll commits pages one after another.
func (b *bundle) commitAll(pages []store.Page) error {
	for _, p := range pages {
		if _, err := b.CommitPage(context.WithoutCancel(b.t.Context()), p); err != nil {
			return err
		}
	}
	return nil
}

// A page that has taken its numbers and commits late holds the next one up: a reader
// sees neither until both can be seen in their order.
func TestAReaderDoesNotPassALateCommit(t *testing.T) {
	b := setup(t)
	op := b.running("labels", "milestones")
	labels, milestones := b.take(op, "labels"), b.take(op, "milestones")
	b.commit(b.page(op, "labels", labels.Fence, label(1, "a")))

	late, err := b.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = late.Exec(t.Context(), `with counter as (update change_counters set seq = seq + 1 where workspace_id = $1 returning seq, at)
		insert into changes (workspace_id, seq, at, repository_id, collection, key, kind, source)
		select $1, seq, at, $2, 'labels', 'late', 'created', 'sync' from counter`, workspace, repository)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := b.CommitPage(context.WithoutCancel(t.Context()), b.page(op, "milestones", milestones.Fence, milestone(1, "a")))
		done <- err
	}()
	require.Eventually(t, func() bool {
		return b.count(`select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`) > 0
	}, 10*time.Second, 5*time.Millisecond)
	require.Len(t, b.changes(operation.ChangeFilter{Limit: 10}), 1)
	require.NoError(t, late.Commit(t.Context()))
	require.NoError(t, <-done)
	require.Equal(t, []string{
		"1 created labels 1 0 [] false sync", "2 created labels late 0 [] false sync", "3 created milestones 101 1 [] false sync",
	}, told(b.changes(operation.ChangeFilter{Limit: 10})))
}

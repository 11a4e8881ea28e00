package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/store"
)

const (
	workspace  = config.DefaultWorkspace
	repository = 42
)

func TestMain(m *testing.M) { testenv.Main(m) }

// bundle is a store on a database of the test's own.
type bundle struct {
	*store.Store
	pool *pgxpool.Pool
	t    *testing.T
}

func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	pool := testenv.Database(t)
	return &bundle{Store: store.New(testenv.Roled(t, pool)), pool: pool, t: t}
}

// create makes a pending operation.
func (b *bundle) create() operation.Operation {
	b.t.Helper()
	op, created, err := b.CreateOperation(b.t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository,
		Subject: "o/r", Input: json.RawMessage(`{"repository": "o/r"}`),
	})
	require.NoError(b.t, err)
	require.True(b.t, created)
	return op
}

// running makes an operation that runs with one collection.
func (b *bundle) running(names ...string) operation.Operation {
	b.t.Helper()
	op := b.create()
	op, _, err := b.StartPlan(b.t.Context(), workspace, op.ID, names)
	require.NoError(b.t, err)
	return op
}

func key(name string) store.PassKey {
	return store.PassKey{WorkspaceID: workspace, RepositoryID: repository, Collection: name}
}

func named(t *testing.T, name string) collection.Collection {
	t.Helper()
	c, ok := collection.ByName(name)
	require.True(t, ok)
	return c
}

// page is a page of a collection with the given items.
func (b *bundle) page(op operation.Operation, name string, fence int64, raws ...string) store.Page {
	b.t.Helper()
	p := store.Page{
		Key: key(name), OperationID: op.ID, Collection: named(b.t, name), Fence: fence,
		Listed: int64(len(raws)), Pages: 1, Requests: 1, Cursor: json.RawMessage(`{"page": 2}`),
	}
	for _, raw := range raws {
		item, err := p.Collection.Prepare(json.RawMessage(raw))
		require.NoError(b.t, err)
		p.Items = append(p.Items, item)
	}
	return p
}

func (b *bundle) take(op operation.Operation, name string) store.Pass {
	b.t.Helper()
	pass, err := b.TakePass(b.t.Context(), key(name), op, true)
	require.NoError(b.t, err)
	return pass
}

func (b *bundle) commit(p store.Page) operation.Event {
	b.t.Helper()
	c, err := b.CommitPage(b.t.Context(), p)
	require.NoError(b.t, err)
	return c.Event
}

func (b *bundle) count(sql string, args ...any) int {
	b.t.Helper()
	var n int
	require.NoError(b.t, b.pool.QueryRow(b.t.Context(), sql, args...).Scan(&n))
	return n
}

func label(id int, name string) string {
	return fmt.Sprintf(`{"id": %d, "name": %q, "color": "ff0000", "default": false, "description": null}`, id, name)
}

func TestCreateOperationIsIdempotent(t *testing.T) {
	b := setup(t)
	n := operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository, Subject: "o/r",
		Input: json.RawMessage(`{}`), IdempotencyKey: "k", RequestHash: []byte{1},
	}
	first, created, err := b.CreateOperation(t.Context(), n)
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, operation.StatePending, first.State)

	n.ID = uuid.Must(uuid.NewV7()).String()
	again, created, err := b.CreateOperation(t.Context(), n)
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, first.ID, again.ID)

	n.RequestHash = []byte{2}
	_, _, err = b.CreateOperation(t.Context(), n)
	require.Equal(t, operation.CodeIdempotencyMismatch, operation.CodeOf(err))
	require.Equal(t, 1, b.count(`select count(*) from operations`))
}

func TestOperationsAreFoundInTheirWorkspaceOnly(t *testing.T) {
	b := setup(t)
	op := b.create()
	for _, id := range []string{uuid.NewString(), "no uuid", ""} {
		_, err := b.Operation(t.Context(), workspace, id)
		require.Equal(t, operation.CodeNotFound, operation.CodeOf(err), id)
	}
	_, err := b.Operation(t.Context(), uuid.NewString(), op.ID)
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	_, err = b.Events(t.Context(), uuid.NewString(), op.ID, 0, 10)
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	_, err = b.RequestCancel(t.Context(), uuid.NewString(), op.ID)
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	ops, _, err := b.Operations(t.Context(), uuid.NewString(), operation.Filter{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, ops)
}

func TestOperationsArePaged(t *testing.T) {
	b := setup(t)
	var want []string
	for range 5 {
		want = append([]string{b.create().ID}, want...)
	}
	b.running("labels")
	var got []string
	cursor := ""
	for {
		ops, next, err := b.Operations(t.Context(), workspace, operation.Filter{Limit: 2, Cursor: cursor, States: []operation.State{operation.StatePending}})
		require.NoError(t, err)
		for _, op := range ops {
			got = append(got, op.ID)
		}
		if next == "" {
			break
		}
		cursor = next
	}
	require.Equal(t, want, got)
	_, _, err := b.Operations(t.Context(), workspace, operation.Filter{Limit: 2, Cursor: "nonsense"})
	require.Equal(t, operation.CodeInvalid, operation.CodeOf(err))
}

func TestStatesFollowTheirTable(t *testing.T) {
	b := setup(t)
	for _, from := range operation.States() {
		for _, to := range operation.States() {
			op := b.create()
			_, err := b.pool.Exec(t.Context(), `update operations set state = $2,
				failure = case when $2 in ('failed', 'rejected') then '{}'::jsonb end,
				finished_at = case when $3 then now() end where id = $1`, op.ID, string(from), from.Terminal())
			require.NoError(t, err)
			var failure *operation.Failure
			if to == operation.StateFailed || to == operation.StateRejected {
				failure = &operation.Failure{Code: "c", Message: "m"}
			}
			got, events, err := b.SetState(t.Context(), workspace, op.ID, to, failure)
			if !from.CanBecome(to) {
				require.Equal(t, operation.CodeConflict, operation.CodeOf(err), "%s -> %s", from, to)
				continue
			}
			require.NoError(t, err, "%s -> %s", from, to)
			require.Equal(t, to, got.State)
			require.Equal(t, failure, got.Failure)
			require.Equal(t, to.Terminal(), got.FinishedAt != nil)
			require.Len(t, events, 1)
			require.Equal(t, int64(1), events[0].Seq)
		}
	}
}

func TestCancelIsIdempotentUntilItIsTooLate(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	for range 2 {
		got, err := b.RequestCancel(t.Context(), workspace, op.ID)
		require.NoError(t, err)
		require.Equal(t, operation.StateCancelling, got.State)
	}
	_, _, err := b.SetState(t.Context(), workspace, op.ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	_, err = b.RequestCancel(t.Context(), workspace, op.ID)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	require.ErrorContains(t, err, "already succeeded")
}

func TestCommitPageWritesItemsCursorAndProgressTogether(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	pass := b.take(op, "labels")
	require.Nil(t, pass.Cursor)

	e := b.commit(b.page(op, "labels", pass.Fence, label(1, "a"), label(2, "b")))
	require.Equal(t, operation.EventCollection, e.Type)
	require.Equal(t, int64(2), e.Seq, "the start was event 1")
	require.Equal(t, int64(2), e.Collection.Items)
	require.Equal(t, int64(2), e.Collection.Written)

	pass = b.take(op, "labels")
	require.JSONEq(t, `{"page": 2}`, string(pass.Cursor))
	last := b.page(op, "labels", pass.Fence, label(2, "b"), label(3, "c"))
	last.Done, last.Bookmark = true, json.RawMessage(`{"listed": true}`)
	e = b.commit(last)
	require.Equal(t, operation.CollectionDone, e.Collection.State)
	require.Equal(t, int64(4), e.Collection.Items)
	require.Equal(t, int64(4), e.Collection.Total, "what was listed is the total now")
	require.Equal(t, int64(3), e.Collection.Written, "the second b is no change")

	require.Equal(t, 3, b.count(`select count(*) from labels where color = 'ff0000' and not is_default and name in ('a', 'b', 'c')`))
}

func TestAStaleFenceWritesNothing(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	stale := b.take(op, "labels")
	fresh := b.take(op, "labels")
	require.Greater(t, fresh.Fence, stale.Fence)

	_, err := b.CommitPage(t.Context(), b.page(op, "labels", stale.Fence, label(1, "stale")))
	require.ErrorIs(t, err, store.ErrStaleFence)
	b.commit(b.page(op, "labels", fresh.Fence, label(1, "fresh")))
	require.Equal(t, 1, b.count(`select count(*) from labels where name = 'fresh'`))
	events, err := b.Events(t.Context(), workspace, op.ID, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
}

func TestACancelledOperationCommitsNothing(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	pass := b.take(op, "labels")
	_, err := b.RequestCancel(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	_, err = b.CommitPage(t.Context(), b.page(op, "labels", pass.Fence, label(1, "a")))
	require.ErrorIs(t, err, store.ErrNotRunning)
	require.Zero(t, b.count(`select count(*) from labels`))
}

func TestOneOperationHoldsAPass(t *testing.T) {
	b := setup(t)
	first, second := b.running("labels"), b.running("labels")
	pass := b.take(first, "labels")
	b.commit(b.page(first, "labels", pass.Fence, label(1, "a")))

	_, err := b.TakePass(t.Context(), key("labels"), second, true)
	var held *store.HeldError
	require.ErrorAs(t, err, &held)
	require.Equal(t, first.ID, held.Holder)

	_, _, err = b.SetState(t.Context(), workspace, first.ID, operation.StateFailed, &operation.Failure{Code: "c", Message: "m"})
	require.NoError(t, err)
	taken := b.take(second, "labels")
	require.JSONEq(t, `{"page": 2}`, string(taken.Cursor), "it goes on where the other stopped")
	done := b.page(second, "labels", taken.Fence, label(2, "b"))
	done.Done, done.Bookmark = true, json.RawMessage(`{}`)
	b.commit(done)
}

func TestAFreshPassIsNotRepeated(t *testing.T) {
	b := setup(t)
	waiting, worker := b.running("labels"), b.running("labels")
	pass := b.take(worker, "labels")
	done := b.page(worker, "labels", pass.Fence, label(1, "a"))
	done.Done, done.Bookmark = true, json.RawMessage(`{"listed": true}`)
	b.commit(done)

	got := b.take(waiting, "labels")
	require.True(t, got.Fresh, "the pass began after this operation was asked for")
	e, err := b.Fresh(t.Context(), key("labels"), waiting.ID)
	require.NoError(t, err)
	require.Equal(t, operation.CollectionDone, e.Collection.State)

	later := b.take(b.running("labels"), "labels")
	require.False(t, later.Fresh, "what was asked for afterwards wants a later pass")
	require.JSONEq(t, `{"listed": true}`, string(later.Bookmark))
	require.Nil(t, later.Cursor)
}

func TestUnchangedRowsAreNotWritten(t *testing.T) {
	b := setup(t)
	op := b.running("issues")
	pass := b.take(op, "issues")
	issue := func(title, login string, open int) string {
		return fmt.Sprintf(`{"id": 1, "number": 1, "title": %q, "user": {"id": 5, "login": %q}, "milestone": {"id": 3, "open_issues": %d}}`, title, login, open)
	}
	version := func() string {
		var v string
		require.NoError(t, b.pool.QueryRow(t.Context(), `select xmin || ' ' || changed_at from issues`).Scan(&v))
		return v
	}
	b.commit(b.page(op, "issues", pass.Fence, issue("a", "ada", 1)))
	first := version()
	b.commit(b.page(op, "issues", pass.Fence, issue("a", "ada", 2)))
	require.Equal(t, first, version(), "a counter inside of an embedded milestone writes nothing")

	b.commit(b.page(op, "issues", pass.Fence, issue("a", "bob", 2)))
	renamed := version()
	require.NotEqual(t, first, renamed, "raw follows a renamed user")
	require.Equal(t, strings.SplitN(first, " ", 2)[1], strings.SplitN(renamed, " ", 2)[1], "but that is no change of the issue")
	require.Equal(t, 1, b.count(`select count(*) from issues where user_login = 'bob'`))

	b.commit(b.page(op, "issues", pass.Fence, issue("b", "bob", 2)))
	require.NotEqual(t, strings.SplitN(renamed, " ", 2)[1], strings.SplitN(version(), " ", 2)[1])
}

func TestOneItemNeverBlocksItsPage(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	pass := b.take(op, "labels")
	p := b.page(op, "labels", pass.Fence, label(1, "a"), `{"id": 2, "name": "nul \u0000"}`, label(3, "c"))
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	p.Items = append(p.Items, collection.Item{Key: "4", Raw: []byte(`{"id": 4, "x": ` + deep + `}`)})
	e := b.commit(p)
	require.Equal(t, int64(4), e.Collection.Written)
	require.Contains(t, e.Collection.Note, "Some items hold what jsonb cannot")
	require.Equal(t, 4, b.count(`select count(*) from labels`))
	var exact []byte
	require.NoError(t, b.pool.QueryRow(t.Context(), `select raw_bytes from labels where key = '2'`).Scan(&exact))
	require.JSONEq(t, `{"id": 2, "name": "nul \u0000"}`, string(exact))
	require.Equal(t, 1, b.count(`select count(*) from labels where key = '2' and name = E'nul \uFFFD'`))
}

func TestColumnsNeverRaise(t *testing.T) {
	b := setup(t)
	nonsense := []string{
		`"text"`, `""`, `-1`, `1.5`, `1e300`, `99999999999999999999999`, `true`, `null`, `[]`, `[1, "a", null]`, `{}`,
		`{"id": "x", "login": [1], "name": {}, "repo": 5, "sha": 1}`, `"2021-02-30T00:00:00Z"`, `"2021-13-01T99:00:00Z"`, `"0000-00-00T00:00:00Z"`,
	}
	op := b.running("labels")
	for _, c := range collection.All() {
		pass := b.take(op, c.Name)
		p := store.Page{Key: key(c.Name), OperationID: op.ID, Collection: c, Fence: pass.Fence, Cursor: json.RawMessage(`{}`)}
		for i, value := range nonsense {
			raw := strings.NewReplacer("$", value).Replace(`{"url": $, "issue_url": $, "pull_request_url": $, "number": 1, "title": $, "body": $, "state": $,
				"user": $, "owner": $, "assignees": $, "labels": $, "milestone": $, "topics": $, "private": $, "locked": $, "draft": $, "comments": $,
				"created_at": $, "updated_at": $, "closed_at": $, "head": $, "base": $, "commit": $, "parents": $, "author": $, "pull_request": $,
				"protected": $, "default": $, "line": $, "due_on": $, "default_branch": $, "stargazers_count": $, "submitted_at": $}`)
			p.Items = append(p.Items, collection.Item{Key: strconv.Itoa(i), Raw: []byte(raw), Hash: [32]byte{byte(i)}})
		}
		_, err := b.pool.Exec(t.Context(), `insert into operation_collections (workspace_id, operation_id, collection, position)
			values ($1, $2, $3, 1) on conflict do nothing`, workspace, op.ID, c.Name)
		require.NoError(t, err)
		e := b.commit(p)
		require.Empty(t, e.Collection.Note, "no item of %s had to be kept as bytes", c.Name)
		require.Equal(t, len(nonsense), b.count(`select count(*) from `+c.Table), c.Name)
	}
}

// moved asks for the pull requests whose reviews are to be read.
func moved(t *testing.T) store.Moved {
	t.Helper()
	reviews, ok := collection.ByName("reviews")
	require.True(t, ok)
	pulls, ok := collection.ByName("pulls")
	require.True(t, ok)
	return store.Moved{Key: key("reviews"), Nested: reviews, Parents: pulls}
}

func TestParentsAreReadAgainOnlyWhenTheyMove(t *testing.T) {
	b := setup(t)
	op := b.running("pulls", "reviews")
	pulls := b.take(op, "pulls")
	pull := func(n int, updated string) string {
		return fmt.Sprintf(`{"id": %d, "number": %d, "updated_at": %q}`, 100+n, n, updated)
	}
	b.commit(b.page(op, "pulls", pulls.Fence, pull(1, "2024-01-01T00:00:00Z"), pull(2, "2024-01-01T00:00:00Z"), pull(3, "")))
	parents, err := b.MovedParents(t.Context(), moved(t), 2)
	require.NoError(t, err)
	require.Len(t, parents, 2)
	for i, parent := range parents {
		require.Equal(t, strconv.Itoa(101+i), parent.Key)
		require.Equal(t, strconv.Itoa(1+i), parent.Arg)
		require.True(t, parent.Version.Equal(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)))
	}
	n, err := b.CountMovedParents(t.Context(), moved(t))
	require.NoError(t, err)
	require.Equal(t, int64(3), n)

	reviews := b.take(op, "reviews")
	p := b.page(op, "reviews", reviews.Fence, `{"id": 1, "state": "APPROVED", "pull_request_url": "https://api.github.com/repos/o/r/pulls/1"}`)
	p.Parents = parents
	b.commit(p)
	require.Equal(t, 1, b.count(`select count(*) from reviews where pull_number = 1`))
	parents, err = b.MovedParents(t.Context(), moved(t), 10)
	require.NoError(t, err)
	require.Len(t, parents, 1)
	require.Equal(t, "3", parents[0].Arg)

	p = b.page(op, "reviews", reviews.Fence)
	p.Parents = parents
	b.commit(p)
	n, err = b.CountMovedParents(t.Context(), moved(t))
	require.NoError(t, err)
	require.Zero(t, n, "one without a time is read once as well")

	b.commit(b.page(op, "pulls", pulls.Fence, pull(1, "2024-01-02T00:00:00Z")))
	parents, err = b.MovedParents(t.Context(), moved(t), 10)
	require.NoError(t, err)
	require.Len(t, parents, 1)
	require.Equal(t, "1", parents[0].Arg)
}

func TestEventsAreNumberedInTheOrderOfTheirCommits(t *testing.T) {
	b := setup(t)
	names := []string{"labels", "branches", "tags", "releases"}
	op := b.running(names...)
	const each = 20
	errs := make(chan error, len(names))
	for _, name := range names {
		pass := b.take(op, name)
		go func() {
			for range each {
				if _, err := b.CommitPage(context.WithoutCancel(t.Context()), b.page(op, name, pass.Fence)); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	// A reader that polls while they commit misses nothing and sees nothing twice.
	var seen int64
	for seen < each*int64(len(names))+1 {
		events, err := b.Events(t.Context(), workspace, op.ID, seen, 7)
		require.NoError(t, err)
		for _, e := range events {
			seen++
			require.Equal(t, seen, e.Seq)
		}
	}
	for range names {
		require.NoError(t, <-errs)
	}
	got, err := b.Operation(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.Equal(t, seen, got.Seq)
	require.Len(t, got.Collections, len(names))
	require.Equal(t, "labels", got.Collections[0].Name, "in the plan's order")
	require.Equal(t, int64(each*len(names)), got.Requests())
}

func TestWaitingIsToldOnce(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	w := operation.Waiting{For: "github_primary_limit", Reason: "r", Until: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Collection: "labels"}
	event, err := b.SetWaiting(t.Context(), workspace, op.ID, w)
	require.NoError(t, err)
	require.Equal(t, &w, event.Operation.Waiting)
	shorter := operation.Waiting{For: "other_pass", Reason: "s", Until: w.Until.Add(-time.Hour), Collection: "tags"}
	for _, known := range []operation.Waiting{w, shorter} {
		event, err = b.SetWaiting(t.Context(), workspace, op.ID, known)
		require.NoError(t, err)
		require.Nil(t, event)
	}
	event, err = b.ClearWaiting(t.Context(), workspace, op.ID, "tags")
	require.NoError(t, err)
	require.Nil(t, event, "what goes on is not what waits")

	got, err := b.Operation(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.Equal(t, &w, got.Waiting)
	events, err := b.Events(t.Context(), workspace, op.ID, 1, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, &w, events[0].Operation.Waiting)

	longer := operation.Waiting{For: "github_unreachable", Reason: "l", Until: w.Until.Add(time.Hour), Collection: "tags"}
	event, err = b.SetWaiting(t.Context(), workspace, op.ID, longer)
	require.NoError(t, err)
	require.Equal(t, &longer, event.Operation.Waiting)
	event, err = b.ClearWaiting(t.Context(), workspace, op.ID, "tags")
	require.NoError(t, err)
	require.Nil(t, event.Operation.Waiting)
}

func TestSweepListsWhatIsOpen(t *testing.T) {
	b := setup(t)
	pending, running := b.create(), b.running("labels")
	ended := b.running("labels")
	_, _, err := b.SetState(t.Context(), workspace, ended.ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	open, err := b.Open(t.Context(), time.Hour, time.Time{}, "", 10)
	require.NoError(t, err)
	require.Len(t, open, 1, "a young pending one is left to the API")
	require.Equal(t, running.ID, open[0].ID)
	open, err = b.Open(t.Context(), 0, time.Time{}, "", 1)
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, pending.ID, open[0].ID)
	open, err = b.Open(t.Context(), 0, open[0].CreatedAt, open[0].ID, 10)
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, running.ID, open[0].ID)
}

func TestAGivenUpPassIsFree(t *testing.T) {
	b := setup(t)
	first, second := b.running("labels"), b.running("labels")
	pass := b.take(first, "labels")
	b.commit(b.page(first, "labels", pass.Fence, label(1, "a")))
	e, err := b.FailPass(t.Context(), key("labels"), first.ID, pass.Fence, false, "The token may not read labels.")
	require.NoError(t, err)
	require.Equal(t, operation.CollectionFailed, e.Collection.State)
	require.Equal(t, "The token may not read labels.", e.Collection.Note)
	taken := b.take(second, "labels")
	require.JSONEq(t, `{"page": 2}`, string(taken.Cursor))
	_, err = b.FailPass(t.Context(), key("labels"), first.ID, pass.Fence, true, "")
	require.ErrorIs(t, err, store.ErrStaleFence, "it is the second's now")
	_, err = b.FailPass(t.Context(), key("labels"), second.ID, taken.Fence, true, "refused")
	require.NoError(t, err)
	require.Nil(t, b.take(b.running("labels"), "labels").Cursor, "the next begins anew")
}

func TestTwoThatTakeAPassAtOnceDoNotShareIt(t *testing.T) {
	b := setup(t)
	ops := []operation.Operation{b.running("labels"), b.running("labels"), b.running("labels"), b.running("labels")}
	results := make(chan error, len(ops))
	for _, op := range ops {
		go func() {
			_, err := b.TakePass(context.WithoutCancel(t.Context()), key("labels"), op, true)
			results <- err
		}()
	}
	taken := 0
	for range ops {
		var held *store.HeldError
		if err := <-results; err == nil {
			taken++
		} else {
			require.ErrorAs(t, err, &held)
		}
	}
	require.Equal(t, 1, taken)
}

func TestRepositoriesAreListedWithWhatIsMirrored(t *testing.T) {
	b := setup(t)
	op := b.running("repository", "labels")
	pass := b.take(op, "repository")
	p := b.page(op, "repository", pass.Fence, `{"id": 42, "full_name": "O/R", "default_branch": "main", "private": true, "archived": false}`)
	p.Done, p.Bookmark = true, json.RawMessage(`{}`)
	b.commit(p)
	pass = b.take(op, "labels")
	b.commit(b.page(op, "labels", pass.Fence, label(1, "a"), label(2, "b")))

	repos, next, err := b.Repositories(t.Context(), workspace, operation.RepositoryFilter{FullName: "o/r", Limit: 10})
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, repos, 1)
	require.Equal(t, "O/R", repos[0].FullName)
	require.True(t, repos[0].Private)
	require.Nil(t, repos[0].SyncedAt, "its labels are not complete")
	require.Equal(t, int64(2), repos[0].Collections[0].Items)

	repos, _, err = b.Repositories(t.Context(), workspace, operation.RepositoryFilter{FullName: "o/other", Limit: 10})
	require.NoError(t, err)
	require.Empty(t, repos)
}

func TestSearchVectorsFollowTheirItems(t *testing.T) {
	b := setup(t)
	op := b.running("issues")
	pass := b.take(op, "issues")
	issue := func(id int, title string) string {
		return fmt.Sprintf(`{"id": %d, "number": %d, "title": %q, "body": null}`, id, id, title)
	}
	index := func() (batches int) {
		after := ""
		for {
			last, err := b.IndexSearch(t.Context(), key("issues"), named(t, "issues"), after, 2)
			require.NoError(t, err)
			if last == "" {
				return batches
			}
			after, batches = last, batches+1
		}
	}
	found := func(words string) int {
		return b.count(`select count(*) from search_documents where document @@ websearch_to_tsquery('english', $1)`, words)
	}
	b.commit(b.page(op, "issues", pass.Fence, issue(1, "Keys are derived"), issue(2, "Test vectors"), issue(3, "Nothing")))
	require.Equal(t, 2, index())
	require.Equal(t, 1, found("deriving keys"))
	require.Zero(t, index(), "nothing has changed since")

	b.commit(b.page(op, "issues", pass.Fence, issue(1, "Padding")))
	require.Equal(t, 1, index())
	require.Zero(t, found("deriving keys"))
	require.Equal(t, 1, found("padding"))
	require.Equal(t, 3, b.count(`select count(*) from search_documents`))
}

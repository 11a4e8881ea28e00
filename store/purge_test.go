package store_test

import (
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

const secret = "k9xq7w2zpt"

// found tells in which tables the secret is, as text or as bytes.
func (b *bundle) found() map[string]int {
	b.t.Helper()
	rows, err := b.pool.Query(b.t.Context(), `select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`)
	require.NoError(b.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b.t, err)
	found := map[string]int{}
	for _, name := range tables {
		n := b.count(`select count(*) from `+pgx.Identifier{name}.Sanitize()+` as t where t::text ilike $1 or t::text like $2`,
			"%"+secret+"%", "%"+hex.EncodeToString([]byte(secret))+"%")
		if n > 0 {
			found[name] = n
		}
	}
	return found
}

func issue(body string) string {
	return fmt.Sprintf(`{"id": 7001, "number": 7, "title": "topic", "body": "%s", "state": "open"}`, body)
}

func pull(body string) string {
	return fmt.Sprintf(`{"id": 8001, "number": 7, "title": "topic", "body": "%s", "state": "open"}`, body)
}

// leaked is a repository with a secret in a pull request's body, wherever the mirror
// keeps such a thing, and another issue that nobody touches.
func (b *bundle) leaked() (op operation.Operation, fences map[string]int64) {
	b.t.Helper()
	b.knownAs("O/R")
	op, fences = b.running("issues", "pulls"), map[string]int64{}
	for name, raws := range map[string][]string{
		"issues": {issue("my " + secret), issue("my own " + secret), issue(`exact \u0000 ` + secret), issue(secret + " again")},
		"pulls":  {pull("my " + secret), pull("now " + secret)},
	} {
		fences[name] = b.take(op, name).Fence
		for _, raw := range raws {
			b.commit(b.page(op, name, fences[name], raw, `{"id": 9001, "number": 9, "title": "kept", "body": "untouched"}`))
		}
		for {
			last, err := b.IndexSearch(b.t.Context(), key(name), named(b.t, name), "", 100)
			require.NoError(b.t, err)
			if last == "" {
				break
			}
		}
	}
	for guid, payload := range map[string]string{
		"about":  `{"issue":` + issue(secret) + `}`,
		"nested": `{"comment":{"id":5},"issue":` + issue(secret) + `}`,
		"pull":   `{"pull_request":` + pull(secret) + `}`,
		"other":  `{"issue":{"id":9001}}`,
	} {
		_, err := b.InsertDelivery(b.t.Context(), delivery.Delivery{
			WorkspaceID: workspace, Connection: "default", GUID: guid, Event: "issues", RepositoryID: repository, Repository: "O/R",
			Collections: []string{"issues"}, Payload: []byte(payload),
		})
		require.NoError(b.t, err)
	}
	found := b.found()
	for _, name := range []string{"issues", "pulls", "search_documents", "deliveries"} {
		require.NotZero(b.t, found[name], name)
	}
	require.Equal(b.t, 4, found[month(0)], "three earlier issues and one pull")
	return op, fences
}

func purge(field string) operation.Purge {
	return operation.Purge{Repository: "o/R", Collection: "pulls", Number: 7, Field: field, By: "ada"}
}

func TestAPurgedItemIsNowhere(t *testing.T) {
	b := setup(t)
	op, fences := b.leaked()
	seq := b.count(`select seq from change_counters`)
	purged, err := b.Purge(t.Context(), workspace, purge(""))
	require.NoError(t, err)
	require.Empty(t, b.found())
	require.Len(t, purged, 2, "a pull request is an issue as well")
	require.Equal(t, operation.Purged{Collection: "issues", Key: "7001", Number: 7, At: purged[0].At, By: "ada", Changes: 3, Deliveries: 2}, purged[0])
	require.Equal(t, operation.Purged{Collection: "pulls", Key: "8001", Number: 7, At: purged[0].At, By: "ada", Changes: 1, Deliveries: 1}, purged[1])
	require.Equal(t, 1, b.count(`select count(*) from deliveries where payload like '%9001%'`))
	require.Equal(t, 2, b.count(`select count(*) from search_documents`), "of the other items")
	require.Equal(t, 2, b.count(`select sum(items) from collection_passes where collection in ('issues', 'pulls')`))

	// The facts stay, and whoever follows the changes is told.
	all := b.changes(operation.ChangeFilter{Limit: 100})
	require.Equal(t, []string{
		fmt.Sprint(seq+1, " deleted issues 7001 7 [] false edit"), fmt.Sprint(seq+2, " deleted pulls 8001 7 [] false edit"),
	}, told(all[seq:]))
	require.Empty(t, all[seq].OperationID)
	for _, c := range all {
		require.Equal(t, c.Number == 7 && c.Kind != operation.ChangeCreated, c.Purged, "%d", c.Seq)
	}
	h, _, err := b.ItemHistory(t.Context(), workspace, ref("pulls", "7"), "", 100)
	require.NoError(t, err)
	require.Len(t, h.Changes, 3)
	_, err = b.ItemAt(t.Context(), workspace, ref("pulls", "7"), time.Now())
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	_, err = b.ItemAt(t.Context(), workspace, ref("pulls", "7"), h.Changes[2].At)
	require.Equal(t, operation.CodeGone, operation.CodeOf(err))

	// Neither a later page nor a late delivery brings it back.
	e := b.commit(b.page(op, "issues", fences["issues"], issue(secret), `{"id": 9001, "number": 9, "title": "moved", "body": "untouched"}`))
	require.Equal(t, int64(6), e.Collection.Written, "five of before, and the other issue")
	b.commit(b.page(op, "pulls", fences["pulls"], pull(secret)))
	_, err = b.InsertDelivery(t.Context(), delivery.Delivery{
		WorkspaceID: workspace, Connection: "default", GUID: "late", Event: "issues", RepositoryID: repository, Repository: "O/R",
		Collections: []string{"issues"}, Payload: []byte(issue(secret)),
	})
	require.NoError(t, err)
	require.Empty(t, b.found())

	again, err := b.Purge(t.Context(), workspace, operation.Purge{Repository: "o/r", Collection: "issues", Key: "7001", By: "bob"})
	require.NoError(t, err)
	require.Len(t, again, 2)
	require.Equal(t, "ada", again[0].By, "the first purge stays as it was")
	require.True(t, again[0].At.Equal(purged[0].At))
	require.Zero(t, again[0].Changes)
	require.Equal(t, 2, b.count(`select count(*) from purges`))
	require.Len(t, b.changes(operation.ChangeFilter{Limit: 100}), seq+3, "the other issue, and no second purge")
}

func TestAPurgedFieldIsNowhere(t *testing.T) {
	b := setup(t)
	op, fences := b.leaked()
	purged, err := b.Purge(t.Context(), workspace, purge("body"))
	require.NoError(t, err)
	require.Empty(t, b.found())
	require.Equal(t, int64(3), purged[0].Changes)
	require.Equal(t, 2, b.count(`select count(*) from (select title, body, raw from issues where number = 7 union all
		select title, body, raw from pulls where number = 7) i where title = 'topic' and body is null and raw->'body' = 'null'`))
	h, _, err := b.ItemHistory(t.Context(), workspace, ref("pulls", "7"), "", 100)
	require.NoError(t, err)
	require.Equal(t, []string{"body"}, h.Changes[0].Fields)
	require.Equal(t, operation.SourceEdit, h.Changes[0].Source)
	require.Contains(t, string(h.Changes[1].Before), `"title"`, "the rest of what it was is kept")
	require.Equal(t, 1, b.count(`select count(*) from search_documents s join pulls p using (key)
		where p.number = 7 and s.collection = 'pulls' and s.changed_at = p.changed_at and s.document @@ to_tsquery('english', 'topic')`))

	// GitHub still sends it: nothing differs, and other fields are followed.
	seq := b.count(`select seq from change_counters`)
	e := b.commit(b.page(op, "issues", fences["issues"], issue(secret)))
	require.Equal(t, int64(5), e.Collection.Written, "as before")
	b.commit(b.page(op, "issues", fences["issues"], `{"id": 7001, "number": 7, "title": "new", "body": "`+secret+`", "state": "open"}`))
	require.Equal(t, []string{fmt.Sprint(seq+1, " updated issues 7001 7 [title] true sync")}, told(b.changes(operation.ChangeFilter{Limit: 100})[seq:]))
	require.Empty(t, b.found())
	_, err = b.Purge(t.Context(), workspace, purge("body"))
	require.NoError(t, err)
	require.Equal(t, seq+1, b.count(`select seq from change_counters`))
}

func TestAPurgeLeavesADeletedItemDeleted(t *testing.T) {
	b := setup(t)
	op, fences := b.leaked()
	b.commit(b.gone(op, "issues", fences["issues"], "7001"))
	_, err := b.Purge(t.Context(), workspace, purge("body"))
	require.NoError(t, err)
	require.Empty(t, b.found())
	require.Equal(t, 1, b.count(`select count(*) from issues where number = 7 and deleted_at is not null`))
	items := b.count(`select items from collection_passes where collection = 'issues'`)
	_, err = b.Purge(t.Context(), workspace, purge(""))
	require.NoError(t, err)
	require.Zero(t, b.count(`select count(*) from issues where number = 7`))
	require.Equal(t, items, b.count(`select items from collection_passes where collection = 'issues'`), "a deleted one did not count")
}

func TestWhatCannotBePurged(t *testing.T) {
	b := setup(t)
	b.leaked()
	for name, tt := range map[string]struct {
		purge operation.Purge
		want  operation.Code
	}{
		"no such collection": {operation.Purge{Repository: "o/r", Collection: "x", Number: 7}, operation.CodeInvalid},
		"of organizations":   {operation.Purge{Repository: "o/r", Collection: "teams", Key: "7"}, operation.CodeInvalid},
		"no such repository": {operation.Purge{Repository: "o/x", Collection: "issues", Number: 7}, operation.CodeNotFound},
		"no such item":       {operation.Purge{Repository: "o/r", Collection: "issues", Number: 77}, operation.CodeNotFound},
		"no such key":        {operation.Purge{Repository: "o/r", Collection: "issues", Key: "77"}, operation.CodeNotFound},
		"no numbers":         {operation.Purge{Repository: "o/r", Collection: "labels", Number: 7}, operation.CodeInvalid},
		"the repository":     {operation.Purge{Repository: "o/r", Collection: "repository", Key: "42"}, operation.CodeInvalid},
		"the key":            {operation.Purge{Repository: "o/r", Collection: "issues", Number: 7, Field: "id"}, operation.CodeInvalid},
		"the number":         {operation.Purge{Repository: "o/r", Collection: "issues", Number: 7, Field: "number"}, operation.CodeInvalid},
		"no path":            {operation.Purge{Repository: "o/r", Collection: "issues", Number: 7, Field: "a..b"}, operation.CodeInvalid},
	} {
		_, err := b.Purge(t.Context(), workspace, tt.purge)
		require.Equal(t, tt.want, operation.CodeOf(err), name)
	}
	require.Zero(t, b.count(`select count(*) from purges`))
	_, err := b.Purge(t.Context(), workspace, operation.Purge{Repository: "o/r", Collection: "repository", Key: "42", Field: "description"})
	require.NoError(t, err)
}

// A page that is being committed while a purge begins is waited for, and later ones
// see the purge: whatever the order, the secret is gone.
func TestAPurgeAmongPages(t *testing.T) {
	b := setup(t)
	op, fences := b.leaked()
	pages := make([]store.Page, 40)
	for i := range pages {
		pages[i] = b.page(op, "pulls", fences["pulls"], pull(fmt.Sprint(secret, i)))
	}
	done := make(chan error, 1)
	go func() { done <- b.commitAll(pages) }()
	_, err := b.Purge(t.Context(), workspace, purge("body"))
	require.NoError(t, err)
	_, err = b.Purge(t.Context(), workspace, purge(""))
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.Empty(t, b.found())
}

package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

func (s *store) Changes(_ context.Context, _ string, f operation.ChangeFilter) ([]operation.Change, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, "", s.err
	}
	from := 0
	switch f.After {
	case "":
	case operation.ChangesNow:
		from = len(s.changes)
	case "old":
		return nil, "", operation.Gone("Changes before then are not kept any more.")
	default:
		var err error
		if from, err = strconv.Atoi(f.After); err != nil {
			return nil, "", &operation.Error{Code: operation.CodeInvalid, Message: "The cursor is not one that this list gave out."}
		}
	}
	var out []operation.Change
	for from < len(s.changes) && len(out) < f.Limit {
		c := s.changes[from]
		from++
		if f.Visible.MatchSubject(c.Repository) && (f.Collection == "" || f.Collection == c.Collection) && (f.Repository == "" || f.Repository == c.Repository) &&
			(f.Kind == "" || f.Kind == c.Kind) && (f.Source == "" || f.Source == c.Source) {
			out = append(out, c)
		}
	}
	return out, strconv.Itoa(from), nil
}

func (s *store) ItemHistory(_ context.Context, _ string, ref operation.ItemRef, cursor string, limit int) (operation.ItemHistory, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return operation.ItemHistory{}, "", s.err
	}
	if ref.Repository != "octo/mirror" {
		return operation.ItemHistory{}, "", operation.NotFound("No repository of this name is mirrored.")
	}
	from, to, next, err := cut(cursor, limit, len(s.changes))
	return operation.ItemHistory{Key: ref.Item, Number: 7, Changes: s.changes[from:to]}, next, err
}

func (s *store) ItemAt(_ context.Context, _ string, ref operation.ItemRef, at time.Time) (operation.ItemState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return operation.ItemState{}, s.err
	case at.Before(start):
		return operation.ItemState{}, operation.Gone("The mirror's history reaches back to then only.")
	}
	return operation.ItemState{Key: ref.Item, Item: json.RawMessage(fmt.Sprintf(`{"at":%q}`, at.UTC().Format(time.RFC3339)))}, nil
}

func (s *store) Purge(_ context.Context, _ string, p operation.Purge) ([]operation.Purged, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	s.purges = append(s.purges, p)
	return []operation.Purged{{
		Collection: p.Collection, Key: "70", Number: p.Number, Field: p.Field, At: start, By: p.By, Changes: 3, Deliveries: 1,
	}}, nil
}

// change observes a change, as a worker does.
func (s *store) change(c operation.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Seq = int64(len(s.changes)) + 1
	c.At = start.Add(time.Duration(c.Seq) * time.Second)
	s.changes = append(s.changes, c)
}

// changePoll is how often a request that waits looks for changes.
const changePoll = 500 * time.Millisecond

// observed are three changes of an issue, the last of them of its end.
func observed(b *bundle) {
	c := operation.Change{
		RepositoryID: 42, Repository: "octo/mirror", Collection: "issues", Key: "70", Number: 7, Kind: operation.ChangeCreated,
		Source: operation.SourceSync, OperationID: missingID,
	}
	b.store.change(c)
	c.Kind, c.Fields, c.Before, c.Source = operation.ChangeUpdated, []string{"title"}, json.RawMessage(`{"title":"a"}`), operation.SourceWebhook
	b.store.change(c)
	c.Kind, c.Fields, c.Before, c.Purged, c.Source, c.OperationID = operation.ChangeDeleted, nil, nil, true, operation.SourceEdit, ""
	b.store.change(c)
}

type changesBody struct {
	Changes    []api.Change `json:"changes"`
	NextCursor string       `json:"next_cursor"`
}

func TestChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	observed(b)
	token := b.token(t, auth.RoleReader)
	got := b.do(t, http.MethodGet, "/v1/changes?limit=2", token, nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	body := decode[changesBody](t, got)
	require.Equal(t, []api.Change{
		{
			Seq: 1, At: start.Add(time.Second), RepositoryID: 42, Repository: "octo/mirror", Collection: "issues", Key: "70", Number: 7,
			Kind: "created", Source: "sync", OperationID: missingID,
		},
		{
			Seq: 2, At: start.Add(2 * time.Second), RepositoryID: 42, Repository: "octo/mirror", Collection: "issues", Key: "70", Number: 7,
			Kind: "updated", Fields: []string{"title"}, Before: json.RawMessage(`{"title":"a"}`), Source: "webhook", OperationID: missingID,
		},
	}, body.Changes)
	body = decode[changesBody](t, b.do(t, http.MethodGet, "/v1/changes?limit=2&after="+body.NextCursor, token, nil))
	require.Len(t, body.Changes, 1)
	require.True(t, body.Changes[0].Purged)
	got = b.do(t, http.MethodGet, "/v1/changes?limit=2&after="+body.NextCursor, token, nil)
	require.JSONEq(t, `{"changes":[],"next_cursor":"3"}`, got.body, "there always is a cursor")
	for query, want := range map[string]int{
		"collection=labels": 0, "collection=issues": 3, "kind=updated": 1, "source=edit": 1, "repository=octo/mirror": 3, "after=now": 0,
	} {
		body = decode[changesBody](t, b.do(t, http.MethodGet, "/v1/changes?"+query, token, nil))
		require.Len(t, body.Changes, want, query)
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	for query, status := range map[string]int{
		"after=old": http.StatusGone, "after=x": http.StatusUnprocessableEntity, "collection=nonsense": http.StatusUnprocessableEntity,
		"repository=nonsense": http.StatusUnprocessableEntity, "kind=x": http.StatusUnprocessableEntity, "source=x": http.StatusUnprocessableEntity,
		"wait=21": http.StatusUnprocessableEntity, "limit=0": http.StatusUnprocessableEntity, "cursor=1": http.StatusUnprocessableEntity,
	} {
		got := b.do(t, http.MethodGet, "/v1/changes?"+query, token, nil)
		require.Equal(t, status, got.StatusCode, "%s: %s", query, got.body)
		if status == http.StatusGone {
			require.Equal(t, string(operation.CodeGone), got.problem(t).Code)
		}
	}
}

func TestChangesAreWaitedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	defer time.AfterFunc(changePoll/2, func() { observed(b) }).Stop()
	got := b.do(t, http.MethodGet, "/v1/changes?after=0&wait=20", token, nil)
	body := decode[changesBody](t, got)
	require.Contains(t, []int{1, 2, 3}, len(body.Changes), "it may have looked while they were observed")
	got = b.do(t, http.MethodGet, "/v1/changes?after=3&wait=1", token, nil)
	require.JSONEq(t, `{"changes":[],"next_cursor":"3"}`, got.body)
}

func TestItemHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	observed(b)
	token := b.token(t, auth.RoleReader)
	const path = "/v1/repositories/octo/mirror/issues/7/history"
	got := b.do(t, http.MethodGet, path+"?limit=2", token, nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	require.Equal(t, `<`+path+`?cursor=2&limit=2>; rel="next"`, got.Header.Get("Link"))
	require.Contains(t, got.body, `"collection":"issues","key":"7","number":7`)
	require.Len(t, decode[changesBody](t, got).Changes, 2)

	got = b.do(t, http.MethodGet, path+"?as_of="+url.QueryEscape("2026-03-01T14:00:00+02:00"), token, nil)
	require.JSONEq(t, `{"collection":"issues","key":"7","as_of":"2026-03-01T12:00:00Z","item":{"at":"2026-03-01T12:00:00Z"}}`, got.body)
	got = b.do(t, http.MethodGet, "/v1/repositories/octo/mirror/branches/feature%2Fx/history?as_of=2026-03-01T12:00:00Z", token, nil)
	require.Contains(t, got.body, `"key":"feature/x"`)
	for query, status := range map[string]int{
		"as_of=2026-02-28T12:00:00Z": http.StatusGone, "as_of=yesterday": http.StatusUnprocessableEntity, "cursor=x": http.StatusUnprocessableEntity,
	} {
		require.Equal(t, status, b.do(t, http.MethodGet, path+"?"+query, token, nil).StatusCode, query)
	}
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, strings.Replace(path, "mirror", "other", 1), token, nil).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, strings.Replace(path, "octo", "-octo", 1), token, nil).StatusCode)
}

func TestPurge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	const path = "/v1/repositories/octo/mirror/purge"
	got := b.do(t, http.MethodPost, path, token, strings.NewReader(`{"collection":"issues","number":7,"field":"body"}`))
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	require.Contains(t, got.body, `"purged":[{"collection":"issues","key":"70","number":7,"field":"body","purged_at":"2026-03-01T12:00:00Z","purged_by":"tester","changes":3,"deliveries":1}]`)
	require.Equal(t, []operation.Purge{{Repository: "octo/mirror", Collection: "issues", Number: 7, Field: "body", By: "tester"}}, b.store.purges)
	for _, body := range []string{
		`{"collection":"issues"}`, `{"collection":"issues","number":7,"key":"70"}`, `{"number":7}`, `{"collection":"issues","number":0}`,
		`{"collection":"issues","number":7,"whole":true}`,
	} {
		got := b.do(t, http.MethodPost, path, token, strings.NewReader(body))
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, "%s: %s", body, got.body)
	}
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodPost, path, b.token(t, auth.RoleOperator), strings.NewReader(`{"collection":"issues","number":7}`)).StatusCode)
	require.Len(t, b.store.purges, 1)
}

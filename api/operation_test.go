package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

type operationPage struct {
	Operations []progress.Operation `json:"operations"`
	NextCursor string               `json:"next_cursor"`
}

func TestGetOperation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	b.store.state(op.ID, operation.StateRunning)
	b.store.items(op.ID, "issues", 100)
	got := b.do(t, http.MethodGet, "/v1/operations/"+op.ID, b.token(t, auth.RoleReader), nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	read := decode[progress.Operation](t, got)
	require.Equal(t, read, decode[progress.Operation](t, b.do(t, http.MethodGet, "/v1/operations/"+strings.ToUpper(op.ID), b.token(t, auth.RoleReader), nil)))
	require.Equal(t, int64(2), read.Seq)
	require.Equal(t, int64(100), read.Collections[0].Items)
	require.Equal(t, operation.StateRunning, read.State)
	require.NotContains(t, got.body, workspace)
}

func TestListOperations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	empty := b.do(t, http.MethodGet, "/v1/operations", token, nil)
	require.JSONEq(t, `{"operations":[]}`, empty.body)
	require.Empty(t, empty.Header.Get("Link"))
	var want []string
	for i := range 5 {
		op := b.operation(t)
		want = append([]string{op.ID}, want...)
		if i%2 == 0 {
			b.store.state(op.ID, operation.StateRunning)
		}
	}
	// Follow the Link headers, as a client that knows nothing else would.
	var seen []string
	next := "/v1/operations?limit=2&kind=sync_repository"
	for next != "" {
		got := b.do(t, http.MethodGet, next, token, nil)
		require.Equal(t, http.StatusOK, got.StatusCode, got.body)
		page := decode[operationPage](t, got)
		for _, op := range page.Operations {
			seen = append(seen, op.ID)
		}
		link := got.Header.Get("Link")
		require.Equal(t, page.NextCursor == "", link == "")
		next, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		if next != "" {
			require.Contains(t, next, "kind=sync_repository", "the filter stays")
		}
	}
	require.Equal(t, want, seen)
	running := decode[operationPage](t, b.do(t, http.MethodGet, "/v1/operations?state=running", token, nil))
	require.Len(t, running.Operations, 3)
}

func TestCancelOperation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	op := b.operation(t)
	path := "/v1/operations/" + op.ID + "/cancel"
	for range 2 { // asking again changes nothing
		got := b.do(t, http.MethodPost, path, token, nil)
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
		require.Equal(t, operation.StateCancelling, decode[progress.Operation](t, got).State)
		require.Equal(t, "/v1/operations/"+op.ID, got.Header.Get("Location"))
	}
	require.Equal(t, []string{op.ID, op.ID}, b.starter.cancelled, "the workflow is told, each time")

	b.starter.err = errors.New("Temporal is down")
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, path, token, nil).StatusCode, "the row is what counts")

	// It is what was asked for, whether or not the answer of the first time arrived.
	b.store.state(op.ID, operation.StateCancelled)
	again := b.do(t, http.MethodPost, path, token, nil)
	require.Equal(t, http.StatusAccepted, again.StatusCode)
	require.Equal(t, operation.StateCancelled, decode[progress.Operation](t, again).State)
	require.Len(t, b.starter.cancelled, 3, "there is nobody to tell any more")
}

func TestCancelOperationTooLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, state := range []operation.State{operation.StateSucceeded, operation.StateFailed} {
		op := b.operation(t)
		b.store.state(op.ID, state)
		got := b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/cancel", b.token(t, auth.RoleOperator), nil)
		require.Equal(t, http.StatusConflict, got.StatusCode)
		require.Equal(t, "The operation has already ended.", got.problem(t).Detail)
	}
	require.Empty(t, b.starter.cancelled)
}

// The document, the comments and the handler once said three different things.
func TestCancelIsDescribedAsItIs(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	described := doc.Paths.Value("/v1/operations/{id}/cancel").Post
	require.Contains(t, described.Description, "Asking again changes nothing and answers 202, also after it was cancelled.")
	require.Contains(t, described.Description, "already succeeded or failed answers 409")
	require.NotNil(t, described.Responses.Status(http.StatusConflict))
}

func TestListRepositories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	synced := start.Add(-time.Hour)
	for i := range int64(3) {
		b.store.repos = append(b.store.repos, operation.Repository{
			ID: i + 1, FullName: fmt.Sprintf("octo/mirror-%d", i+1), DefaultBranch: "main", SyncedAt: &synced,
			Collections: []operation.RepositoryCollection{{Name: "issues", Items: 7, SyncedAt: &synced}},
		})
	}
	type repositoryPage struct {
		Repositories []api.Repository `json:"repositories"`
		NextCursor   string           `json:"next_cursor"`
	}
	token := b.token(t, auth.RoleReader)
	first := b.do(t, http.MethodGet, "/v1/repositories?limit=2", token, nil)
	require.Equal(t, `</v1/repositories?cursor=2&limit=2>; rel="next"`, first.Header.Get("Link"))
	page := decode[repositoryPage](t, first)
	require.Len(t, page.Repositories, 2)
	require.Equal(t, api.Repository{
		ID: 1, FullName: "octo/mirror-1", DefaultBranch: "main", SyncedAt: &synced,
		Collections: []api.RepositoryCollection{{Name: "issues", Items: 7, SyncedAt: &synced}},
	}, page.Repositories[0])
	named := decode[repositoryPage](t, b.do(t, http.MethodGet, "/v1/repositories?name=Octo/Mirror-3", token, nil))
	require.Len(t, named.Repositories, 1)
	require.Equal(t, int64(3), named.Repositories[0].ID)
}

// Every refusal of a request that a reader sends.
func TestReadingRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	foreign := b.grant(t, auth.Grant{Subject: "stranger", WorkspaceID: stranger, Role: auth.RoleAdmin, TTL: time.Hour})
	op := b.operation(t)
	tests := []struct {
		name, method, path, token string
		status                    int
		says                      string
	}{
		{"unknown operation", "GET", "/v1/operations/" + missingID, token, 404, "There is no such operation."},
		{"another workspace's", "GET", "/v1/operations/" + op.ID, foreign, 404, "There is no such operation."},
		{"cancel another workspace's", "POST", "/v1/operations/" + op.ID + "/cancel", foreign, 404, "There is no such operation."},
		{"id is no UUID", "GET", "/v1/operations/7", token, 422, "path.id"},
		{"unknown state", "GET", "/v1/operations?state=sleeping", token, 422, "query.state"},
		{"unknown kind", "GET", "/v1/operations?kind=teleport", token, 422, "query.kind"},
		{"limit 0", "GET", "/v1/operations?limit=0", token, 422, "query.limit"},
		{"limit 101", "GET", "/v1/operations?limit=101", token, 422, "query.limit"},
		{"limit no number", "GET", "/v1/operations?limit=many", token, 422, "query.limit"},
		{"misspelled filter", "GET", "/v1/operations?sate=running", token, 422, "unknown query parameter"},
		{"half an escape", "GET", "/v1/operations?state=%zz", token, 422, `invalid URL escape \"%zz\"`},
		{"half an escape in a name", "GET", "/v1/operations?%=running", token, 422, "query"},
		{"semicolon", "GET", "/v1/operations?limit=1;state=running", token, 422, "invalid semicolon separator"},
		{"a zero byte", "GET", "/v1/operations?subject=a%00b", token, 422, "query.subject"},
		{"not UTF-8", "GET", "/v1/changes?collection=%ff", token, 422, "query.collection"},
		{"not UTF-8 in a name", "GET", "/v1/operations?%ff=running", token, 422, "has a zero byte or is not UTF-8"},
		{"a zero byte in the path", "GET", "/v1/repositories/octo/mi%00rror/status", token, 404, "nothing at this path"},
		{"filter twice", "GET", "/v1/operations?state=running&state=failed", token, 422, "query.state"},
		{"half an escape, no token", "GET", "/healthz?a=%", "", 422, "cannot be read"},
		{"half an escape for a page", "GET", "/docs?%", "", 422, "cannot be read"},
		{"half an escape for the document", "GET", "/openapi.yaml?%", "", 422, "cannot be read"},
		{"half an escape for a stream", "GET", "/v1/operations/" + op.ID + "/stream?since=1%2", token, 422, "cannot be read"},
		{"since twice", "GET", "/v1/operations/" + op.ID + "/stream?since=1&since=2", token, 422, "query.since"},
		{"foreign cursor", "GET", "/v1/operations?cursor=xyz", token, 422, "The cursor is not one of this list."},
		{"repository name", "GET", "/v1/repositories?name=octo", token, 422, "query.name"},
		{"no such path", "GET", "/v1/nothing", token, 404, "nothing at this path"},
		{"no such path, no token", "GET", "/nothing", "", 404, "nothing at this path"},
		{"no such method", "DELETE", "/v1/operations/" + op.ID, token, 405, "takes GET, HEAD"},
		{"no such method here", "GET", "/v1/syncs", token, 405, "takes POST"},
		{"plain request for a stream", "GET", "/v1/operations/" + op.ID + "/stream", token, 426, "WebSocket"},
		{"id as a URN", "GET", "/v1/operations/urn:uuid:" + op.ID, token, 422, "path.id"},
		{"id in braces", "GET", "/v1/operations/%7B" + op.ID + "%7D", token, 422, "path.id"},
		{"id without hyphens", "GET", "/v1/operations/" + strings.ReplaceAll(op.ID, "-", ""), token, 422, "path.id"},
		{"empty filter", "GET", "/v1/operations?state=", token, 422, "query.state"},
		{"filter without a value", "GET", "/v1/repositories?name", token, 422, "leave it out"},
		{"encoded slash", "GET", "/v1/operations/a%2Fb", token, 422, "path.id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, tt.method, tt.path, tt.token, nil)
			require.Equal(t, tt.status, got.StatusCode, got.body)
			got.problem(t)
			require.Contains(t, got.body, tt.says)
			if tt.status == http.StatusMethodNotAllowed {
				require.NotEmpty(t, got.Header.Get("Allow"))
			}
		})
	}
}

func TestNoInternalErrorReachesAClient(t *testing.T) {
	t.Parallel()
	secret := errors.New(`pq: password authentication failed for user "holdfast"`)
	tests := []struct {
		name   string
		err    error
		status int
	}{
		{"plain", secret, 500},
		{"coded internal", &operation.Error{Code: operation.CodeInternal, Message: secret.Error(), Err: secret}, 500},
		{"unknown code", &operation.Error{Code: "teapot", Message: secret.Error()}, 500},
		{"unavailable", &operation.Error{Code: operation.CodeUnavailable, Message: secret.Error(), Err: secret}, 503},
		{"known, with a cause", &operation.Error{Code: operation.CodeNotFound, Message: "Gone.", Err: secret}, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.store.setErr(tt.err)
			paths := []string{"/v1/operations/" + missingID}
			if tt.status >= http.StatusInternalServerError {
				paths = append(paths, "/v1/operations", "/v1/repositories")
			}
			for _, path := range paths {
				got := b.do(t, http.MethodGet, path, b.token(t, auth.RoleReader), nil, "X-Request-Id: trace-me")
				require.Equal(t, tt.status, got.StatusCode, got.body)
				require.Equal(t, "trace-me", got.problem(t).RequestID)
				require.NotContains(t, got.body, "password")
				require.Equal(t, tt.status == 503, got.Header.Get("Retry-After") != "")
			}
			if tt.status >= 500 {
				require.Contains(t, b.log.String(), "password authentication failed", "the cause is logged")
			}
		})
	}
}

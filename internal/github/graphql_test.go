package github_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/github"
)

const query = "query { viewer { login } }"

func TestGraphQLSendsTheQueryWithItsVariables(t *testing.T) {
	t.Parallel()
	c, asked := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var got struct {
			Query     string
			Variables map[string]any
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &got) != nil || r.Method != http.MethodPost || r.URL.Path != "/graphql" ||
			r.Header.Get("Authorization") != "Bearer "+token || got.Query != query || got.Variables["n"] != float64(7) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Date", "Mon, 02 Jan 2006 15:04:05 GMT")
		fmt.Fprint(w, `{"data": {"exact":  "\ud800"}}`)
	})
	r, err := c.GraphQL(t.Context(), query, map[string]any{"n": 7})
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte(`{"exact":  "\ud800"}`), r.Data), "the bytes are GitHub's: %s", r.Data)
	require.Equal(t, int64(1), r.Requests)
	require.Equal(t, 2006, r.Date.Year())
	require.Equal(t, int64(1), asked.Load())
}

func TestGraphQLOfAnEnterpriseServerIsBesideItsREST(t *testing.T) {
	t.Parallel()
	var path string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		fmt.Fprint(w, `{"data": {}}`)
	}))
	t.Cleanup(server.Close)
	for base, want := range map[string]string{"/api/v3/": "/api/graphql", "/api/v3": "/api/graphql", "": "/graphql", "/proxy/": "/proxy/graphql"} {
		_, err := newClient(t, server.URL+base).GraphQL(t.Context(), query, nil)
		require.NoError(t, err)
		require.Equal(t, want, path, base)
	}
}

func TestGraphQLErrorsHaveKinds(t *testing.T) {
	t.Parallel()
	errors := func(one string) string { return `{"data": null, "errors": [` + one + `]}` }
	for name, tt := range map[string]struct {
		handler  http.HandlerFunc
		kind     github.Kind
		requests int64
	}{
		"not found":       {ok(errors(`{"type": "NOT_FOUND", "path": ["repository"], "message": "m"}`)), github.KindNotFound, 1},
		"forbidden":       {ok(errors(`{"type": "FORBIDDEN", "message": "m"}`)), github.KindForbidden, 1},
		"scopes":          {ok(errors(`{"type": "INSUFFICIENT_SCOPES", "message": "m"}`)), github.KindForbidden, 1},
		"unknown field":   {ok(`{"errors": [{"extensions": {"code": "undefinedField"}, "message": "Field 'x' doesn't exist on type 'Query'"}]}`), github.KindRejected, 1},
		"too many nodes":  {ok(`{"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": "m"}]}`), github.KindTooLarge, 1},
		"resources":       {ok(`{"data": {"a": 1}, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "path": ["a"], "message": "m"}]}`), github.KindTooLarge, 1},
		"timeout in 200":  {ok(errors(`{"message": "Something went wrong while executing your query. This may be the result of a timeout."}`)), github.KindTooLarge, 1},
		"timeout":         {status(http.StatusBadGateway), github.KindTooLarge, 1},
		"gateway timeout": {status(http.StatusGatewayTimeout), github.KindTooLarge, 1},
		"server error":    {status(http.StatusInternalServerError), github.KindUnreachable, 4},
		"unavailable":     {status(http.StatusServiceUnavailable), github.KindUnreachable, 4},
		"internal":        {ok(errors(`{"type": "INTERNAL", "message": "m"}`)), github.KindUnreachable, 1},
		"cut off":         {cutOff, github.KindUnreachable, 4},
		"empty":           {ok(""), github.KindUnreachable, 4},
		"no JSON":         {ok("<html>"), github.KindUnreachable, 1},
		"no result":       {ok("{}"), github.KindUnreachable, 1},
		"wrong token":     {status(http.StatusUnauthorized), github.KindUnauthorized, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := serve(t, tt.handler)
			r, err := c.GraphQL(t.Context(), query, nil)
			require.Equal(t, tt.kind, github.KindOf(err), "%v", err)
			require.Equal(t, tt.requests, asked.Load())
			require.Equal(t, github.Result{Requests: tt.requests}, r)
			require.True(t, c.Queries())
		})
	}
}

func TestGraphQLThatIsNotServedIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusNotFound, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotImplemented} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			c, asked := serve(t, status(code))
			for range 2 {
				_, err := c.GraphQL(t.Context(), query, nil)
				require.Equal(t, github.KindNotServed, github.KindOf(err), "%v", err)
			}
			require.False(t, c.Queries())
			require.Equal(t, int64(1), asked.Load())
		})
	}
	c, err := github.New(github.Options{BaseURL: "http://127.0.0.1:1", Now: time.Now, Account: account(t)})
	require.NoError(t, err)
	_, err = c.GraphQL(t.Context(), query, nil)
	require.Equal(t, github.KindNotServed, github.KindOf(err), "it needs a token")
}

func TestGraphQLIsAskedAgainAfterAWhile(t *testing.T) {
	t.Parallel()
	now := time.Now()
	server := httptest.NewServer(status(http.StatusNotFound))
	t.Cleanup(server.Close)
	c, err := github.New(github.Options{
		BaseURL: server.URL, Credential: github.StaticToken(token), Now: func() time.Time { return now }, Scale: 0.001, Account: account(t),
	})
	require.NoError(t, err)
	_, err = c.GraphQL(t.Context(), query, nil)
	require.Error(t, err)
	require.False(t, c.Queries())
	now = now.Add(time.Hour)
	require.True(t, c.Queries())
}

func TestGraphQLKeepsWhatItGotBesideErrors(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, ok(`{"data": {"repository": {"a": null, "b": {}}, "other": null}, "errors": [
		{"type": "NOT_FOUND", "path": ["repository", "a"], "message": "no a"},
		{"type": "FORBIDDEN", "path": ["repository", "b", "list", "nodes", 3, "author"], "message": "no author"},
		{"type": "NOT_FOUND", "path": ["other"], "message": "no other"}]}`))
	r, err := c.GraphQL(t.Context(), query, nil)
	require.NoError(t, err)
	require.Len(t, r.Errors, 3)
	require.Equal(t, github.KindNotFound, github.KindOf(r.Within("repository", "a")))
	require.Equal(t, github.KindForbidden, github.KindOf(r.Within("repository", "b")))
	require.NoError(t, r.Within("repository", "c"))
	require.NoError(t, r.Failed("repository"))
	require.Equal(t, github.KindNotFound, github.KindOf(r.Failed("other")))
}

func TestGraphQLObeysItsLimits(t *testing.T) {
	t.Parallel()
	inTenMinutes := time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat)
	reset := func(w http.ResponseWriter, remaining string) {
		w.Header().Set("X-Ratelimit-Limit", "5000")
		w.Header().Set("X-Ratelimit-Remaining", remaining)
		w.Header().Set("X-Ratelimit-Resource", "graphql")
		w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10))
	}
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		limit   budget.Limit
	}{
		"points used up": {func(w http.ResponseWriter, _ *http.Request) {
			reset(w, "0")
			fmt.Fprint(w, `{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}`)
		}, budget.Points},
		"secondary in 200": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "600")
			fmt.Fprint(w, `{"errors": [{"message": "You have exceeded a secondary rate limit."}]}`)
		}, budget.Secondary},
		"secondary message in 200": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "600")
			fmt.Fprint(w, `{"message": "You have exceeded a secondary rate limit."}`)
		}, budget.Secondary},
		"secondary in 403": {status(http.StatusForbidden, "Retry-After", "600"), budget.Secondary},
		"secondary in 429": {status(http.StatusTooManyRequests, "Retry-After", "600"), budget.Secondary},
		"a date in 403":    {status(http.StatusForbidden, "Retry-After", inTenMinutes), budget.Secondary},
		"a date in 429":    {status(http.StatusTooManyRequests, "Retry-After", inTenMinutes), budget.Secondary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := serve(t, tt.handler)
			_, err := c.GraphQL(t.Context(), query, nil)
			var limit *budget.LimitError
			require.ErrorAs(t, err, &limit)
			require.Equal(t, tt.limit, limit.Limit)
			require.WithinDuration(t, time.Now().Add(10*time.Minute), limit.Until, 5*time.Second)
			_, err = c.GraphQL(t.Context(), query, nil)
			require.ErrorAs(t, err, &limit)
			require.Equal(t, int64(1), asked.Load(), "nothing is sent until then")
		})
	}
	t.Run("the last point", func(t *testing.T) {
		t.Parallel()
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				reset(w, "0")
				fmt.Fprint(w, `{"data": {"body": "API rate limit exceeded, says a text"}}`)
				return
			}
			fmt.Fprint(w, `{}`)
		})
		_, err := c.GraphQL(t.Context(), query, nil)
		require.NoError(t, err)
		_, err = c.GraphQL(t.Context(), query, nil)
		var limit *budget.LimitError
		require.ErrorAs(t, err, &limit)
		require.Equal(t, budget.Points, limit.Limit)
		_, err = c.Object(t.Context(), "user")
		require.NoError(t, err, "REST requests cost no points")
	})
}

func TestGraphQLRepeatsTheWholeBody(t *testing.T) {
	t.Parallel()
	c, asked := serve(t, cutOff, status(http.StatusInternalServerError), func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) < len(query) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, `{"data": {}}`)
	})
	r, err := c.GraphQL(t.Context(), query, nil)
	require.NoError(t, err)
	require.Equal(t, int64(3), r.Requests)
	require.Equal(t, int64(3), asked.Load())
}

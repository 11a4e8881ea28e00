package github

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
)

func TestWhatARequestCosts(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]budget.Request{
		http.MethodGet:    {Resource: budget.Core},
		http.MethodHead:   {Resource: budget.Core},
		http.MethodPost:   {Resource: budget.Core, Write: true, Content: true},
		http.MethodPatch:  {Resource: budget.Core, Write: true, Content: true},
		http.MethodPut:    {Resource: budget.Core, Write: true, Content: true},
		http.MethodDelete: {Resource: budget.Core, Write: true},
	} {
		req := httptest.NewRequestWithContext(t.Context(), method, "/repos/o/r/issues", http.NoBody)
		require.Equal(t, want, requestOf(req), method)
	}
	req := httptest.NewRequestWithContext(withoutContent(t.Context()), http.MethodPost, "/app/installations/1/access_tokens", http.NoBody)
	require.Equal(t, budget.Request{Resource: budget.Core, Write: true}, requestOf(req))
	req = req.WithContext(asQuery(t.Context()))
	require.Equal(t, budget.Request{Resource: budget.GraphQL}, requestOf(req), "a query reads, though it is sent by POST")
	require.Equal(t, budget.Core, requestOf(req.WithContext(ofItsOwn(req.Context()))).Resource)
}

func TestAnAnswerTellsOfItsOwnLimitOnly(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	answer := func(resource, left string) http.Header {
		h := http.Header{}
		h.Set("Date", now.Format(http.TimeFormat))
		h.Set("X-RateLimit-Resource", resource)
		h.Set("X-RateLimit-Limit", "5000")
		h.Set("X-RateLimit-Remaining", left)
		h.Set("X-RateLimit-Reset", "1767323104") // 59 seconds later
		return h
	}
	core, points := &budget.Rate{Limit: 5000, Left: 42, Reset: time.Minute}, &budget.Rate{Limit: 5000, Left: 42, Reset: time.Minute}
	for _, tt := range []struct {
		asked    budget.Resource
		resource string
		want     *budget.Rate
	}{
		{budget.Core, "core", core},
		{budget.Core, "", core},
		{budget.Core, "search", nil},
		{budget.Core, "graphql", nil},
		{budget.GraphQL, "graphql", points},
		{budget.GraphQL, "core", nil},
	} {
		require.Equal(t, tt.want, answerOf(tt.asked, http.StatusOK, answer(tt.resource, "42"), nil, 0).Rate, "%v", tt)
	}
	for resource, want := range map[string]budget.Refusal{
		"core":   {Limit: budget.Primary, Wait: time.Minute},
		"":       {Limit: budget.Primary, Wait: time.Minute},
		"search": {Limit: budget.Secondary, Wait: time.Minute},
	} {
		require.Equal(t, &want, answerOf(budget.Core, http.StatusForbidden, answer(resource, "0"), nil, 0).Refused, resource)
	}
	for _, left := range []string{"", "-1", "many"} {
		require.Nil(t, answerOf(budget.Core, http.StatusOK, answer("core", left), nil, 0).Rate, left)
	}
	require.Nil(t, answerOf(budget.Core, http.StatusForbidden, answer("core", "42"), []byte(`{"message": "Not yours"}`), 0).Refused)
	require.Equal(t, &budget.Refusal{Limit: budget.Secondary},
		answerOf(budget.Core, http.StatusForbidden, answer("core", "42"), []byte(`{"message": "You have exceeded a secondary rate limit"}`), 0).Refused)
}

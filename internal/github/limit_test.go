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

// Whatever is no refusal and no failure shows that GitHub answers: 304s and 404s as well
// must end the time in which one request at a time finds out.
func TestWhichAnswersShowThatGitHubAnswers(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	header.Set("Date", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Format(http.TimeFormat))
	for status, want := range map[int]bool{
		http.StatusOK: true, http.StatusCreated: true, http.StatusAccepted: true, http.StatusNoContent: true,
		http.StatusMovedPermanently: true, http.StatusNotModified: true, http.StatusNotFound: true,
		http.StatusForbidden: true, http.StatusUnprocessableEntity: true,
		http.StatusUnauthorized: false, http.StatusTooManyRequests: false, http.StatusInternalServerError: false, http.StatusBadGateway: false,
	} {
		require.Equal(t, want, answerOf(budget.Core, status, header, nil, 0).OK, status)
	}
	limited := answerOf(budget.GraphQL, http.StatusOK, header, []byte(`{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}`), 0)
	require.NotNil(t, limited.Refused)
	require.False(t, limited.OK, "a refusal with status 200")
}

// Who shows a credential that GitHub does not accept is counted as nobody, by address.
func TestWhatA401TellsIsNotOfTheAccount(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	h.Set("Date", time.Unix(1767323045, 0).UTC().Format(http.TimeFormat))
	h.Set("X-RateLimit-Resource", "core")
	h.Set("X-RateLimit-Limit", "60")
	h.Set("X-RateLimit-Remaining", "3")
	h.Set("X-RateLimit-Reset", "1767326000")
	require.Nil(t, answerOf(budget.Core, http.StatusUnauthorized, h, nil, 0).Rate)
	require.NotNil(t, answerOf(budget.Core, http.StatusNotFound, h, nil, 0).Rate)
}

func TestHowLongRetryAfterSays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"17": 17 * time.Second, "7200": longestHold, "99999999999999999999": longestHold,
		"Fri, 02 Jan 2026 03:05:35 GMT": 90 * time.Second, "Friday, 02-Jan-26 03:05:35 GMT": 90 * time.Second,
		"Fri, 02 Jan 2026 03:04:00 GMT": 0, "Fri, 02 Jan 2027 03:04:00 GMT": longestHold,
		"0": 0, "-5": 0, "-99999999999999999999": 0, "soon": 0, "": 0,
	} {
		h := http.Header{"Retry-After": {value}}
		h.Set("Date", now.Format(http.TimeFormat))
		got, ok := retryAfter(h)
		require.Equal(t, want, max(got, 0), value)
		require.Equal(t, want > 0, ok, value)
	}
}

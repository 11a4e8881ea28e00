package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
)

// Of two who have read the same, the second to change it is told.
func TestAChangeOfWhatWasReadBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path, admin := "/v1/connections/"+personalID, b.token(t, auth.RoleAdmin)
	change := func(match string) answer {
		t.Helper()
		header := []string{}
		if match != "" {
			header = append(header, "If-Match: "+match)
		}
		return b.do(t, http.MethodPatch, path, admin, strings.NewReader(`{"in_flight":5}`), header...)
	}
	tag := b.do(t, http.MethodGet, path, admin, nil).Header.Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{32}"$`, tag)
	require.Equal(t, tag, b.do(t, http.MethodGet, path, admin, nil).Header.Get("ETag"))

	first := change(tag)
	require.Equal(t, http.StatusOK, first.StatusCode, first.body)
	next := first.Header.Get("ETag")
	require.NotEqual(t, tag, next)
	for _, stale := range []string{tag, `"x"`, "W/" + next, tag + `, "y"`} {
		got := change(stale)
		require.Equal(t, http.StatusPreconditionFailed, got.StatusCode, stale)
		require.Equal(t, "changed", got.problem(t).Code)
	}
	require.Equal(t, http.StatusOK, change(tag+", "+next).StatusCode)
	require.Equal(t, http.StatusOK, change("*").StatusCode)
	require.Equal(t, http.StatusOK, change("").StatusCode)
}

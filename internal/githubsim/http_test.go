package githubsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

func TestStatusesOfGitHub(t *testing.T) {
	t.Parallel()
	clock, at := fixedClock()
	for _, tc := range []struct {
		name    string
		prepare func(*bundle)
		path    string
		headers []string
		status  int
		message string
	}{
		{name: "unknown repository", path: "/repos/a/b/issues", status: 404, message: "Not Found"},
		{name: "unknown path", path: "/orgs/a", status: 404, message: "Not Found"},
		{name: "unknown issue", path: base + "/issues/999999", status: 404, message: "Not Found"},
		{name: "issue as pull", path: base + "/pulls/999999", status: 404, message: "Not Found"},
		{name: "unknown branch", path: base + "/branches/none", status: 404, message: "Branch not found"},
		{name: "unknown sha", path: base + "/commits?sha=none", status: 404, message: "Not Found"},
		{name: "bad since", path: base + "/issues?since=yesterday", status: 422, message: "Validation Failed"},
		{name: "user without token", path: "/user", status: 401, message: "Requires authentication"},
		{name: "wrong token", path: base, headers: []string{"Authorization", "Bearer no"}, status: 401, message: "Bad credentials"},
		{name: "right token", path: "/user", headers: []string{"Authorization", "token yes"}, status: 200},
		{name: "wrong password", path: "/user", headers: []string{"Authorization", "Basic eWVzOng="}, status: 401, message: "Bad credentials"},
		{
			name: "blocked", path: base + "/pulls", status: 451, message: "Repository access blocked",
			prepare: func(b *bundle) { b.repo.SetBlocked(&githubsim.Block{Reason: "dmca", CreatedAt: at}) },
		},
		{
			name: "gone", path: base, headers: []string{"Authorization", "Bearer yes"}, status: 404, message: "Not Found",
			prepare: func(b *bundle) { b.repo.SetGone(true) },
		},
		{
			name: "private", path: base, status: 404, message: "Not Found",
			prepare: func(b *bundle) { b.repo.SetPrivate(true) },
		},
		{
			name: "private with token", path: base, headers: []string{"Authorization", "Bearer yes"}, status: 200,
			prepare: func(b *bundle) { b.repo.SetPrivate(true) },
		},
		{
			name: "issues disabled", path: base + "/issues", status: 410, message: "Issues has been disabled in this repository.",
			prepare: func(b *bundle) { b.repo.DisableIssues(true) },
		},
		{
			name: "pulls without issues", path: base + "/pulls", status: 200,
			prepare: func(b *bundle) { b.repo.DisableIssues(true) },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, githubsim.Options{Tokens: []string{"yes"}, Now: clock}, githubsim.SpecForItems(300))
			if tc.prepare != nil {
				tc.prepare(b)
			}
			res := b.get(t, tc.path, tc.headers...)
			require.Equal(t, tc.status, res.StatusCode, "%s", res.body)
			require.Equal(t, "application/json; charset=utf-8", res.Header.Get("Content-Type"))
			require.NotEmpty(t, res.Header.Get("X-GitHub-Request-Id"))
			require.Equal(t, "github.v3; format=json", res.Header.Get("X-GitHub-Media-Type"))
			require.Equal(t, "Tue, 01 Jul 2025 12:00:00 GMT", res.Header.Get("Date"))
			require.Equal(t, "core", res.Header.Get("X-RateLimit-Resource"))
			if tc.message != "" {
				require.Equal(t, tc.message, res.object(t)["message"])
			}
		})
	}
}

func TestBlockedSaysWhy(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	b.repo.SetBlocked(&githubsim.Block{Reason: "dmca", CreatedAt: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), URL: "https://example.com/x"})
	require.Equal(t, map[string]any{"reason": "dmca", "created_at": "2024-01-02T03:04:05Z", "html_url": "https://example.com/x"},
		b.get(t, base).object(t)["block"])
}

func TestEmptyRepository(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{})
	res := b.get(t, base+"/commits")
	require.Equal(t, http.StatusConflict, res.StatusCode)
	require.Equal(t, "Git Repository is empty.", res.object(t)["message"])
	for _, list := range []string{"issues", "pulls", "labels", "branches", "tags", "releases", "milestones"} {
		require.Empty(t, b.get(t, base+"/"+list).list(t), list)
	}
	require.Zero(t, b.sim.Count(owner, name, "commits"))
}

func TestRenamedRepositoryRedirects(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	b.sim.Rename(b.repo, "", "ferry")
	for _, rest := range []string{"", "/issues?state=all&per_page=5", "/pulls/comments", "/branches/main"} {
		res := b.get(t, base+rest)
		require.Equal(t, http.StatusMovedPermanently, res.StatusCode)
		require.Equal(t, "Moved Permanently", res.object(t)["message"])
		to := res.Header.Get("Location")
		require.Equal(t, b.url+"/repositories/"+itoa(b.repo.ID())+rest, to)
		require.Equal(t, http.StatusOK, b.get(t, to).StatusCode)
	}
	require.Equal(t, "harborline/ferry", b.get(t, "/repos/harborline/ferry").object(t)["full_name"])
	require.Same(t, b.repo, b.sim.Repository(owner, name))
}

func TestEntityTags(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{Limit: 100, AnonymousLimit: 60}, githubsim.SpecForItems(300))
	first := b.get(t, base+"/issues", "Authorization", "Bearer a")
	tag := first.Header.Get("ETag")
	require.Regexp(t, `^W/"[0-9a-f]{64}"$`, tag)
	require.Equal(t, "99", first.Header.Get("X-RateLimit-Remaining"))

	again := b.get(t, base+"/issues", "Authorization", "Bearer a", "If-None-Match", tag)
	require.Equal(t, http.StatusNotModified, again.StatusCode)
	require.Empty(t, again.body)
	require.Equal(t, "99", again.Header.Get("X-RateLimit-Remaining"), "an authenticated 304 is free")

	other := b.get(t, base+"/issues", "Authorization", "Bearer b", "If-None-Match", tag)
	require.Equal(t, http.StatusOK, other.StatusCode, "another token has another tag")

	anonymous := b.get(t, base+"/issues")
	same := b.get(t, base+"/issues", "If-None-Match", anonymous.Header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, same.StatusCode)
	require.Equal(t, "58", same.Header.Get("X-RateLimit-Remaining"), "without a token a 304 costs")

	_, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "new", By: "ada"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, b.get(t, base+"/issues", "Authorization", "Bearer a", "If-None-Match", tag).StatusCode)
}

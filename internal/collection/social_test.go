package collection_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
)

const (
	issueEvent = `{
		"id": 9, "node_id": "LE_9", "url": "https://api.github.com/repos/a/b/issues/events/9", "event": "labeled", "actor": {"id": 1, "login": "ada"},
		"commit_id": null, "commit_url": null, "created_at": "2024-01-02T03:04:05Z", "label": {"name": "bug", "color": "ff0000"},
		"assignee": {"id": 2, "login": "ben"}, "performed_via_github_app": {"id": 3, "name": "app", "installations_count": 4},
		"issue": {"id": 7, "node_id": "I_7", "number": 3, "title": "t", "body": "b", "comments": 1, "updated_at": "2024-01-02T03:04:05Z",
			"user": {"id": 1, "login": "ada"}, "labels": [{"id": 5, "name": "bug"}], "milestone": {"id": 6, "open_issues": 1}}
	}`
	pullFile = `{
		"sha": "b10b", "filename": "src/a.go", "status": "modified", "additions": 1, "deletions": 2, "changes": 3, "patch": "@@ -1 +1 @@",
		"blob_url": "https://github.com/a/b/blob/c0/src%2Fa.go", "raw_url": "https://github.com/a/b/raw/c0/src%2Fa.go",
		"contents_url": "https://api.github.com/repos/a/b/contents/src%2Fa.go?ref=c0"
	}`
	pullCommit = `{
		"sha": "c0", "author": {"id": 1, "login": "ada"}, "committer": null,
		"commit": {"message": "m", "author": {"name": "Ada", "date": "2024-01-02T03:04:05Z"}}, "parents": [{"sha": "c1"}]
	}`
	stargazer = `{"starred_at": "2024-01-02T03:04:05Z", "user": {"id": 4, "login": "fan", "avatar_url": "u"}}`
	fork      = `{
		"id": 5, "node_id": "R_5", "name": "b", "full_name": "fan/b", "owner": {"id": 4, "login": "fan"}, "private": false, "fork": true,
		"url": "https://api.github.com/repos/fan/b", "html_url": "https://github.com/fan/b", "ssh_url": "git@github.com:fan/b.git",
		"forks_url": "https://api.github.com/repos/fan/b/forks", "archived": false, "description": "d", "default_branch": "main",
		"stargazers_count": 1, "watchers": 1, "forks": 0, "forks_count": 0, "open_issues": 2, "open_issues_count": 2, "size": 3, "topics": ["x"],
		"pushed_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z", "created_at": "2023-01-01T00:00:00Z",
		"permissions": {"admin": false, "pull": true}, "temp_clone_token": "s3cret"
	}`
	contributor  = `{"login": "ada", "id": 1, "type": "User", "contributions": 32}`
	collaborator = `{
		"login": "ada", "id": 1, "type": "User", "url": "https://api.github.com/users/ada", "site_admin": false,
		"permissions": {"pull": true, "triage": true, "push": false, "maintain": false, "admin": false}, "role_name": "triage"
	}`
)

// How far an edit of an item reaches.
const (
	same    = "nothing is written"
	refresh = "raw is refreshed"
	differs = "it has changed"
)

func TestEqualityAroundIssuesAndRepositories(t *testing.T) {
	t.Parallel()
	set := func(field string, value any) func(map[string]any) { return func(v map[string]any) { v[field] = value } }
	inside := func(field string, value any, path ...string) func(map[string]any) {
		return func(v map[string]any) { at(v, path...)[field] = value }
	}
	for _, tt := range []struct {
		name, collection, doc string
		change                func(map[string]any)
		want                  string
	}{
		{"its issue is edited", "issue_events", issueEvent, inside("title", "u", "issue"), same},
		{"its issue is labelled", "issue_events", issueEvent, inside("labels", []any{}, "issue"), same},
		{"its issue's milestone moves", "issue_events", issueEvent, inside("open_issues", 2, "issue", "milestone"), same},
		{"another issue", "issue_events", issueEvent, inside("id", 8, "issue"), differs},
		{"the issue is gone", "issue_events", issueEvent, set("issue", nil), differs},
		{"the actor is renamed", "issue_events", issueEvent, inside("login", "lovelace", "actor"), refresh},
		{"the actor is deleted", "issue_events", issueEvent, set("actor", nil), differs},
		{"the assignee is renamed", "issue_events", issueEvent, inside("login", "x", "assignee"), refresh},
		{"the app is installed once more", "issue_events", issueEvent, inside("installations_count", 5, "performed_via_github_app"), refresh},
		{"the repository is renamed", "issue_events", issueEvent, set("url", "https://api.github.com/repos/a/c/issues/events/9"), refresh},
		{"another label", "issue_events", issueEvent, inside("name", "feature", "label"), differs},

		{"a push of other files", "pull_files", pullFile, func(v map[string]any) {
			v["blob_url"], v["raw_url"], v["contents_url"] = "x", "y", "z"
		}, refresh},
		{"a push of this file", "pull_files", pullFile, set("sha", "b10c"), differs},
		{"another patch", "pull_files", pullFile, set("patch", "@@"), differs},
		{"it is renamed", "pull_files", pullFile, set("previous_filename", "b.go"), differs},

		{"the author is renamed", "pull_commits", pullCommit, inside("login", "lovelace", "author"), refresh},
		{"the author is linked", "pull_commits", pullCommit, set("committer", map[string]any{"id": 1}), differs},
		{"another message", "pull_commits", pullCommit, inside("message", "n", "commit"), differs},

		{"the fan is renamed", "stargazers", stargazer, inside("login", "x", "user"), refresh},
		{"starred again", "stargazers", stargazer, set("starred_at", "2025-01-02T03:04:05Z"), differs},

		{"a star of a fork", "forks", fork, func(v map[string]any) {
			v["stargazers_count"], v["watchers"], v["updated_at"] = 2, 2, "2025-01-01T00:00:00Z"
		}, same},
		{"issues and forks of a fork", "forks", fork, func(v map[string]any) {
			v["open_issues"], v["open_issues_count"], v["forks"], v["forks_count"] = 3, 3, 1, 1
		}, same},
		{"a push to a fork", "forks", fork, func(v map[string]any) { v["pushed_at"], v["size"] = "2025-01-01T00:00:00Z", 4 }, refresh},
		{"the fork's owner is renamed", "forks", fork, func(v map[string]any) {
			at(v, "owner")["login"], v["full_name"] = "x", "x/b"
			v["url"], v["html_url"], v["ssh_url"], v["forks_url"] = "1", "2", "3", "4"
		}, refresh},
		{"what the viewer may do with a fork", "forks", fork, inside("admin", true, "permissions"), refresh},
		{"the fork is transferred", "forks", fork, inside("id", 5, "owner"), differs},
		{"the fork is archived", "forks", fork, set("archived", true), differs},
		{"the fork is renamed", "forks", fork, set("name", "c"), differs},
		{"the fork is described", "forks", fork, set("description", "e"), differs},

		{"a push", "contributors", contributor, set("contributions", 33), refresh},
		{"the contributor is renamed", "contributors", contributor, set("login", "lovelace"), refresh},
		{"another contributor", "contributors", contributor, set("id", 2), differs},

		{"the collaborator is renamed", "collaborators", collaborator, func(v map[string]any) {
			v["login"], v["url"] = "lovelace", "https://api.github.com/users/lovelace"
		}, refresh},
		{"another role", "collaborators", collaborator, set("role_name", "write"), differs},
		{"another permission", "collaborators", collaborator, inside("push", true, "permissions"), differs},
	} {
		t.Run(tt.collection+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			c := named(t, tt.collection)
			before, err := c.PrepareOf("8", edit(t, tt.doc, func(map[string]any) {}))
			require.NoError(t, err)
			after, err := c.PrepareOf("8", edit(t, tt.doc, tt.change))
			require.NoError(t, err)
			require.Equal(t, tt.want != differs, before.Hash == after.Hash, tt.want)
			require.Equal(t, tt.want == same, before.RawHash == after.RawHash, tt.want)
			again, err := c.PrepareOf("8", before.Raw)
			require.NoError(t, err)
			require.Equal(t, before.Hash, again.Hash, "what is stored counts as the same as what was sent")
		})
	}
}

func TestAnEventKeepsWhatIdentifiesItsIssue(t *testing.T) {
	t.Parallel()
	item, err := named(t, "issue_events").Prepare(json.RawMessage(issueEvent))
	require.NoError(t, err)
	require.Equal(t, "9", item.Key)
	require.Equal(t, "2024-01-02T03:04:05Z", item.CreatedAt.Format("2006-01-02T15:04:05Z07:00"))
	var stored struct{ Issue json.RawMessage }
	require.NoError(t, json.Unmarshal(item.Raw, &stored))
	require.JSONEq(t, `{"id": 7, "node_id": "I_7", "number": 3}`, string(stored.Issue))
}

func TestKeysBelowAPull(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é/", 700)
	for _, tt := range []struct{ collection, parent, doc, want string }{
		{"pull_files", "8", pullFile, "8/src/a.go"},
		{"pull_commits", "8", pullCommit, "8/c0"},
		{"stargazers", "", stargazer, "4"},
		{"forks", "", fork, "5"},
	} {
		item, err := named(t, tt.collection).PrepareOf(tt.parent, json.RawMessage(tt.doc))
		require.NoError(t, err)
		require.Equal(t, tt.want, item.Key)
		require.Equal(t, tt.parent, item.Parent)
		require.NotContains(t, string(item.Raw), "s3cret")
	}
	keys := map[string]bool{}
	for _, name := range []string{long + "a", long + "b", long + "a"} {
		item, err := named(t, "pull_files").PrepareOf("8", json.RawMessage(`{"filename": "`+name+`"}`))
		require.NoError(t, err)
		require.LessOrEqual(t, len(item.Key), 1024)
		require.True(t, strings.HasPrefix(item.Key, "8/é/"))
		keys[item.Key] = true
	}
	require.Len(t, keys, 2, "long paths that differ only at their end stay apart")
	_, err := named(t, "stargazers").Prepare(json.RawMessage(`{"starred_at": "2024-01-02T03:04:05Z", "user": null}`))
	require.Error(t, err)
}

func TestWhatIsCappedSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range collection.All() {
		require.Equal(t, c.Cap > 0, c.CapNote != "", c.Name)
	}
}

package githubsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"

	"github.com/holdfast/holdfast/internal/githubsim"
)

const smallArchive = `{
 "magic": "x", "timestamp": "2022-08-12T11:55:08.277244+00:00", "repo": "acme/spec",
 "labels": [{"name": "bug", "description": null, "color": "d73a4a"}, {"name": "bug", "description": "twice", "color": "000000"}],
 "issues": [
  {"number": 3, "id": "MDU6SXNzdWU1MjEyNTQ0MzU=", "title": "ünï \u0000 code", "url": "u", "state": "CLOSED", "author": null,
   "authorAssociation": "NONE", "assignees": ["ada", "ada"], "labels": ["bug", "new one", "bug"], "body": "lone \ud800 surrogate \ud83d\ude00",
   "createdAt": "2020-01-02T03:04:05Z", "updatedAt": "2020-01-05T00:00:00Z", "closedAt": "2020-01-04T00:00:00Z",
   "comments": [
    {"author": "ben", "authorAssociation": "OWNER", "body": "one", "createdAt": "2020-01-03T00:00:00Z", "updatedAt": "2020-01-03T00:00:00Z"},
    {"author": null, "authorAssociation": "ODD", "body": "", "createdAt": "2020-01-03T00:00:00Z"}]},
  {"number": 7, "state": "SOMETHING"}
 ],
 "pulls": [
  {"number": 1, "id": "PR_kwDOC3hbXs48pE8z", "title": "p", "state": "MERGED", "author": "Ada", "authorAssociation": "MEMBER",
   "assignees": [], "labels": [], "body": "", "createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2020-02-01T00:00:00Z",
   "closedAt": "2020-02-01T00:00:00Z", "comments": [], "baseRepository": "acme/spec", "baseRefName": "trunk",
   "baseRefOid": "1111111111111111111111111111111111111111", "headRepository": null, "headRefName": "x",
   "headRefOid": "abcdef0111111111111111111111111111111111", "mergedAt": "2020-02-01T00:00:00Z", "mergedBy": "ben",
   "mergeCommit": {"oid": "2222222222222222222222222222222222222222"},
   "reviews": [{"id": "PRR_kwDOC3hbXs4yzk1i", "commit": {"abbreviatedOid": "abcdef0"}, "author": "ben", "authorAssociation": "OWNER",
     "state": "WHO_KNOWS", "body": "", "createdAt": "2020-01-10T00:00:00Z", "updatedAt": "2020-01-10T00:00:00Z",
     "comments": [{"originalPosition": 7, "body": "r", "createdAt": "2020-01-10T00:00:00Z", "updatedAt": "2020-01-11T00:00:00Z"},
                  {"originalPosition": null, "body": "s", "createdAt": "2020-01-10T00:00:00Z"}]}]},
  {"number": 2, "title": "q", "state": "OPEN", "author": "zoe", "createdAt": "2020-03-01T00:00:00Z", "baseRefName": "trunk",
   "headRepository": "zoe/spec", "headRefName": "y", "mergeCommit": null, "closedAt": null}
 ]}`

const smallCommits = `{"sha": "1111111111111111111111111111111111111111", "parents": [], "tree": "9999999999999999999999999999999999999999", "author": {"name": "Ada L", "date": "2019-12-31T17:00:00-07:00"}, "committer": {"name": "GitHub", "date": "2019-12-31T17:00:00-07:00"}, "message": "first"}
{"sha": "2222222222222222222222222222222222222222", "parents": ["1111111111111111111111111111111111111111"], "tree": "9999999999999999999999999999999999999999", "author": {"name": "Ada L", "date": "2020-02-01T00:00:00Z"}, "committer": {"name": "GitHub", "date": "2020-02-01T00:00:00Z"}, "message": "second"}
`

const smallRefs = `{"default_branch": "trunk", "refs": [
 {"ref": "refs/heads/trunk", "sha": "2222222222222222222222222222222222222222", "peeled": null},
 {"ref": "refs/heads/side/way", "sha": "3333333333333333333333333333333333333333", "peeled": null},
 {"ref": "refs/pull/1/head", "sha": "abcdef0111111111111111111111111111111111", "peeled": null},
 {"ref": "refs/tags/v1", "sha": "4444444444444444444444444444444444444444", "peeled": "1111111111111111111111111111111111111111"}]}`

// write puts a file into the test's folder, packed if its name says so.
func write(t *testing.T, file, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	var packed bytes.Buffer
	if strings.HasSuffix(file, ".xz") {
		w, err := xz.NewWriter(&packed)
		require.NoError(t, err)
		_, err = w.Write([]byte(content))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		content = packed.String()
	}
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func serve(t *testing.T, r *githubsim.Repository) *bundle {
	t.Helper()
	b := setup(t, githubsim.Options{}, githubsim.Spec{})
	b.sim.Add(r)
	b.repo = r
	return b
}

func TestLoadArchive(t *testing.T) {
	t.Parallel()
	r, err := githubsim.LoadArchive(write(t, "a.json.xz", smallArchive), write(t, "c.ndjson", smallCommits), write(t, "r.json.xz", smallRefs))
	require.NoError(t, err)
	b := serve(t, r)
	for collection, want := range map[string]int{
		"repository": 1, "labels": 2, "milestones": 0, "issues": 4, "issue_comments": 2, "pulls": 2, "reviews": 1,
		"review_comments": 2, "commits": 2, "branches": 2, "tags": 1, "releases": 0,
	} {
		require.Equal(t, want, b.sim.Count("acme", "spec", collection), collection)
	}
	const at = "/repos/acme/spec"
	repo := b.get(t, at).object(t)
	require.Equal(t, "trunk", repo["default_branch"])
	require.Equal(t, "2022-08-12T11:55:08Z", repo["updated_at"])
	require.EqualValues(t, 2, repo["open_issues_count"])

	res := b.get(t, at+"/issues/3")
	issue := res.object(t)
	require.EqualValues(t, 521254435, issue["id"])
	require.Equal(t, "MDU6SXNzdWU1MjEyNTQ0MzU=", issue["node_id"])
	require.Nil(t, issue["user"])
	require.Equal(t, "closed", issue["state"])
	require.Len(t, issue["labels"], 2)
	require.Len(t, issue["assignees"], 1)
	require.EqualValues(t, 2, issue["comments"])
	require.Contains(t, string(res.body), `"title":"ünï \u0000 code"`)
	require.Contains(t, string(res.body), `"body":"lone \ud800 surrogate 😀"`)
	require.Equal(t, "open", b.get(t, at+"/issues/7").object(t)["state"])

	pulls := b.get(t, at+"/pulls?state=all&direction=asc&sort=created").list(t)
	head := pulls[0]["head"].(map[string]any)
	require.Nil(t, head["repo"])
	require.Equal(t, "Ada:x", head["label"])
	require.Equal(t, "2222222222222222222222222222222222222222", pulls[0]["merge_commit_sha"])
	require.Equal(t, "zoe/spec", pulls[1]["head"].(map[string]any)["repo"].(map[string]any)["full_name"])
	require.Nil(t, pulls[1]["merge_commit_sha"])

	review := b.get(t, at+"/pulls/1/reviews").list(t)[0]
	require.Equal(t, "COMMENTED", review["state"])
	require.Equal(t, "abcdef0111111111111111111111111111111111", review["commit_id"])
	remarks := b.get(t, at+"/pulls/comments").list(t)
	require.Equal(t, "ben", remarks[0]["user"].(map[string]any)["login"])
	require.EqualValues(t, 7, remarks[0]["original_position"])
	require.NotContains(t, remarks[1], "position")
	require.NotEqual(t, remarks[0]["id"], remarks[1]["id"])

	commits := b.get(t, at+"/commits").list(t)
	require.Equal(t, "second", commits[0]["commit"].(map[string]any)["message"])
	require.Equal(t, "2020-01-01T00:00:00Z", commits[1]["commit"].(map[string]any)["author"].(map[string]any)["date"])
	require.Equal(t, 404, b.get(t, at+"/commits?sha=side/way").StatusCode)
	require.Equal(t, "side/way", b.get(t, at+"/branches/side%2Fway").object(t)["name"])
	require.Equal(t, "1111111111111111111111111111111111111111",
		b.get(t, at+"/tags").list(t)[0]["commit"].(map[string]any)["sha"])
}

func TestLoadArchiveAlone(t *testing.T) {
	t.Parallel()
	r, err := githubsim.LoadArchive(write(t, "a.json", smallArchive), "", "")
	require.NoError(t, err)
	b := serve(t, r)
	require.Equal(t, "trunk", r.DefaultBranch())
	require.Equal(t, 409, b.get(t, "/repos/acme/spec/commits").StatusCode)
	require.Empty(t, b.get(t, "/repos/acme/spec/branches").list(t))
	require.Equal(t, 4, b.sim.Count("acme", "spec", "issues"))

	r, err = githubsim.LoadArchive(write(t, "a.json", smallArchive), write(t, "c", smallCommits), "")
	require.NoError(t, err)
	b.sim.Add(r)
	require.Len(t, b.get(t, "/repos/acme/spec/commits").list(t), 2)
	require.Equal(t, "trunk", b.get(t, "/repos/acme/spec/branches").list(t)[0]["name"])

	r, err = githubsim.LoadArchive(write(t, "a.json", smallArchive), "", write(t, "r.json", smallRefs))
	require.NoError(t, err)
	b.sim.Add(r)
	require.Empty(t, b.get(t, "/repos/acme/spec/commits").list(t), "the refs are known, the commits are not")
}

func TestNumbersAreTheSameInLaterArchives(t *testing.T) {
	t.Parallel()
	var shape map[string]any
	require.NoError(t, json.Unmarshal([]byte(smallArchive), &shape))
	issue := shape["issues"].([]any)[0].(map[string]any)
	issue["comments"] = append(issue["comments"].([]any), map[string]any{"author": "ada", "body": "late", "createdAt": "2021-01-01T00:00:00Z"})
	shape["labels"] = []any{}
	later, err := json.Marshal(shape)
	require.NoError(t, err)

	keys := func(content string) map[string]map[string]bool {
		r, err := githubsim.LoadArchive(write(t, "a.json", content), "", "")
		require.NoError(t, err)
		sim := githubsim.New(githubsim.Options{})
		sim.Add(r)
		all := make(map[string]map[string]bool)
		for _, c := range githubsim.Collections() {
			all[c] = make(map[string]bool)
			for key := range sim.Items("acme", "spec", c) {
				all[c][key] = true
			}
		}
		return all
	}
	first, second := keys(smallArchive), keys(string(later))
	for collection, before := range first {
		for key := range before {
			require.True(t, second[collection][key], "%s %s", collection, key)
		}
	}
	require.Len(t, second["issue_comments"], 3)
}

func TestLoadArchiveRefuses(t *testing.T) {
	t.Parallel()
	good := write(t, "a.json", smallArchive)
	for _, tc := range []struct{ name, archive, commits, refs, message string }{
		{"no file", filepath.Join(t.TempDir(), "none"), "", "", "no such file"},
		{"no JSON", write(t, "a", "{"), "", "", "unexpected EOF"},
		{"no repository", write(t, "a", `{"repo": "x"}`), "", "", "not owner/name"},
		{"no number", write(t, "a", `{"repo": "a/b", "issues": [{}]}`), "", "", "no number"},
		{"bad xz", write(t, "a", "\xfd7zXZ\x00nonsense"), "", "", "unpacking"},
		{"bad commits", good, write(t, "c", smallCommits+"{"), "", "commit 3"},
		{"bad refs", good, "", write(t, "r", "[]"), "cannot unmarshal"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := githubsim.LoadArchive(tc.archive, tc.commits, tc.refs)
			require.ErrorContains(t, err, tc.message)
		})
	}
}

func TestBigCommentThreadsGetDistinctNumbers(t *testing.T) {
	t.Parallel()
	var comments []string
	for i := range 300 {
		comments = append(comments, fmt.Sprintf(`{"author": "ada", "body": "%d", "createdAt": "2020-01-03T00:00:00Z"}`, i))
	}
	content := fmt.Sprintf(`{"repo": "a/b", "timestamp": %q, "issues": [{"number": 1, "comments": [%s]}]}`,
		time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339), strings.Join(comments, ","))
	r, err := githubsim.LoadArchive(write(t, "a.json", content), "", "")
	require.NoError(t, err)
	sim := githubsim.New(githubsim.Options{})
	sim.Add(r)
	seen := make(map[string]bool)
	for key := range sim.Items("a", "b", "issue_comments") {
		seen[key] = true
	}
	require.Len(t, seen, 300)
}

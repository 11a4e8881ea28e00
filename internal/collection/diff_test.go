package collection_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	const release = `{"id": 1, "name": "v1", "assets": [{"id": 2, "name": "a", "download_count": 1}]}`
	for _, tt := range []struct {
		name, collection, doc string
		change                func(map[string]any)
		want                  []string
	}{
		{"nothing", "issues", issue, func(map[string]any) {}, nil},
		{"one field", "issues", issue, func(v map[string]any) { v["title"] = "C" }, []string{"title"}},
		{"several, sorted", "issues", issue, func(v map[string]any) {
			v["updated_at"], v["state"], v["comments"] = "2024-02-02T00:00:00Z", "closed", 2
		}, []string{"comments", "state", "updated_at"}},
		{"a new field", "issues", issue, func(v map[string]any) { v["type"] = nil }, []string{"type"}},
		{"a field gone", "issues", issue, func(v map[string]any) { delete(v, "comments") }, []string{"comments"}},
		{"a field that is null now", "issues", issue, func(v map[string]any) { v["milestone"] = nil }, []string{"milestone"}},
		{"a counter of a milestone", "issues", issue, func(v map[string]any) { at(v, "milestone")["open_issues"] = 5 }, nil},
		{"another title of the milestone", "issues", issue, func(v map[string]any) { at(v, "milestone")["title"] = "n" }, nil},
		{"another milestone", "issues", issue, func(v map[string]any) { at(v, "milestone")["id"] = 10 }, []string{"milestone"}},
		{"a renamed user", "issues", issue, func(v map[string]any) { at(v, "user")["login"] = "bob" }, nil},
		{"another user", "issues", issue, func(v map[string]any) { at(v, "user")["id"] = 2 }, []string{"user"}},
		{"the viewer's association", "issues", issue, func(v map[string]any) { v["author_association"] = "MEMBER" }, nil},
		{"the order of labels", "issues", issue, func(v map[string]any) {
			l := v["labels"].([]any)
			l[0], l[1] = l[1], l[0]
		}, nil},
		{"a label less", "issues", issue, func(v map[string]any) { v["labels"] = v["labels"].([]any)[:1] }, []string{"labels"}},
		{"a star on a pull's base", "pulls", pull, func(v map[string]any) { at(v, "base", "repo")["stargazers_count"] = 2 }, nil},
		{"a base that was renamed", "pulls", pull, func(v map[string]any) { at(v, "base", "repo")["full_name"] = "a/c" }, nil},
		{"a fork that is gone", "pulls", pull, func(v map[string]any) { at(v, "head")["repo"] = nil }, []string{"head"}},
		{"a new head", "pulls", pull, func(v map[string]any) { at(v, "head")["sha"] = "123" }, []string{"head"}},
		{"downloads", "releases", release, func(v map[string]any) {
			v["assets"].([]any)[0].(map[string]any)["download_count"] = 2
		}, nil},
		{"another asset", "releases", release, func(v map[string]any) {
			v["assets"].([]any)[0].(map[string]any)["name"] = "b"
		}, []string{"assets"}},
		{"a secret", "repository", `{"id": 1, "temp_clone_token": "a"}`, func(v map[string]any) { v["temp_clone_token"] = "b" }, nil},
		{"a number's spelling", "labels", `{"id": 1, "x": 1.50}`, func(v map[string]any) { v["x"] = json.Number("15e-1") }, nil},
	} {
		t.Run(tt.collection+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			c := named(t, tt.collection)
			before, after := edit(t, tt.doc, func(map[string]any) {}), edit(t, tt.doc, tt.change)
			got, err := c.Diff(before, after)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)

			// It agrees with what counts as the same, also of what is stored.
			old, err := c.Prepare(before)
			require.NoError(t, err)
			current, err := c.Prepare(after)
			require.NoError(t, err)
			require.Equal(t, old.Hash == current.Hash, len(got) == 0)
			got, err = c.Diff(old.Raw, after)
			require.NoError(t, err)
			require.Equal(t, tt.want, got, "the mirror holds it in a reduced form")
		})
	}
}

func TestDiffOfWhatJSONBCannotHold(t *testing.T) {
	t.Parallel()
	got, err := named(t, "labels").Diff(json.RawMessage(`{"id": 1, "name": "a\u0000"}`), json.RawMessage(`{"id": 1, "name": "a\ufffd"}`))
	require.NoError(t, err)
	require.Equal(t, []string{"name"}, got)
}

func TestDiffRefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	for _, c := range collection.All() {
		_, err := c.Diff(json.RawMessage(`{`), json.RawMessage(`{}`))
		require.ErrorContains(t, err, "as it was", c.Name)
		_, err = c.Diff(json.RawMessage(`{}`), json.RawMessage(`{`))
		require.ErrorContains(t, err, "as it is", c.Name)
		got, err := c.Diff(json.RawMessage(`{}`), json.RawMessage(`{}`))
		require.NoError(t, err)
		require.Empty(t, got)
	}
}

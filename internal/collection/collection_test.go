package collection_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
)

func named(t *testing.T, name string) collection.Collection {
	t.Helper()
	c, ok := collection.ByName(name)
	require.True(t, ok, "there is no collection %s", name)
	return c
}

// permissions are those of App installations that collections need. Source:
// docs.github.com/rest/authentication/permissions-required-for-github-apps.
var permissions = []string{
	"actions", "checks", "contents", "deployments", "discussions", "issues", "members", "metadata", "pull_requests", "statuses",
}

func TestEveryCollectionIsComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range collection.All() {
		require.NotEmpty(t, c.Name)
		require.NotEmpty(t, c.Table, c.Name)
		require.NotEmpty(t, c.Path, c.Name)
		require.NotEmpty(t, c.Columns, c.Name)
		require.NotEmpty(t, c.Events, c.Name)
		require.NotEmpty(t, c.Key, c.Name)
		require.Contains(t, permissions, c.Permission, c.Name)
		require.NotEqual(t, c.Permission, c.OrPermission, c.Name)
		require.Contains(t, []string{"", "repo", "read:org"}, c.OAuthScope, c.Name)
		if c.OrPermission != "" {
			require.Contains(t, permissions, c.OrPermission, c.Name)
		}
		if c.GraphQL != nil && c.GraphQL.Only {
			require.True(t, c.Private, "%s: GraphQL needs a credential", c.Name)
		}
		require.False(t, seen[c.Name], "%s stands twice", c.Name)
		if c.Mode == collection.PerParent {
			require.NotNil(t, c.Parents, c.Name)
			require.True(t, seen[c.Parents.Collection], "%s must stand behind its parent", c.Name)
			require.NotEmpty(t, c.Parents.Arg, c.Name)
			require.Contains(t, c.Path, "{parent}", c.Name)
		} else {
			require.Nil(t, c.Parents, c.Name)
		}
		seen[c.Name] = true
	}
}

const issue = `{
	"id": 7, "number": 3, "title": "A", "updated_at": "2024-01-02T03:04:05Z", "comments": 1,
	"user": {"id": 1, "login": "ada"}, "author_association": "NONE",
	"labels": [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}],
	"milestone": {"id": 9, "title": "m", "open_issues": 1, "closed_issues": 2, "updated_at": "2024-01-01T00:00:00Z"}
}`

const pull = `{
	"id": 8, "number": 4, "title": "B", "user": {"id": 1, "login": "ada"},
	"head": {"sha": "abc", "repo": {"id": 5, "full_name": "a/b", "stargazers_count": 1, "pushed_at": "2024-01-01T00:00:00Z"}},
	"base": {"sha": "def", "repo": {"id": 5, "full_name": "a/b", "stargazers_count": 1}}
}`

// edit changes one place of a JSON document.
func edit(t *testing.T, doc string, change func(map[string]any)) json.RawMessage {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(doc), &v))
	change(v)
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return out
}

func at(v map[string]any, path ...string) map[string]any {
	for _, name := range path {
		v = v[name].(map[string]any)
	}
	return v
}

func TestEquality(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, collection, doc string
		change                func(map[string]any)
		want                  string
	}{
		{"nothing", "issues", issue, func(map[string]any) {}, same},
		{"title", "issues", issue, func(v map[string]any) { v["title"] = "C" }, differs},
		{"comments", "issues", issue, func(v map[string]any) { v["comments"] = 2 }, differs},
		{"milestone counter", "issues", issue, func(v map[string]any) { at(v, "milestone")["open_issues"] = 5 }, same},
		{"milestone updated", "issues", issue, func(v map[string]any) { at(v, "milestone")["updated_at"] = "x" }, same},
		{"milestone title", "issues", issue, func(v map[string]any) { at(v, "milestone")["title"] = "n" }, refresh},
		{"other milestone", "issues", issue, func(v map[string]any) { at(v, "milestone")["id"] = 10 }, differs},
		{"no milestone", "issues", issue, func(v map[string]any) { v["milestone"] = nil }, differs},
		{"user renamed", "issues", issue, func(v map[string]any) { at(v, "user")["login"] = "bob" }, refresh},
		{"other user", "issues", issue, func(v map[string]any) { at(v, "user")["id"] = 2 }, differs},
		{"ghost", "issues", issue, func(v map[string]any) { v["user"] = nil }, differs},
		{"association", "issues", issue, func(v map[string]any) { v["author_association"] = "MEMBER" }, refresh},
		{"label order", "issues", issue, func(v map[string]any) {
			l := v["labels"].([]any)
			l[0], l[1] = l[1], l[0]
		}, same},
		{"label renamed", "issues", issue, func(v map[string]any) { v["labels"].([]any)[0].(map[string]any)["name"] = "z" }, refresh},
		{"label removed", "issues", issue, func(v map[string]any) { v["labels"] = v["labels"].([]any)[:1] }, differs},
		{"new field", "issues", issue, func(v map[string]any) { v["new"] = false }, differs},
		{"star on base", "pulls", pull, func(v map[string]any) { at(v, "base", "repo")["stargazers_count"] = 2 }, same},
		{"push to head", "pulls", pull, func(v map[string]any) { at(v, "head", "repo")["pushed_at"] = "x" }, same},
		{"base renamed", "pulls", pull, func(v map[string]any) { at(v, "base", "repo")["full_name"] = "a/c" }, refresh},
		{"fork gone", "pulls", pull, func(v map[string]any) { at(v, "head")["repo"] = nil }, differs},
		{"new head", "pulls", pull, func(v map[string]any) { at(v, "head")["sha"] = "123" }, differs},
		{
			"downloads", "releases", `{"id": 1, "assets": [{"id": 2, "download_count": 1}]}`,
			func(v map[string]any) { v["assets"].([]any)[0].(map[string]any)["download_count"] = 2 }, refresh,
		},
		{"number text", "issues", `{"id": 1, "x": 1.50}`, func(v map[string]any) { v["x"] = json.Number("15e-1") }, same},
	} {
		t.Run(tt.collection+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			c := named(t, tt.collection)
			before, err := c.Prepare(edit(t, tt.doc, func(map[string]any) {}))
			require.NoError(t, err)
			after, err := c.Prepare(edit(t, tt.doc, tt.change))
			require.NoError(t, err)
			require.Equal(t, tt.want != differs, before.Hash == after.Hash, tt.want)
			require.Equal(t, tt.want == same, before.RawHash == after.RawHash, tt.want)
		})
	}
}

func TestPrepareStoresReferencesAndNoSecrets(t *testing.T) {
	t.Parallel()
	item, err := named(t, "pulls").Prepare(json.RawMessage(pull))
	require.NoError(t, err)
	require.NotContains(t, string(item.Raw), "stargazers_count")
	require.Contains(t, string(item.Raw), `"full_name":"a/b"`)
	require.Equal(t, int64(4), item.Number)

	again, err := named(t, "pulls").Prepare(item.Raw)
	require.NoError(t, err)
	require.Equal(t, item.Hash, again.Hash, "what is stored counts as the same as what was sent")
	require.Equal(t, item.RawHash, again.RawHash)

	item, err = named(t, "repository").Prepare(json.RawMessage(`{"id": 1, "temp_clone_token": "s3cret", "name": "x<y"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"id": 1, "name": "x<y"}`, string(item.Raw))
	require.NotContains(t, string(item.Raw), "s3cret")
}

func TestPrepareKeepsNoSecretInTheExactBytes(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"repository": `{"id": 1, "name": "a\u0000", "temp_clone_token": "s3cret", "temp_clone\u005ftoken": "s3cret",
			"parent": {"id": 2, "kept": 1, "temp_clone_token": "s3cret"}}`,
		"pulls": `{"id": 1, "title": "a\u0000", "head": {"repo": {"id": 2, "kept": 1, "temp_clone_token": "s3cret"}},
			"base": {"repo": {"id": 3, "temp_clone_token": "s3cret", "temp_clone_token": "s3cret"}}}`,
	} {
		item, err := named(t, name).Prepare(json.RawMessage(raw))
		require.NoError(t, err, name)
		require.Contains(t, string(item.RawBytes), `a\u0000`, name)
		require.NotContains(t, string(item.RawBytes), "s3cret", name)
		require.NotContains(t, string(item.Raw), "s3cret", name)
		require.Contains(t, string(item.RawBytes), `"kept":1`, "%s: the rest of a referenced object is there", name)
		require.NotContains(t, string(item.Raw), "kept", name)
	}
}

func TestPrepareKeepsWhatJSONBCannotHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"plain", `"a\nb \u00e9 \ud83d\ude00"`, ""},
		{"escaped backslash", `"a \\u0000"`, ""},
		{"exponent in a string", `"1e999999"`, ""},
		{"NUL", `"a\u0000b"`, `"a` + "\uFFFD" + `b"`},
		{"lone high surrogate", `"a\ud83db"`, `"a` + "\uFFFD" + `b"`},
		{"lone low surrogate", `"a\udc00b"`, `"a` + "\uFFFD" + `b"`},
		{"high surrogate twice", `"\ud83d\ud83d\ude00"`, `"` + "\uFFFD\U0001F600" + `"`},
		{"invalid UTF-8", "\"a\xffb\"", `"a` + "\uFFFD" + `b"`},
		{"huge number", `1e999999`, `null`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := `{"id": 1, "body": ` + tt.body + `}`
			item, err := named(t, "issues").Prepare(json.RawMessage(raw))
			require.NoError(t, err)
			if tt.want == "" {
				require.Nil(t, item.RawBytes)
				require.Equal(t, raw, string(item.Raw))
				return
			}
			require.Equal(t, raw, string(item.RawBytes), "the exact bytes are kept")
			require.JSONEq(t, `{"id": 1, "body": `+tt.want+`}`, string(item.Raw))
		})
	}
}

func TestPrepareRefusesWhatIsNoItem(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `null`, `[]`, `{}`, `{"id": null}`, `{"id": 1`, `{"id": 1} {}`, `{"id": 1, "number": 1.5}`} {
		_, err := named(t, "issues").Prepare(json.RawMessage(raw))
		require.Error(t, err, raw)
	}
}

func FuzzPrepare(f *testing.F) {
	for _, seed := range []string{issue, pull, `{"id":1,"body":"\u0000\ud800"}`, `{"id":1,"x":[1e5,-0,{"y":null}]}`} {
		f.Add([]byte(seed))
	}
	c, _ := collection.ByName("issues")
	f.Fuzz(func(t *testing.T, raw []byte) {
		item, err := c.Prepare(raw)
		if err != nil {
			return
		}
		require.True(t, json.Valid(item.Raw))
		if item.RawBytes == nil {
			again, err := c.Prepare(item.Raw)
			require.NoError(t, err)
			require.Equal(t, item.Hash, again.Hash)
			require.Equal(t, item.RawHash, again.RawHash)
		}
	})
}

func BenchmarkPrepare(b *testing.B) {
	c, _ := collection.ByName("issues")
	raw := json.RawMessage(issue)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := c.Prepare(raw); err != nil {
			b.Fatal(err)
		}
	}
}

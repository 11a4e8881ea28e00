package collection_test

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/testenv"
)

// githubSchema is GitHub's published GraphQL schema.
func githubSchema(t *testing.T) *ast.Schema {
	t.Helper()
	path := testenv.GitHubSchema(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: path, Input: string(text)})
	require.NoError(t, err)
	return schema
}

func wants(n int) []collection.Want {
	all := make([]collection.Want, n)
	for i := range all {
		all[i].Number = int64(i + 1)
	}
	return all
}

func TestQueriesAreValidByGitHubsSchema(t *testing.T) {
	t.Parallel()
	schema := githubSchema(t)
	checked := 0
	for _, c := range collection.All() {
		if c.GraphQL == nil {
			continue
		}
		var queries []collection.Query
		if c.GraphQL.Parent == "" {
			queries = append(queries, c.GraphQL.ListQuery("o", "r", "created", "asc", "", 0), c.GraphQL.ListQuery("o", "r", "updated", "desc", "x", 3))
		} else {
			queries = append(queries, c.GraphQL.BatchQuery("o", "r", wants(c.GraphQL.Batch), 0),
				c.GraphQL.BatchQuery("o", "r", []collection.Want{{Number: 1, After: "x"}, {Number: 2}}, 1))
		}
		if c.GraphQL.Thread != "" {
			thread := collection.Want{Number: 1, Thread: "DC_x", After: "y"}
			queries = append(queries, c.GraphQL.BatchQuery("o", "r", []collection.Want{thread}, 0),
				c.GraphQL.BatchQuery("o", "r", append(wants(2), thread), 20))
		}
		for _, q := range queries {
			_, problems := gqlparser.LoadQueryWithRules(schema, q.Text, nil)
			require.Empty(t, problems, "%s: %s", c.Name, q.Text)
			checked++
		}
	}
	require.Equal(t, 8, checked)
}

func TestBatchesAreReadWithWhatGitHubDoesNotShow(t *testing.T) {
	t.Parallel()
	g := named(t, "reviews").GraphQL
	asked := wants(3)
	answers, err := g.ReadBatch(json.RawMessage(`{"repository": {"databaseId": 7, "url": "https://github.com/o/r", "nameWithOwner": "o/r",
		"want0": {"number": 1, "list": {"totalCount": 3, "pageInfo": {"hasNextPage": true, "endCursor": "c"}, "nodes": [
			{"id": "PRR_1", "fullDatabaseId": "3000000000", "author": null, "authorAssociation": "NONE", "body": "a\u0000\ud800<b>", "state": "PENDING",
			 "url": "https://github.com/o/r/pull/1#pullrequestreview-3000000000", "submittedAt": null, "commit": null},
			null,
			{"id": "PRR_2", "fullDatabaseId": null, "author": {"__typename": "Mannequin", "login": "m", "url": "https://github.com/m",
			 "avatarUrl": "https://avatars.githubusercontent.com/u/9?u=abc&v=4", "id": "M_1", "databaseId": 9}, "authorAssociation": "MANNEQUIN",
			 "body": "", "state": "APPROVED", "url": "u", "submittedAt": "2020-01-01T00:00:00Z", "commit": {"oid": "abc"}}]}},
		"want1": null}}`), asked)
	require.NoError(t, err)
	require.Equal(t, "c", answers[0].After)
	require.Equal(t, 3, answers[0].Total)
	require.Len(t, answers[0].Items, 2)
	require.True(t, answers[1].Missing)
	require.True(t, answers[2].Missing)

	first := string(answers[0].Items[0])
	require.Contains(t, first, `"id":3000000000,`)
	require.Contains(t, first, `"body":"a\u0000\ud800<b>"`, "texts keep GitHub's bytes")
	require.Contains(t, first, `"user":null`)
	require.Contains(t, first, `"commit_id":null`)
	require.NotContains(t, first, "submitted_at", "REST leaves it out of a review that is not submitted")
	item, err := named(t, "reviews").PrepareOf("1", answers[0].Items[0])
	require.NoError(t, err)
	require.Equal(t, "3000000000", item.Key)
	require.NotNil(t, item.RawBytes)

	_, err = named(t, "reviews").PrepareOf("1", answers[0].Items[1])
	require.ErrorContains(t, err, "it has no id")
	var second struct {
		User           map[string]any
		PullRequestURL string `json:"pull_request_url"`
		CommitID       string `json:"commit_id"`
	}
	require.NoError(t, json.Unmarshal(answers[0].Items[1], &second))
	require.Equal(t, "Mannequin", second.User["type"])
	require.Equal(t, "https://avatars.githubusercontent.com/u/9?v=4", second.User["avatar_url"])
	require.Equal(t, "https://api.github.com/repos/o/r/pulls/1", second.PullRequestURL)
	require.Equal(t, "abc", second.CommitID)
}

func TestURLsAreThoseOfTheGitHubThatWasAsked(t *testing.T) {
	t.Parallel()
	g := named(t, "reviews").GraphQL
	for web, api := range map[string]string{
		"https://github.com":       "https://api.github.com",
		"https://acme.ghe.com":     "https://api.acme.ghe.com",
		"https://github.acme.test": "https://github.acme.test/api/v3",
		"http://10.0.0.1:8080":     "http://10.0.0.1:8080/api/v3",
	} {
		answers, err := g.ReadBatch(json.RawMessage(`{"repository": {"databaseId": 7, "url": "`+web+`/o/r", "nameWithOwner": "o/r",
			"want0": {"list": {"nodes": [{"id": "x", "fullDatabaseId": "1", "body": "", "author": {"__typename": "Bot", "login": "b", "databaseId": 2}}]}}}}`), wants(1))
		require.NoError(t, err)
		require.Contains(t, string(answers[0].Items[0]), `"pull_request_url":"`+api+`/repos/o/r/pulls/1"`)
		require.Contains(t, string(answers[0].Items[0]), `"url":"`+api+`/users/b%5Bbot%5D"`)
	}
	for _, bad := range []string{`{"repository": null}`, `{"repository": {"nameWithOwner": "o/r", "url": "nowhere"}}`, `[]`, `{"repository": {"nameWithOwner": 1}}`} {
		_, err := g.ReadBatch(json.RawMessage(bad), wants(1))
		require.Error(t, err, bad)
	}
}

func TestAListSaysWhereItGoesOnAndWhenThereIsNone(t *testing.T) {
	t.Parallel()
	g := named(t, "discussions").GraphQL
	const repository = `"databaseId": 7, "url": "https://github.com/o/r", "nameWithOwner": "o/r"`
	_, err := g.ReadList(json.RawMessage(`{"repository": {` + repository + `, "enabled": false, "list": null}}`))
	require.ErrorIs(t, err, collection.ErrSwitchedOff)
	got, err := g.ReadList(json.RawMessage(`{"repository": {` + repository + `, "enabled": true, "list": null}}`))
	require.NoError(t, err)
	require.True(t, got.Missing)
	got, err = g.ReadList(json.RawMessage(`{"repository": {` + repository + `, "enabled": true,
		"list": {"totalCount": 250, "pageInfo": {"hasNextPage": true, "endCursor": "z"}, "nodes": [
		{"id": "D_1", "databaseId": 5, "number": 3, "title": "t", "body": "", "locked": true, "activeLockReason": "TOO_HEATED", "stateReason": "REOPENED"},
		{"id": "D_2", "databaseId": 6, "number": 4, "title": "t", "body": "", "locked": true, "activeLockReason": "OFF_TOPIC"},
		{"id": "D_3", "databaseId": 7, "number": 5, "title": "t", "body": "", "closed": true, "category": null}]}}}`))
	require.NoError(t, err)
	require.Equal(t, "z", got.After)
	require.Equal(t, 250, got.Total)
	for i, want := range []map[string]any{
		{"state": "locked", "active_lock_reason": "too heated", "state_reason": "reopened"},
		{"state": "locked", "active_lock_reason": "off-topic", "state_reason": nil},
		{"state": "closed", "active_lock_reason": nil, "state_reason": nil},
	} {
		var item map[string]any
		require.NoError(t, json.Unmarshal(got.Items[i], &item))
		for name, value := range want {
			require.Equal(t, value, item[name], "%s of %d", name, i)
		}
	}
}

// Every member of what is written from GraphQL is one that GitHub's webhooks have, or
// one that the collection's comment names.
func TestDiscussionsHaveTheMembersOfGitHubsWebhooks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(testenv.GitHubOpenAPI(t))
	require.NoError(t, err)
	type member struct {
		Type       any
		Properties map[string]member
		Ref        string `json:"$ref"`
	}
	var document struct {
		Components struct{ Schemas map[string]member }
	}
	require.NoError(t, json.Unmarshal(text, &document))
	schemas := document.Components.Schemas
	user := `{"__typename": "User", "login": "ada", "id": "U_1", "databaseId": 1, "url": "https://github.com/ada", "avatarUrl": "https://a/u/1?v=4"}`
	o := collection.Origin{API: "https://api.github.com", Repository: "o/r", RepositoryID: 7, Number: 3, ParentID: 5}
	for name, tt := range map[string]struct {
		schema, node string
		extra, left  []string
	}{
		"discussions": {
			"discussion", `{"id": "D_1", "databaseId": 5, "number": 3, "title": "t", "body": "b", "author": ` + user + `, "answerChosenBy": ` + user + `,
			"category": {"id": "DIC_1", "name": "n", "description": "d"}, "labels": {"nodes": [{"id": "LA_1", "name": "l", "description": null}]}, "answer": {"url": "u"}}`,
			[]string{"upvote_count"},
			[]string{"reactions", "timeline_url"},
		},
		"discussion_comments": {
			"webhooks_comment", `{"id": "DC_1", "databaseId": 9, "body": "b", "author": ` + user + `, "replyTo": {"databaseId": 8}}`,
			[]string{"discussion_number", "is_answer", "is_minimized", "deleted_at", "upvote_count"},
			[]string{"reactions"},
		},
	} {
		c := named(t, name)
		raw, err := c.GraphQL.Item(o, json.RawMessage(tt.node))
		require.NoError(t, err)
		var item map[string]any
		require.NoError(t, json.Unmarshal(raw, &item))
		known := schemas[tt.schema].Properties
		require.NotEmpty(t, known)
		for _, left := range tt.left {
			require.Contains(t, known, left)
			delete(known, left)
		}
		for _, extra := range tt.extra {
			require.Contains(t, item, extra)
			require.NotContains(t, known, extra)
			delete(item, extra)
		}
		for member, value := range item {
			require.Contains(t, known, member, name)
			if value != nil && known[member].Type != nil {
				require.Equal(t, known[member].Type, kindOf(value), "%s of %s", member, name)
			}
		}
		for member := range known {
			require.Contains(t, item, member, name)
		}
		requireUser(t, schemas["simple-user"].Properties, item["user"])
	}
}

func requireUser[T any](t *testing.T, known map[string]T, user any) {
	t.Helper()
	fields, ok := user.(map[string]any)
	require.True(t, ok)
	require.NotEmpty(t, known)
	for field := range fields {
		require.Contains(t, known, field)
	}
	for field := range known {
		if field != "name" && field != "email" && field != "starred_at" { // lists leave them out
			require.Contains(t, fields, field)
		}
	}
}

// kindOf is what OpenAPI calls the type of a decoded value.
func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case float64:
		if _, err := strconv.ParseInt(strconv.FormatFloat(v, 'f', -1, 64), 10, 64); err == nil {
			return "integer"
		}
		return "number"
	default:
		return "object"
	}
}

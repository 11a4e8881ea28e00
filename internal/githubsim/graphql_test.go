package githubsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/testenv"
)

// query asks GraphQL with the token x, unless another one is named.
func (b *bundle) query(t *testing.T, query string, variables map[string]any, tokens ...string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/graphql", bytes.NewReader(body))
	require.NoError(t, err)
	if tokens = append(tokens, "x"); tokens[0] != "" {
		req.Header.Set("Authorization", "Bearer "+tokens[0])
	}
	res, err := b.client.Do(req)
	require.NoError(t, err)
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return answer{res, got}
}

// at is what stands at a path of the answer's data.
func (a answer) at(t *testing.T, path ...any) any {
	t.Helper()
	v := a.object(t)["data"]
	for _, part := range path {
		switch part := part.(type) {
		case string:
			m, ok := v.(map[string]any)
			require.True(t, ok, "%v in %s", path, a.body)
			v = m[part]
		case int:
			l, ok := v.([]any)
			require.True(t, ok && part < len(l), "%v in %s", path, a.body)
			v = l[part]
		}
	}
	return v
}

func (a answer) problem(t *testing.T) map[string]any {
	t.Helper()
	errors, ok := a.object(t)["errors"].([]any)
	require.True(t, ok, "%s", a.body)
	first, ok := errors[0].(map[string]any)
	require.True(t, ok)
	return first
}

// Every type, field and argument of the simulator's schema is GitHub's, with its type.
func TestTheSchemaIsAPartOfGitHubs(t *testing.T) {
	t.Parallel()
	theirs, ours := readSchema(t, testenv.GitHubSchema(t)), readSchema(t, "schema.graphql")
	for name, kind := range ours.Types {
		if kind.BuiltIn {
			continue
		}
		github := theirs.Types[name]
		require.NotNil(t, github, name)
		require.Equal(t, github.Kind, kind.Kind, name)
		require.Subset(t, github.Interfaces, kind.Interfaces, name)
		for _, value := range kind.EnumValues {
			require.NotNil(t, github.EnumValues.ForName(value.Name), "%s of %s", value.Name, name)
		}
		for _, field := range kind.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			other := github.Fields.ForName(field.Name)
			require.NotNil(t, other, "%s.%s", name, field.Name)
			require.Equal(t, other.Type.String(), field.Type.String(), "%s.%s", name, field.Name)
			for _, argument := range field.Arguments {
				same := other.Arguments.ForName(argument.Name)
				require.NotNil(t, same, "%s of %s.%s", argument.Name, name, field.Name)
				require.Equal(t, same.Type.String(), argument.Type.String(), "%s of %s.%s", argument.Name, name, field.Name)
				require.Equal(t, same.DefaultValue.String(), argument.DefaultValue.String(), "%s of %s.%s", argument.Name, name, field.Name)
			}
		}
	}
}

func readSchema(t *testing.T, path string) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: path, Input: string(text)})
	require.NoError(t, err)
	return schema
}

const inRepository = `query { repository(owner: "harborline", name: "relay") { %s } rateLimit { cost nodeCount remaining } }`

func TestGraphQLRefusesAsGitHubDoes(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{Tokens: []string{"x"}}, githubsim.SpecForItems(200))
	require.Equal(t, http.StatusUnauthorized, b.query(t, "query { rateLimit { cost } }", nil, "").StatusCode)
	require.Equal(t, http.StatusUnauthorized, b.query(t, "query { rateLimit { cost } }", nil, "wrong").StatusCode)
	for query, want := range map[string][2]string{
		`query { nothing }`: {"", `Cannot query field "nothing" on type "Query"`},
		`query {`:           {"", "Expected Name"},
		`query($n: Int!) { repository(owner: "o", name: "r") { pullRequest(number: $n) { id } } }`:                                                 {"", "must be defined"},
		fmt.Sprintf(inRepository, `pullRequest(number: 1) { reviews { nodes { id } } }`):                                                           {"MISSING_PAGINATION_BOUNDARIES", "`reviews` connection"},
		fmt.Sprintf(inRepository, `pullRequest(number: 1) { reviews(first: 101) { nodes { id } } }`):                                               {"MISSING_PAGINATION_BOUNDARIES", "1 to 100"},
		fmt.Sprintf(inRepository, `discussions(first: 100) { nodes { comments(first: 100) { nodes { replies(first: 100) { nodes { id } } } } } }`): {"MAX_NODE_LIMIT_EXCEEDED", "1010100 possible nodes"},
	} {
		got := b.query(t, query, nil)
		require.Equal(t, http.StatusOK, got.StatusCode)
		kind, _ := got.problem(t)["type"].(string)
		require.Equal(t, want[0], kind, query)
		require.Contains(t, got.problem(t)["message"], want[1])
		require.NotContains(t, got.object(t), "data")
	}
	got := b.query(t, fmt.Sprintf(inRepository, `url a: pullRequest(number: 4711) { id } discussion(number: 1) { id }`), nil)
	require.Nil(t, got.at(t, "repository", "a"))
	require.Equal(t, "https://github.com/harborline/relay", got.at(t, "repository", "url"), "the rest is there")
	require.Equal(t, []any{"repository", "a"}, got.problem(t)["path"])
	require.Equal(t, "NOT_FOUND", got.problem(t)["type"])

	b.repo.SetBlocked(&githubsim.Block{Reason: "dmca"})
	require.Equal(t, "FORBIDDEN", b.query(t, fmt.Sprintf(inRepository, "url"), nil).problem(t)["type"])
	b.repo.SetGone(true)
	got = b.query(t, fmt.Sprintf(inRepository, "url"), nil)
	require.Equal(t, "NOT_FOUND", got.problem(t)["type"])
	require.Nil(t, got.at(t, "repository"))
	require.InDelta(t, 1, got.at(t, "rateLimit", "cost"), 0)
}

func TestGraphQLHasAnAccountOfItsOwn(t *testing.T) {
	t.Parallel()
	clock, _ := fixedClock()
	b := setup(t, githubsim.Options{GraphQLLimit: 5, Limit: 3, Now: clock}, githubsim.Spec{Pulls: 3, Commits: 1})
	many := `query { repository(owner: "harborline", name: "relay") {`
	for i := range 250 {
		many += fmt.Sprintf(" a%d: pullRequest(number: 1) { reviews(first: 100) { nodes { id } } }", i)
	}
	many += "} rateLimit { cost nodeCount remaining used limit resetAt } }"
	got := b.query(t, many, nil)
	for field, want := range map[string]float64{"cost": 3, "nodeCount": 25_000, "remaining": 2, "used": 3, "limit": 5} {
		require.InDelta(t, want, got.at(t, "rateLimit", field), 0, field)
	}
	require.Equal(t, "2025-07-01T13:00:00Z", got.at(t, "rateLimit", "resetAt"))
	require.Equal(t, "graphql", got.Header.Get("X-RateLimit-Resource"))
	require.Equal(t, "2", got.Header.Get("X-RateLimit-Remaining"))

	refused := b.query(t, many, nil)
	require.Equal(t, http.StatusOK, refused.StatusCode)
	require.Equal(t, "RATE_LIMITED", refused.problem(t)["type"])
	require.Equal(t, "0", refused.Header.Get("X-RateLimit-Remaining"))
	require.Zero(t, b.sim.Stats().Offences)
	require.Equal(t, "2", b.get(t, "/repos/harborline/relay", "Authorization", "Bearer x").Header.Get("X-RateLimit-Remaining"), "REST has its own")
	b.query(t, many, nil)
	require.Equal(t, int64(1), b.sim.Stats().Offences)
	require.Equal(t, int64(3), b.sim.Stats().Requests["graphql"])
}

func TestGraphQLCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{WithoutGraphQL: true}, githubsim.Spec{})
	require.Equal(t, http.StatusNotFound, b.query(t, "query { rateLimit { cost } }", nil).StatusCode)
}

func TestGraphQLFaults(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{Faults: githubsim.FaultPlan{Faults: []githubsim.Fault{
		{Kind: githubsim.FaultPrimaryLimit, Endpoint: "graphql", Times: 1},
	}}}, githubsim.Spec{})
	got := b.query(t, fmt.Sprintf(inRepository, "url"), nil)
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, "RATE_LIMITED", got.problem(t)["type"])
	require.Equal(t, "0", got.Header.Get("X-RateLimit-Remaining"))
	require.Equal(t, http.StatusOK, b.get(t, "/user", "Authorization", "Bearer x").StatusCode)
}

// A list in updated order is walked with cursors while what it shows moves: every
// discussion that does not move is met.
func TestCursorsStandStillWhileDiscussionsMove(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)
	b := setup(t, githubsim.Options{Now: func() time.Time { return at }}, githubsim.Spec{Discussions: 90, DiscussionComments: 200, Commits: 1})
	const page = `query($after: String, $field: DiscussionOrderField!, $direction: OrderDirection!) { repository(owner: "harborline", name: "relay") {
		discussions(first: 20, after: $after, orderBy: {field: $field, direction: $direction}) { totalCount pageInfo { hasNextPage endCursor } nodes { number updatedAt } } } }`
	for _, order := range [][2]string{{"UPDATED_AT", "DESC"}, {"CREATED_AT", "ASC"}} {
		var after any
		met := map[any]int{}
		for more := true; more; {
			got := b.query(t, page, map[string]any{"after": after, "field": order[0], "direction": order[1]})
			nodes, ok := got.at(t, "repository", "discussions", "nodes").([]any)
			require.True(t, ok, "%s", got.body)
			for i := range nodes {
				met[got.at(t, "repository", "discussions", "nodes", i, "number")]++
			}
			more, _ = got.at(t, "repository", "discussions", "pageInfo", "hasNextPage").(bool)
			after = got.at(t, "repository", "discussions", "pageInfo", "endCursor")
			at = at.Add(time.Minute)
			_, err := b.repo.CommentOnDiscussion(1+len(met)%7, 0, "ada", "moves to the front")
			require.NoError(t, err)
		}
		for number := range 90 {
			// Those that moved stand before the first page now, as its newest time tells.
			if number++; order[0] == "CREATED_AT" || number > 7 {
				require.Equal(t, 1, met[float64(number)], "%d by %s", number, order[0])
			}
		}
	}
}

// Queries read one consistent state while the repository is edited.
func TestQueriesWhileTheRepositoryChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{Discussions: 10, DiscussionComments: 40, Pulls: 5, Commits: 3})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				got := b.query(t, fmt.Sprintf(inRepository, `discussions(first: 50) { nodes { number comments(first: 50) { totalCount nodes {
					id author { __typename login ... on Bot { databaseId } } replies(first: 50) { nodes { body replyTo { id } } } } } } }`), nil)
				if got.StatusCode != http.StatusOK {
					t.Errorf("%s", got.body)
				}
			}
		})
	}
	number := 0
	for number < 1000 {
		if _, err := b.repo.CommentOnDiscussion(number, 0, "dependabot[bot]", "x"); err == nil {
			break
		}
		number++
	}
	for range 50 {
		top, err := b.repo.CommentOnDiscussion(number, 0, "dependabot[bot]", "x")
		require.NoError(t, err)
		reply, err := b.repo.CommentOnDiscussion(number, top, "ada", "y")
		require.NoError(t, err)
		require.NoError(t, b.repo.EditDiscussionComment(reply, "z"))
		require.NoError(t, b.repo.DeleteDiscussionComment(reply))
		b.sim.Rename(b.repo, "", "relay")
	}
	require.NoError(t, b.repo.DeleteDiscussion(number))
	group.Wait()
	require.Less(t, b.sim.Count("harborline", "relay", "discussion_comments"), 41)
	require.Error(t, b.repo.DeleteDiscussion(number))
	require.Error(t, b.repo.DeleteDiscussionComment(1))
	require.Error(t, b.repo.AnswerDiscussion(number, 1, "ada"))
	require.Error(t, b.repo.EditDiscussionComment(1, ""))
}

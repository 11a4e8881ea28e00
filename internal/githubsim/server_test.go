package githubsim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-github/v58/github"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// bundle is a simulator that is being served, with one repository.
type bundle struct {
	sim    *githubsim.Server
	repo   *githubsim.Repository
	url    string
	client *http.Client
	many   bool // there are too many answers to compare each with GitHub's description
	graves []string
}

const (
	owner = "harborline"
	name  = "relay"
	base  = "/repos/harborline/relay"
)

func setup(t *testing.T, options githubsim.Options, spec githubsim.Spec) *bundle {
	t.Helper()
	sim := githubsim.New(options)
	repo := githubsim.Generate(7, spec)
	sim.Add(repo)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &bundle{sim: sim, repo: repo, url: server.URL, client: client}
}

type answer struct {
	*http.Response
	body []byte
}

// get sends a request; headers are pairs of name and value.
func (b *bundle) get(t *testing.T, path string, headers ...string) answer {
	t.Helper()
	res, err := b.try(t, path, headers...)
	require.NoError(t, err)
	return res
}

func (b *bundle) try(t *testing.T, path string, headers ...string) (answer, error) {
	t.Helper()
	return b.ask(t, http.MethodGet, path, headers...)
}

func (b *bundle) ask(t *testing.T, method, path string, headers ...string) (answer, error) {
	t.Helper()
	return b.send(t, method, path, http.NoBody, headers...)
}

func (b *bundle) send(t *testing.T, method, path string, content io.Reader, headers ...string) (answer, error) {
	t.Helper()
	if path[0] == '/' {
		path = b.url + path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, path, content)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(res.Body)
	require.NoError(t, res.Body.Close())
	if err == nil && !b.many {
		requireDescribed(t, req, answer{res, body})
	}
	return answer{res, body}, err
}

// object decodes the answer's body.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal(a.body, &o))
	return o
}

func (a answer) list(t *testing.T) []map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, a.StatusCode, "%s", a.body)
	var o []map[string]any
	require.NoError(t, json.Unmarshal(a.body, &o))
	return o
}

var linkPattern = regexp.MustCompile(`<([^>]*)>; rel="([a-z]+)"`)

// rels are the links of the answer by rel.
func (a answer) rels() map[string]string {
	rels := make(map[string]string)
	for _, m := range linkPattern.FindAllStringSubmatch(a.Header.Get("Link"), -1) {
		rels[m[2]] = m[1]
	}
	return rels
}

// walk follows rel="next" from a path, and gives all items and the last answer.
func (b *bundle) walk(t *testing.T, path string) ([]map[string]any, answer) {
	t.Helper()
	var items []map[string]any
	for {
		page := b.get(t, path)
		items = append(items, page.list(t)...)
		next, ok := page.rels()["next"]
		if !ok {
			return items, page
		}
		path = next
	}
}

func (b *bundle) github(t *testing.T) *github.Client {
	t.Helper()
	client := github.NewClient(nil)
	u, err := url.Parse(b.url + "/")
	require.NoError(t, err)
	client.BaseURL = u
	return client
}

// items reads a collection as the simulator holds it.
func (b *bundle) items(collection string) map[string]json.RawMessage {
	items := make(map[string]json.RawMessage)
	for key, raw := range b.sim.Items(owner, name, collection) {
		items[key] = raw
	}
	return items
}

// fixedClock is a clock that stands still, and its time.
func fixedClock() (func() time.Time, time.Time) {
	at := time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time { return at }, at
}

func TestClientReadsEveryCollection(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(2000))
	client, ctx := b.github(t), context.Background()

	repo, _, err := client.Repositories.Get(ctx, owner, name)
	require.NoError(t, err)
	require.Equal(t, b.repo.ID(), repo.GetID())
	require.Equal(t, owner+"/"+name, repo.GetFullName())
	require.Equal(t, owner, repo.GetOrganization().GetLogin())
	require.Positive(t, repo.GetOpenIssuesCount())

	issues, _, err := client.Issues.ListByRepo(ctx, owner, name, &github.IssueListByRepoOptions{State: "all"})
	require.NoError(t, err)
	require.Len(t, issues, 30)
	require.NotEmpty(t, issues[0].GetTitle())
	require.NotEmpty(t, issues[0].GetUser().GetLogin())

	comments, _, err := client.Issues.ListComments(ctx, owner, name, 0, nil)
	require.NoError(t, err)
	require.NotEmpty(t, comments[0].GetBody())

	pulls, _, err := client.PullRequests.List(ctx, owner, name, &github.PullRequestListOptions{State: "all"})
	require.NoError(t, err)
	require.Equal(t, repo.GetStargazersCount(), pulls[0].GetBase().GetRepo().GetStargazersCount())
	require.Len(t, pulls[0].GetHead().GetSHA(), 40)

	single, _, err := client.PullRequests.Get(ctx, owner, name, pulls[0].GetNumber())
	require.NoError(t, err)
	require.NotNil(t, single.Additions)
	require.Nil(t, pulls[0].Additions)

	reviewed := 0
	for _, p := range pulls {
		reviews, _, err := client.PullRequests.ListReviews(ctx, owner, name, p.GetNumber(), nil)
		require.NoError(t, err)
		reviewed += len(reviews)
	}
	require.Positive(t, reviewed)

	remarks, _, err := client.PullRequests.ListComments(ctx, owner, name, 0, nil)
	require.NoError(t, err)
	require.Contains(t, remarks[0].GetDiffHunk(), "@@")

	commits, _, err := client.Repositories.ListCommits(ctx, owner, name, nil)
	require.NoError(t, err)
	require.NotEmpty(t, commits[0].GetCommit().GetMessage())

	labels, _, err := client.Issues.ListLabels(ctx, owner, name, nil)
	require.NoError(t, err)
	require.Len(t, labels, 11)
	milestones, _, err := client.Issues.ListMilestones(ctx, owner, name, &github.MilestoneListOptions{State: "all"})
	require.NoError(t, err)
	require.NotEmpty(t, milestones)
	branches, _, err := client.Repositories.ListBranches(ctx, owner, name, nil)
	require.NoError(t, err)
	require.NotEmpty(t, branches)
	branch, _, err := client.Repositories.GetBranch(ctx, owner, name, branches[0].GetName(), 0)
	require.NoError(t, err)
	require.Equal(t, branches[0].GetCommit().GetSHA(), branch.GetCommit().GetSHA())
	tags, _, err := client.Repositories.ListTags(ctx, owner, name, nil)
	require.NoError(t, err)
	require.NotEmpty(t, tags)
	releases, _, err := client.Repositories.ListReleases(ctx, owner, name, nil)
	require.NoError(t, err)
	require.NotEmpty(t, releases[0].Assets)
}

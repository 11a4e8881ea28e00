package activities_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/conformance"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// Every raw of every collection is what the collection's list endpoint serves by
// GitHub's own description, once the objects that are stored as references are back
// in their places. Of those, what is stored is a part of what GitHub served.
func TestWhatIsStoredFollowsGitHubsDescription(t *testing.T) {
	d := conformance.GitHub(t)
	b := setUpPrivate(t)
	b.sync()
	b.requireDescribed(d, b.core()...)
	b.editOddly()
	b.sync()
	b.requireDescribed(d, b.core()...)
	b.requireMirror()

	var kept int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from issues where raw_bytes is not null`).Scan(&kept))
	require.Positive(t, kept, "some items cannot be held by jsonb")
	var secrets int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from repositories where raw ? 'temp_clone_token' or raw_bytes is not null`).Scan(&secrets))
	require.Zero(t, secrets)
}

// setUpPrivate is a bundle whose repository shows all that it has only to those who
// have a token, as its client does.
func setUpPrivate(t *testing.T) *bundle {
	t.Helper()
	b := setup(t, 2500, githubsim.Options{})
	b.repo.SetPrivate(true)
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	client, err := github.New(github.Options{
		BaseURL: server.URL, UserAgent: "test", Credential: github.StaticToken("token"), Account: account(t, time.Now), Now: time.Now, Scale: 0.001,
	})
	require.NoError(t, err)
	b.steps.Clients = fixed{client}
	return b
}

// editOddly makes items of users who were deleted, in texts that jsonb cannot hold.
func (b *bundle) editOddly() {
	b.t.Helper()
	const odd = "ünï \"<&> 😀 \x00 \xed\xa0\x80"
	milestone := b.repo.AddMilestone(odd, odd, "")
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: odd, Body: odd, Labels: []string{odd}, Milestone: milestone})
	require.NoError(b.t, err)
	_, err = b.repo.AddIssueComment(number, "", odd)
	require.NoError(b.t, err)
	closed := "closed"
	require.NoError(b.t, b.repo.EditIssue(number, githubsim.IssueEdit{State: &closed}))
	b.repo.Push("topic/ünï", githubsim.NewCommit{Message: odd})
	number, err = b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: odd, Body: odd}, Head: "topic/ünï", Draft: true})
	require.NoError(b.t, err)
	_, err = b.repo.AddReview(number, githubsim.NewReview{State: "APPROVED", Body: odd, Comments: []githubsim.NewReviewComment{{Path: "ü", Body: odd}}})
	require.NoError(b.t, err)
	require.NoError(b.t, b.repo.MergePull(number, ""))
	b.repo.CreateRelease(githubsim.NewRelease{Tag: "v1/ünï", Name: odd, Body: odd})
}

// requireDescribed compares every stored item of some collections with GitHub's description.
func (b *bundle) requireDescribed(d *conformance.Description, names ...string) {
	b.t.Helper()
	for _, name := range names {
		c, ok := collection.ByName(name)
		require.True(b.t, ok, name)
		template, err := d.Template(c.Path)
		require.NoError(b.t, err)
		served := b.served(c)
		rows, err := b.pool.Query(b.t.Context(), `select key, raw, raw_bytes from `+pgx.Identifier{c.Table}.Sanitize())
		require.NoError(b.t, err)
		var (
			key           string
			raw, rawBytes []byte
			compared      int
			findings      []conformance.Finding
		)
		_, err = pgx.ForEachRow(rows, []any{&key, &raw, &rawBytes}, func() error {
			found, err := d.CheckItem(template, b.restore(c, raw, served[key]))
			findings = append(findings, found...)
			if rawBytes != nil && err == nil {
				found, err = d.CheckItem(template, rawBytes)
				findings = append(findings, found...)
			}
			compared++
			return err
		})
		require.NoError(b.t, err)
		require.Empty(b.t, findings, "%s\n%s", c.Table, conformance.Report(findings))
		require.Positive(b.t, compared, c.Name)
	}
}

// served is what the source serves now, by key, where something of it is stored as a reference.
func (b *bundle) served(c collection.Collection) map[string]json.RawMessage {
	b.t.Helper()
	items := map[string]json.RawMessage{}
	if len(c.Reference) == 0 {
		return items
	}
	owner, name, _ := strings.Cut(b.repo.FullName(), "/")
	for key, raw := range b.sim.Items(owner, name, c.Name) {
		items[key] = raw
	}
	return items
}

// restore puts the whole objects of which only references are stored back into an
// item. Each reference has to be a part of its object: the fields that
// ARCHITECTURE.md names, unchanged.
func (b *bundle) restore(c collection.Collection, raw, served json.RawMessage) json.RawMessage {
	b.t.Helper()
	if len(c.Reference) == 0 {
		return raw
	}
	var stored, whole map[string]any
	require.NoError(b.t, json.Unmarshal(raw, &stored))
	require.NoError(b.t, json.Unmarshal(served, &whole))
	for _, path := range c.Reference {
		holder, source, names := stored, whole, strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			holder, source = holder[name].(map[string]any), source[name].(map[string]any)
		}
		name := names[len(names)-1]
		object, ok := source[name].(map[string]any)
		if !ok {
			require.Equal(b.t, source[name], holder[name], "%s of %s", path, c.Name)
			continue
		}
		part := map[string]any{}
		for _, field := range []string{"id", "node_id", "number", "name", "full_name", "private", "fork"} {
			if value, there := object[field]; there {
				part[field] = value
			}
		}
		require.Equal(b.t, part, holder[name], "%s of %s", path, c.Name)
		holder[name] = object
	}
	restored, err := json.Marshal(stored)
	require.NoError(b.t, err)
	return restored
}

package githubsim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// socialSpec is a repository with all that only a Spec that asks for it has.
func socialSpec() githubsim.Spec {
	spec := githubsim.SpecForItems(600)
	spec.IssueEvents, spec.Stargazers, spec.Forks, spec.Collaborators = 300, 250, 7, 12
	return spec
}

// editSocial uses the methods that change what happens around a pull request and the
// repository.
func editSocial(t *testing.T, r *githubsim.Repository, pull int) {
	t.Helper()
	yes, title := true, odd
	require.NoError(t, r.RequestReview(pull, "ada", "stays"))
	require.NoError(t, r.SetDraft(pull, false))
	number, err := r.OpenIssue(githubsim.NewIssue{Title: "t", By: "leaves", Milestone: r.AddMilestone(odd, "", "ada")})
	require.NoError(t, err)
	none := 0
	require.NoError(t, r.EditIssue(number, githubsim.IssueEdit{Title: &title, Locked: &yes, Milestone: &none, Assignees: &[]string{"ada"}, By: "leaves"}))
	require.NoError(t, r.EditIssue(number, githubsim.IssueEdit{Locked: new(bool), Assignees: &[]string{}, By: "leaves"}))
	require.NoError(t, r.SetLabels(number, "a", "b"))
	require.NoError(t, r.SetLabels(number, "b"))
	for _, by := range []string{"leaves", "ada", "stays"} {
		require.NoError(t, r.StarBy(by))
	}
	require.NoError(t, r.UnstarBy("ada"))
	for i, role := range []string{"read", "triage", "write", "maintain", "admin"} {
		require.NoError(t, r.AddCollaborator([]string{"leaves", "c1", "c2", "c3", "c4"}[i], role))
	}
	require.NoError(t, r.RemoveCollaborator("c4"))
	_, err = r.Fork("forks")
	require.NoError(t, err)
	_, err = r.Fork("stays")
	require.NoError(t, err)
	require.NoError(t, r.EditFork("stays", githubsim.ForkEdit{Stars: 3, Pushed: true, Archived: &yes}))
	require.NoError(t, r.DeleteFork("stays"))
	r.Push("rewritten", githubsim.NewCommit{Message: "1", By: "ada", Files: []string{"a/ünï.go"}})
	_, err = r.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: "rewritten"})
	require.NoError(t, err)
	_, err = r.ForcePush("rewritten", r.Push(r.DefaultBranch(), githubsim.NewCommit{Message: odd})[0], githubsim.NewCommit{Message: "2", By: "ada"})
	require.NoError(t, err)
}

// socialRequests adds what is asked of the endpoints around issues, pull requests and
// the repository.
func (b *bundle) socialRequests(at string, list func(path string, queries ...string) []string, m map[string][]string) {
	m["issue_events"] = list("/issues/events")
	m["issue_event"] = []string{at + "/issues/events/4711"}
	m["stargazers"] = list("/stargazers", "page=401&per_page=100")
	m["forks"] = list("/forks", "sort=oldest", "sort=stargazers")
	m["contributors"] = list("/contributors")
	m["collaborators"] = list("/collaborators")
	for _, id := range b.some("issue_events", "id") {
		m["issue_event"] = append(m["issue_event"], at+"/issues/events/"+id)
	}
	for _, part := range []string{"files", "commits"} {
		m["pull_"+part] = []string{at + "/pulls/4711/" + part}
		for _, n := range b.some("pulls", "number") {
			m["pull_"+part] = append(m["pull_"+part], at+"/pulls/"+n+"/"+part+"?per_page=100")
		}
	}
}

// socialShapes adds what has to be among the answers of these endpoints.
func socialShapes(all map[string]shape) {
	add := func(endpoint, name string, is func(item map[string]any) bool) {
		all[endpoint+": "+name] = shape{endpoint, is}
	}
	equal := func(field string, value any) func(map[string]any) bool {
		return func(item map[string]any) bool { return item[field] == value }
	}
	set := func(field string) func(map[string]any) bool {
		return func(item map[string]any) bool { return item[field] != nil }
	}
	for _, kind := range []string{
		"closed", "reopened", "renamed", "labeled", "unlabeled", "milestoned", "demilestoned", "assigned", "unassigned", "locked",
		"unlocked", "merged", "converted_to_draft", "ready_for_review", "review_requested", "review_dismissed", "head_ref_force_pushed",
	} {
		add("issue_events", kind, equal("event", kind))
	}
	add("issue_events", "of nobody", func(item map[string]any) bool { actor, there := item["actor"]; return there && actor == nil })
	add("issue_event", "of a commit", set("commit_url"))
	for _, status := range []string{"added", "modified", "renamed"} {
		add("pull_files", status, equal("status", status))
	}
	add("pull_files", "no patch", func(item map[string]any) bool { return item["filename"] != nil && item["patch"] == nil })
	add("pull_commits", "a commit", set("commit"))
	add("stargazers", "a user", set("login"))
	add("stargazers", "too far", set("message"))
	add("forks", "archived", equal("archived", false))
	add("forks", "with a token", set("permissions"))
	add("contributors", "a user", set("contributions"))
	add("contributors", "no content", func(item map[string]any) bool { return len(item) == 0 })
	add("collaborators", "not shown", set("message"))
	for _, role := range []string{"read", "triage", "write", "maintain", "admin"} {
		add("collaborators", role, equal("role_name", role))
	}
}

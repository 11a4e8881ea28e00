package githubsim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/conformance"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// requireDescribed compares an answer with GitHub's own description of its API. The
// answers that tests of this package ask for go through it, whatever they are about.
func requireDescribed(t *testing.T, req *http.Request, a answer) {
	t.Helper()
	d, ok := conformance.Lookup(t)
	if !ok {
		return // TestEveryEndpointAnswersAsDescribed is then skipped, and says so
	}
	endpoint, ok := githubsim.EndpointOf(req)
	if !ok {
		endpoint.Path = "/repos/{owner}/{repo}" // what is not there is answered alike everywhere
	}
	if endpoint.Name == "app_installations" && a.StatusCode == http.StatusOK {
		requireInstallations(t, d, a.body)
		return
	}
	template, err := d.Template(endpoint.Path)
	require.NoError(t, err)
	findings, err := d.Check(conformance.Answer{
		Template: template, Method: req.Method, Status: a.StatusCode, Header: a.Header, Body: a.body,
	})
	require.NoError(t, err)
	if len(findings) > 0 {
		require.Fail(t, "the answer is not GitHub's", "%s %s\n%s", req.Method, req.URL, conformance.Report(findings))
	}
}

// world is a repository: generated, or from an archive if there is one.
type world struct {
	spec                   githubsim.Spec
	archive, commits, refs string
	edited                 bool
	change                 func(*githubsim.Repository)
	organization           githubsim.OrganizationSpec
}

// worlds show between them all that can be in an answer.
func worlds() map[string]world {
	return map[string]world{
		"generated":                {spec: githubsim.SpecForItems(1200), organization: fullOrganization},
		"edited":                   {spec: githubsim.SpecForItems(300), edited: true, organization: fullOrganization},
		"social":                   {spec: socialSpec(), change: func(r *githubsim.Repository) { r.SetPushAccess(true) }},
		"continuous":               {spec: continuousSpec()},
		"private":                  {spec: githubsim.SpecForItems(100), change: func(r *githubsim.Repository) { r.SetPrivate(true) }},
		"without issues":           {spec: githubsim.SpecForItems(100), change: func(r *githubsim.Repository) { r.DisableIssues(true) }},
		"empty":                    {},
		"archive":                  {archive: smallArchive, commits: smallCommits, refs: smallRefs},
		"archive without git":      {archive: smallArchive},
		"archive of deleted users": {archive: deletedArchive},
	}
}

func (w world) open(t *testing.T) *bundle {
	t.Helper()
	b := setup(t, githubsim.Options{}, w.spec)
	if w.archive != "" {
		paths := []string{"", "", ""}
		for i, content := range []string{w.archive, w.commits, w.refs} {
			if content != "" {
				paths[i] = write(t, "archive.json", content)
			}
		}
		r, err := githubsim.LoadArchive(paths[0], paths[1], paths[2])
		require.NoError(t, err)
		b = serve(t, r)
	}
	b.organize(t, w.organization, w.edited)
	if w.edited {
		edit(t, b.repo)
		b.bury(t)
	}
	if w.change != nil {
		w.change(b.repo)
	}
	return b
}

// deletedArchive has a pull request of which nobody is left.
const deletedArchive = `{"repo": "acme/spec", "timestamp": "2022-08-12T11:55:08Z", "pulls": [
 {"number": 1, "title": "p", "state": "CLOSED", "author": null, "headRepository": null, "createdAt": "2020-01-01T00:00:00Z",
  "closedAt": "2020-01-02T00:00:00Z", "comments": [{"author": null, "body": ""}],
  "reviews": [{"author": null, "state": "APPROVED", "comments": [{"body": ""}]}]}]}`

// odd is a text that a URL and a JSON document have to escape.
const odd = "ünï/çode \"#?%\" <ß> 😀 \x00 \xed\xa0\x80"

// edit uses every method that changes a repository, with texts and users that are
// out of the ordinary. A login of "" is a user who was deleted.
func edit(t *testing.T, r *githubsim.Repository) {
	t.Helper()
	milestone := r.AddMilestone(odd, odd, "")
	closed, opened, none := "closed", "open", 0
	issue, err := r.OpenIssue(githubsim.NewIssue{
		Title: odd, Body: odd, Labels: []string{odd, "plain"}, Assignees: []string{"ada", "dependabot[bot]"}, Milestone: milestone,
	})
	require.NoError(t, err)
	require.NoError(t, r.EditIssue(issue, githubsim.IssueEdit{State: &closed}))
	require.NoError(t, r.EditIssue(issue, githubsim.IssueEdit{State: &opened, By: "ada", Milestone: &none, Body: new(string)}))
	require.NoError(t, r.SetLabels(issue))
	for _, by := range []string{"", "ada"} {
		id, err := r.AddIssueComment(issue, by, odd)
		require.NoError(t, err)
		require.NoError(t, r.EditIssueComment(id, ""))
	}
	id, err := r.AddIssueComment(issue, "ada", "gone")
	require.NoError(t, err)
	require.NoError(t, r.DeleteIssueComment(id))
	require.NoError(t, r.EditLabel("plain", githubsim.LabelEdit{Name: "plain & " + odd, Description: odd, Color: "ABCDEF"}))

	main := r.DefaultBranch()
	first := r.Push("topic/ünï#1", githubsim.NewCommit{Message: odd}, githubsim.NewCommit{Message: "two", By: "ada"})[0]
	for _, draft := range []bool{true, false} {
		number, err := r.OpenPull(githubsim.NewPull{
			NewIssue: githubsim.NewIssue{Title: odd, Body: odd, Milestone: milestone, Assignees: []string{"ada"}}, Head: "topic/ünï#1", Draft: draft,
		})
		require.NoError(t, err)
		for _, state := range []string{"", "APPROVED", "CHANGES_REQUESTED", "DISMISSED"} {
			_, err = r.AddReview(number, githubsim.NewReview{State: state, Body: odd, Comments: []githubsim.NewReviewComment{
				{Path: "a/ünï.go", Line: 3, Body: odd}, {Path: "b", Body: odd, ReplyTo: 1},
			}})
			require.NoError(t, err)
		}
		if !draft {
			require.NoError(t, r.MergePull(number, ""))
		}
	}
	r.Push("old", githubsim.NewCommit{Message: "o", By: "ada"})
	require.NoError(t, r.SetBranch(main, first))
	require.NoError(t, r.DeleteBranch("old"))
	r.CreateRelease(githubsim.NewRelease{Tag: "v1/ünï \"x\"", Body: odd})
	r.CreateRelease(githubsim.NewRelease{Tag: "v2", Name: odd, By: "dependabot[bot]"})
	require.NoError(t, r.RenameUser("ada", "lovelace"))
	r.Star(5)
	editMore(t, r)
}

// requests are what is asked of each endpoint.
func requests(b *bundle) map[string][]string {
	at := "/repos/" + b.repo.FullName()
	list := func(path string, queries ...string) (paths []string) {
		for _, query := range append(queries, "per_page=100", "per_page=2&page=2", "page=4711") {
			paths = append(paths, at+path+"?"+query)
		}
		return paths
	}
	dates := []string{"since=2020-01-01T00:00:00Z&sort=updated&direction=asc&per_page=50", "since=tomorrow"}
	m := map[string][]string{
		"repository":      {at, fmt.Sprintf("/repositories/%d", b.repo.ID())},
		"labels":          list("/labels"),
		"milestones":      list("/milestones", "state=all", "state=closed&direction=desc", "sort=completeness"),
		"issues":          list("/issues", append(dates, "state=all&per_page=100", "state=closed&sort=comments")...),
		"issue_comments":  list("/issues/comments", dates...),
		"pulls":           list("/pulls", "state=all&per_page=100", "state=closed&sort=updated", "sort=popularity"),
		"review_comments": list("/pulls/comments", dates...),
		"commits":         list("/commits", "since=2020-01-01", "since=tomorrow", "sha="+url.QueryEscape("topic/ünï#1"), "sha=nowhere"),
		"branches":        list("/branches"),
		"tags":            list("/tags"),
		"releases":        list("/releases"),
		"rate_limit":      {"/rate_limit"},
		"user":            {"/user"},
		"issue":           append(b.graves, at+"/issues/4711"),
		"pull":            {at + "/pulls/4711"},
		"reviews":         {at + "/pulls/4711/reviews"},
		"branch":          {at + "/branches/nowhere"},
		"issue_comment":   {at + "/issues/comments/4711"},
		"review_comment":  {at + "/pulls/comments/4711"},
		"milestone":       {at + "/milestones/4711"},
		"release":         {at + "/releases/4711"},
		"compare":         b.comparisons(at),
	}
	maps.Copy(m, b.organizationRequests())
	b.socialRequests(at, list, m)
	b.continuousRequests(at, list, m)
	for endpoint, list := range map[string][3]string{
		"issue_comment": {"issue_comments", "id", "/issues/comments/"}, "review_comment": {"review_comments", "id", "/pulls/comments/"},
		"milestone": {"milestones", "number", "/milestones/"}, "release": {"releases", "id", "/releases/"},
	} {
		for _, value := range b.some(list[0], list[1]) {
			m[endpoint] = append(m[endpoint], at+list[2]+value)
		}
	}
	for _, n := range b.some("issues", "number") {
		m["issue"] = append(m["issue"], at+"/issues/"+n)
	}
	for _, n := range b.some("pulls", "number") {
		m["pull"] = append(m["pull"], at+"/pulls/"+n)
		m["reviews"] = append(m["reviews"], at+"/pulls/"+n+"/reviews?per_page=100")
	}
	for _, name := range b.some("branches", "name") {
		m["branch"] = append(m["branch"], at+"/branches/"+url.PathEscape(name))
	}
	return m
}

// some are a field of up to 100 items of a collection, from all over it.
func (b *bundle) some(collection, field string) (values []string) {
	owner, name, _ := strings.Cut(b.repo.FullName(), "/")
	step, n := b.sim.Count(owner, name, collection)/100+1, 0
	for _, raw := range b.sim.Items(owner, name, collection) {
		var item map[string]json.RawMessage
		if n++; n%step == 0 && json.Unmarshal(raw, &item) == nil {
			value := string(item[field])
			_ = json.Unmarshal(item[field], &value) // a number stays as it is spelled
			values = append(values, value)
		}
	}
	return values
}

func TestEveryEndpointAnswersAsDescribed(t *testing.T) { //nolint:tparallel // all worlds have to be seen before it goes on
	t.Parallel()
	conformance.GitHub(t)
	seen := &gallery{left: shapes()}
	t.Run("worlds", func(t *testing.T) {
		for name, world := range worlds() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := world.open(t)
				asked := requests(b)
				for _, endpoint := range githubsim.Endpoints() {
					require.NotEmpty(t, asked[endpoint.Name], "nothing is asked of %s: add it to requests", endpoint.Name)
					for _, path := range asked[endpoint.Name] {
						seen.look(t, endpoint.Name, b.follow(t, path))
					}
					delete(asked, endpoint.Name)
				}
				require.Empty(t, asked, "there are no such endpoints")
			})
		}
	})
	if t.Failed() {
		return // a world that failed did not show all that it has
	}
	require.Empty(t, slices.Sorted(maps.Keys(seen.left)), "no answer had any of these: the comparison proves nothing of them")
}

// follow asks without a token, with one, for the head alone and for what is known
// already, then the same of the list's other pages; it gives all bodies.
func (b *bundle) follow(t *testing.T, path string) (bodies [][]byte) {
	t.Helper()
	for ok := true; ok; {
		anonymous := b.get(t, path)
		known := b.get(t, path, "Authorization", "Bearer x")
		head, err := b.ask(t, http.MethodHead, path)
		require.NoError(t, err)
		require.Equal(t, anonymous.StatusCode, head.StatusCode)
		if tag := known.Header.Get("ETag"); tag != "" {
			require.Equal(t, http.StatusNotModified, b.get(t, path, "Authorization", "Bearer x", "If-None-Match", tag).StatusCode)
		}
		bodies = append(bodies, anonymous.body, known.body)
		path, ok = known.rels()["next"]
	}
	return bodies
}

// shapes are what has to be among the answers of an endpoint.
func shapes() map[string]shape {
	all := organizationShapes()
	socialShapes(all)
	continuousShapes(all)
	add := func(endpoint, name string, is func(item map[string]any) bool) {
		all[endpoint+": "+name] = shape{endpoint, is}
	}
	null := func(field string) func(map[string]any) bool {
		return func(item map[string]any) bool { v, there := item[field]; return there && v == nil }
	}
	set := func(field string) func(map[string]any) bool {
		return func(item map[string]any) bool { return item[field] != nil }
	}
	equal := func(field string, value any) func(map[string]any) bool {
		return func(item map[string]any) bool { return item[field] == value }
	}
	for _, endpoint := range []string{"issues", "issue"} {
		for _, reason := range []string{"completed", "not_planned", "reopened"} {
			add(endpoint, "state_reason "+reason, equal("state_reason", reason))
		}
		add(endpoint, "open", equal("state", "open"))
		add(endpoint, "closed", equal("state", "closed"))
		add(endpoint, "pull request", set("pull_request"))
		add(endpoint, "milestone", set("milestone"))
		add(endpoint, "assignee", set("assignee"))
		add(endpoint, "no body", null("body"))
		add(endpoint, "unicode", equal("title", "ünï \x00 code"))
		add(endpoint, "deleted user", null("user"))
	}
	for _, endpoint := range []string{"pulls", "pull"} {
		add(endpoint, "merged", set("merged_at"))
		add(endpoint, "closed unmerged", func(item map[string]any) bool { return item["closed_at"] != nil && item["merged_at"] == nil })
		add(endpoint, "draft", equal("draft", true))
		add(endpoint, "milestone", set("milestone"))
		add(endpoint, "deleted fork", func(item map[string]any) bool {
			head, ok := item["head"].(map[string]any)
			return ok && head["repo"] == nil
		})
		add(endpoint, "deleted head", func(item map[string]any) bool {
			head, ok := item["head"].(map[string]any)
			return ok && head["user"] == nil && head["label"] == nil
		})
		add(endpoint, "requested reviewer", func(item map[string]any) bool {
			reviewers, ok := item["requested_reviewers"].([]any)
			return ok && len(reviewers) > 0
		})
	}
	add("review_comments", "deleted user", null("user"))
	add("issues", "locked", equal("locked", true))
	add("pulls", "deleted user", null("user"))
	for _, state := range []string{"COMMENTED", "APPROVED", "CHANGES_REQUESTED", "DISMISSED"} {
		add("reviews", state, equal("state", state))
	}
	add("reviews", "deleted user", null("user"))
	add("review_comments", "reply", set("in_reply_to_id"))
	add("review_comments", "position", set("position"))
	add("issue_comments", "deleted user", null("user"))
	add("milestones", "closed", equal("state", "closed"))
	add("milestones", "due", set("due_on"))
	add("milestones", "deleted creator", null("creator"))
	add("labels", "no description", null("description"))
	add("commits", "no user", null("author"))
	add("commits", "merge", func(item map[string]any) bool {
		parents, ok := item["parents"].([]any)
		return ok && len(parents) > 1
	})
	for _, status := range []string{"identical", "ahead", "behind", "diverged"} {
		add("compare", status, equal("status", status))
	}
	add("compare", "no common ancestor", func(item map[string]any) bool {
		message, ok := item["message"].(string)
		return ok && strings.HasPrefix(message, "No common ancestor")
	})
	add("issue", "transferred", equal("message", "Moved Permanently"))
	add("issue", "deleted", equal("message", "This issue was deleted"))
	add("issues", "ghost", func(item map[string]any) bool {
		user, ok := item["user"].(map[string]any)
		return ok && user["login"] == "ghost"
	})
	add("releases", "assets", func(item map[string]any) bool {
		assets, ok := item["assets"].([]any)
		return ok && len(assets) > 0
	})
	add("releases", "no name", null("name"))
	add("repository", "private", equal("private", true))
	add("repository", "with a token", set("permissions"))
	for _, list := range []string{"issues", "pulls", "labels", "milestones", "branches", "tags", "releases", "issue_comments", "review_comments", "reviews"} {
		add(list, "empty list", nil)
	}
	return all
}

type shape struct {
	endpoint string
	is       func(item map[string]any) bool // nil: there is no item
}

// gallery is the shapes that were not seen yet.
type gallery struct {
	sync.Mutex
	left map[string]shape
}

func (g *gallery) look(t *testing.T, endpoint string, bodies [][]byte) {
	t.Helper()
	g.Lock()
	defer g.Unlock()
	for _, body := range bodies {
		var items []map[string]any
		if len(body) == 0 {
			body = []byte(`{}`) // an answer without content
		}
		if json.Unmarshal(body, &items) != nil {
			item := map[string]any{}
			require.NoError(t, json.Unmarshal(body, &item))
			items = append(items, item)
		}
		for name, s := range g.left {
			found := s.is == nil && len(items) == 0 || s.is != nil && slices.ContainsFunc(items, s.is)
			if s.endpoint == endpoint && found {
				delete(g.left, name)
			}
		}
	}
}

package githubsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/conformance"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// heard is a delivery that came in.
type heard struct {
	header http.Header
	body   []byte
}

// listener takes deliveries and answers with a status.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	heard  []heard
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{status: http.StatusAccepted}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			l.heard = append(l.heard, heard{r.Header, body})
		}
		w.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) answer(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

func (l *listener) all() []heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard
}

// hook adds a hook that ends with the test.
func hook(t *testing.T, b *bundle, o githubsim.HookOptions) *githubsim.Hook {
	t.Helper()
	h := b.sim.AddHook(o)
	t.Cleanup(h.Close)
	return h
}

// Every edit tells its hooks what GitHub would, in GitHub's shape, signed.
func TestEveryEditTellsItsHooks(t *testing.T) {
	t.Parallel()
	description := conformance.GitHub(t)
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(100))
	l := listen(t)
	h := hook(t, b, githubsim.HookOptions{Of: b.repo.FullName(), URL: l.URL, Secret: "It's a Secret to Everybody", AtOnce: 1})
	edit(t, b.repo)
	removeAndMore(t, b.repo)
	b.repo.Star(1)
	b.repo.Star(-1)
	b.repo.SetPrivate(true)
	b.repo.SetPrivate(false)
	b.sim.Rename(b.repo, "", "renamed")
	h.Wait()

	events, wrong := map[string]bool{}, map[string]string{}
	for _, d := range l.all() {
		require.Equal(t, githubsim.Sign("It's a Secret to Everybody", d.body), d.header.Get("X-Hub-Signature-256"))
		var payload struct {
			Action     string
			Repository struct{ ID int64 }
		}
		require.NoError(t, json.Unmarshal(d.body, &payload), "%s", d.body)
		require.Equal(t, b.repo.ID(), payload.Repository.ID)
		event := d.header.Get("X-GitHub-Event")
		events[strings.TrimSuffix(event+"."+payload.Action, ".")] = true
		findings, err := description.CheckPayload(event, payload.Action, d.body)
		require.NoError(t, err)
		if findings = slices.DeleteFunc(findings, lagging); len(findings) > 0 {
			wrong[event+"."+payload.Action] = conformance.Report(findings)
		}
	}
	require.Empty(t, wrong)
	for _, want := range []string{
		"issues.opened", "issues.closed", "issues.edited", "issues.labeled", "issues.assigned", "issues.locked", "issues.deleted",
		"issue_comment.created", "issue_comment.edited", "issue_comment.deleted",
		"pull_request.opened", "pull_request.synchronize", "pull_request.closed", "pull_request.converted_to_draft",
		"pull_request_review.submitted", "pull_request_review_comment.created",
		"label.created", "label.edited", "label.deleted", "milestone.created", "milestone.closed", "milestone.deleted",
		"workflow_run.requested", "workflow_run.completed", "workflow_job.in_progress", "workflow_job.completed",
		"check_run.created", "check_run.completed", "deployment.created", "deployment_status.created", "status",
		"release.published", "release.edited", "release.deleted", "push", "create", "delete", "star.created", "star.deleted", "watch.started",
		"repository.edited", "repository.archived", "repository.privatized", "repository.publicized", "repository.renamed",
	} {
		require.True(t, events[want], "%s was not told; there were %v", want, events)
	}
}

// removeAndMore makes what happens and edit does not.
func removeAndMore(t *testing.T, r *githubsim.Repository) {
	t.Helper()
	yes := true
	issue, err := r.OpenIssue(githubsim.NewIssue{Title: "short-lived", By: "ada"})
	require.NoError(t, err)
	require.NoError(t, r.EditIssue(issue, githubsim.IssueEdit{Locked: &yes, Assignees: &[]string{"ada"}}))
	require.NoError(t, r.DeleteIssue(issue))
	r.Push("topic", githubsim.NewCommit{Message: "a", By: "ada"})
	pull, err := r.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "topic", By: "ada"}, Head: "topic"})
	require.NoError(t, err)
	require.NoError(t, r.SetDraft(pull, true))
	r.Push("topic", githubsim.NewCommit{Message: "b", By: "ada"})
	require.NoError(t, r.EditIssue(pull, githubsim.IssueEdit{State: pointer("closed"), By: "ada"}))
	require.NoError(t, r.DeleteBranch("topic"))
	milestone := r.AddMilestone("short-lived", "", "ada")
	require.NoError(t, r.EditMilestone(milestone, githubsim.MilestoneEdit{State: pointer("closed")}))
	require.NoError(t, r.DeleteMilestone(milestone))
	_, err = r.CreateLabel("short-lived", "ededed", "")
	require.NoError(t, err)
	require.NoError(t, r.DeleteLabel("short-lived"))
	release := r.CreateRelease(githubsim.NewRelease{Tag: "v9", By: "ada"})
	require.NoError(t, r.EditRelease(release, githubsim.ReleaseEdit{Name: pointer("nine")}))
	require.NoError(t, r.DeleteRelease(release))
	require.NoError(t, r.EditRepository(githubsim.RepositoryEdit{Description: pointer("edited")}))
	require.NoError(t, r.EditRepository(githubsim.RepositoryEdit{Archived: &yes}))
}

// lagging tells what is GitHub's description of payloads and not ours: it lacks
// properties that the description of its answers has, and demands an author of what a
// deleted user wrote, and a place of a comment that is on a whole file.
func lagging(f conformance.Finding) bool {
	ofNobody := f.Pointer == "/issue/user" && f.Rule == "nullable"
	ofFile := strings.HasSuffix(f.Pointer, "position") || strings.HasSuffix(f.Pointer, "line")
	return f.Rule == conformance.RuleUnknown || ofNobody || ofFile && f.Rule == "required"
}

func TestAHookIsToldOfWhatItAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(50))
	owner, _, _ := strings.Cut(b.repo.FullName(), "/")
	form, other := listen(t), listen(t)
	labels := hook(t, b, githubsim.HookOptions{Of: owner, URL: form.URL, Events: []string{"label"}, Form: true})
	hook(t, b, githubsim.HookOptions{Of: "somebody/else", URL: other.URL})
	_, err := b.repo.CreateLabel("new", "ededed", "")
	require.NoError(t, err)
	b.repo.Star(1)
	labels.Wait()
	require.Len(t, form.all(), 1)
	got := form.all()[0]
	require.Empty(t, got.header.Get("X-Hub-Signature-256"), "it has no secret")
	values, err := url.ParseQuery(string(got.body))
	require.NoError(t, err)
	require.Contains(t, values.Get("payload"), `"action":"created"`)
	require.Empty(t, other.all())
}

func TestHookFaults(t *testing.T) {
	t.Parallel()
	const n = 400
	for name, tt := range map[string]struct {
		faults           githubsim.HookFaults
		least, most      int // deliveries that are heard
		failed, distinct bool
	}{
		"none":    {githubsim.HookFaults{}, n, n, false, true},
		"lost":    {githubsim.HookFaults{Lost: 0.5}, n / 3, 2 * n / 3, false, true},
		"failed":  {githubsim.HookFaults{Failed: 0.5}, n / 3, 2 * n / 3, true, true},
		"doubled": {githubsim.HookFaults{Doubled: 0.5}, 4 * n / 3, 5 * n / 3, false, false},
		"delayed": {githubsim.HookFaults{Delayed: 1, Delay: 200 * time.Millisecond}, n, n, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, githubsim.Options{}, githubsim.SpecForItems(20))
			l := listen(t)
			h := hook(t, b, githubsim.HookOptions{Of: b.repo.FullName(), URL: l.URL, Events: []string{"star"}})
			h.SetFaults(tt.faults)
			b.repo.Star(n)
			h.Wait()
			got := l.all()
			require.GreaterOrEqual(t, len(got), tt.least)
			require.LessOrEqual(t, len(got), tt.most)
			guids := map[string]bool{}
			for _, d := range got {
				guids[d.header.Get("X-GitHub-Delivery")] = true
			}
			require.Equal(t, tt.distinct, len(guids) == len(got))
			require.Equal(t, tt.failed, h.Failed() > 0)
			require.Equal(t, len(got), h.Sent())
		})
	}
}

func TestFailedDeliveriesAreListedAndRedelivered(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	b := setup(t, githubsim.Options{Now: clock}, githubsim.SpecForItems(20))
	l := listen(t)
	l.answer(http.StatusBadGateway)
	h := hook(t, b, githubsim.HookOptions{Of: b.repo.FullName(), URL: l.URL, Events: []string{"star"}})
	b.repo.Star(5)
	h.Wait()
	require.Equal(t, 5, h.Failed())

	type item struct {
		ID         int64
		GUID       string
		StatusCode int `json:"status_code"`
		Redelivery bool
	}
	list := func(path string) ([]item, answer) {
		a := b.get(t, "/"+path, "Authorization", "Bearer x")
		var items []item
		require.NoError(t, json.NewDecoder(bytes.NewReader(a.body)).Decode(&items))
		return items, a
	}
	first, a := list(h.Path() + "/deliveries?per_page=3")
	require.Len(t, first, 3)
	require.Contains(t, a.Header.Get("Link"), "cursor=")
	require.Greater(t, first[0].ID, first[1].ID, "newest first")
	require.Equal(t, http.StatusBadGateway, first[0].StatusCode)

	l.answer(http.StatusAccepted)
	redeliver(t, b, h, first[0].ID)
	h.Wait()
	require.Equal(t, 4, h.Failed())
	all, _ := list(h.Path() + "/deliveries?per_page=100")
	require.Len(t, all, 6)
	require.True(t, all[0].Redelivery)
	require.Equal(t, first[0].GUID, all[0].GUID, "the same delivery")

	for _, wrong := range []string{h.Path() + "0/deliveries", h.Path() + "/deliveries/7"} {
		require.Equal(t, http.StatusNotFound, b.get(t, "/"+wrong, "Authorization", "Bearer x").StatusCode)
	}
	require.Equal(t, http.StatusNotFound, b.get(t, "/"+h.Path()+"/deliveries").StatusCode, "without a token there is no hook")

	mu.Lock()
	now = now.Add(73 * time.Hour)
	mu.Unlock()
	all, _ = list(h.Path() + "/deliveries")
	require.Empty(t, all, "GitHub keeps them for three days")
}

// redeliver asks for another attempt.
func redeliver(t *testing.T, b *bundle, h *githubsim.Hook, id int64) {
	t.Helper()
	url := b.url + "/" + h.Path() + "/deliveries/" + itoa(id) + "/attempts"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer x")
	res, err := b.client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusAccepted, res.StatusCode)
}

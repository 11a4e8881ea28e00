package githubsim

import (
	"cmp"
	"slices"
	"strings"
)

// checkRun is a check that an app has made of a commit.
type checkRun struct {
	id, suite          int64
	sha                hash
	app                int32 // in apps
	name, external     string
	status, conclusion string
	title, summary     string
	started, completed stamp // 0: not yet
	annotations        int32
}

// app is a GitHub App that checks commits.
type app struct {
	id         int64
	slug, name string
	owner      user
}

// apps are the apps that check commits, GitHub Actions first.
var apps = []app{
	{15368, "github-actions", "GitHub Actions", user{login: "github", id: 9919, kind: kindOrganization}},
	{90210, "harbor-ci", "Harbor CI", user{login: "harbor-ci", id: 88_200_100, kind: kindOrganization}},
}

// check is one check run of a commit: of an app, or a job of a workflow.
type check struct {
	*checkRun
	run *workflowRun
	job *workflowJob // nil: of an app
}

// checks are the check runs of the commits that are wanted, the newest first.
func (r *Repository) checks(wanted func(hash) bool) []check {
	var list []check
	for i := range r.checkRuns {
		if wanted(r.checkRuns[i].sha) {
			list = append(list, check{checkRun: &r.checkRuns[i]})
		}
	}
	for i := range r.runs {
		if run := &r.runs[i]; !run.deleted && wanted(run.sha) {
			for k := range run.jobs {
				list = append(list, check{run.check(k), run, &run.jobs[k]})
			}
		}
	}
	slices.SortFunc(list, func(a, b check) int { return cmp.Compare(b.id, a.id) })
	return list
}

// check is the check run that a job of a run is.
func (run *workflowRun) check(k int) *checkRun {
	j := &run.jobs[k]
	return &checkRun{
		id: j.id, suite: run.suite, sha: run.sha, name: j.name, status: j.status, conclusion: j.conclusion,
		started: j.started, completed: j.completed,
	}
}

// checkList lists the check runs of a commit: of each check the last one unless all are
// asked for.
// Source: docs.github.com/rest/checks/runs#list-check-runs-for-a-git-reference.
func (q *query) checkList() {
	sha, ok := q.namedCommit()
	if !ok {
		return
	}
	list := q.checks(func(of hash) bool { return of == sha })
	if name := q.params.Get("check_name"); name != "" {
		list = slices.DeleteFunc(list, func(c check) bool { return c.name != name })
	}
	if status := q.params.Get("status"); status != "" {
		list = slices.DeleteFunc(list, func(c check) bool { return c.status != status })
	}
	if q.params.Get("filter") != "all" {
		seen := map[string]bool{}
		list = slices.DeleteFunc(list, func(c check) bool {
			name := apps[c.app].slug + " " + c.name
			again := seen[name]
			seen[name] = true
			return again
		})
	}
	q.enveloped("check_runs", len(list), func(n int) { q.enc.checkRun(q.Repository, list[n]) })
}

func (q *query) singleCheck() {
	list := q.checks(func(hash) bool { return true })
	one(q, list, func(c *check) int64 { return c.id }, func(*check) bool { return true },
		func(i int32) { q.enc.checkRun(q.Repository, list[i]) })
}

// namedCommit is the commit that the path names; the request is answered if there is none.
func (q *query) namedCommit() (hash, bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(q.args[0], "heads/"), "tags/")
	sha, ok := q.head(name)
	if !ok || !q.known(sha) {
		q.noCommit(q.args[0])
		return hash{}, false
	}
	return sha, true
}

// checkRun writes a check run.
func (e *encoder) checkRun(r *Repository, c check) {
	api := r.api + "/check-runs/" + decimal(c.id)
	page := r.web + "/runs/" + decimal(c.id)
	if c.job != nil {
		page = r.web + c.job.page(c.run)
	}
	e.raw(`{"id":`).num(c.id).raw(`,"name":`).str(c.name).raw(`,"node_id":`).node("CR_", r.info.id, c.id)
	e.raw(`,"head_sha":"`).hex(c.sha).raw(`","external_id":`).str(c.external).raw(`,"url":`).str(api)
	e.raw(`,"html_url":`).str(page).raw(`,"details_url":`).str(page)
	e.raw(`,"status":`).str(c.status).raw(`,"conclusion":`).strOrNull(c.conclusion)
	e.raw(`,"started_at":`).time(c.started).raw(`,"completed_at":`).time(c.completed)
	e.raw(`,"output":{"title":`).strOrNull(c.title).raw(`,"summary":`).strOrNull(c.summary).raw(`,"text":null,"annotations_count":`)
	e.num(int64(c.annotations)).raw(`,"annotations_url":`).str(api + "/annotations")
	e.raw(`},"check_suite":{"id":`).num(c.suite).raw(`},"app":`)
	e.app(&apps[c.app])
	e.raw(`,"pull_requests":[`)
	e.minimalPulls(r, r.openPulls(c.sha, ""))
	e.raw("]}")
}

// app writes an app as check runs embed it.
func (e *encoder) app(a *app) {
	e.raw(`{"id":`).num(a.id).raw(`,"client_id":`).str("Iv1." + decimal(a.id)).raw(`,"slug":`).str(a.slug)
	e.raw(`,"node_id":`).rootNode("A_", a.id).raw(`,"owner":`)
	e.user(&a.owner)
	e.raw(`,"name":`).str(a.name).raw(`,"description":"","external_url":`).str("https://" + a.slug + ".example.com")
	e.raw(`,"html_url":`).str(webRoot + "/apps/" + a.slug)
	e.raw(`,"created_at":"2018-07-30T09:30:17Z","updated_at":"2024-04-10T20:33:16Z"`)
	e.raw(`,"permissions":{"checks":"write","contents":"read","metadata":"read"},"events":["check_run","push"]}`)
}

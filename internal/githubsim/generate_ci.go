package githubsim

import "fmt"

var (
	workflowNames = []string{"CI", "Lint", "Release", "Nightly"}
	jobNames      = []string{"build", "test", "test-race", "docs", "package", "e2e"}
	conclusions   = []string{"success", "success", "success", "success", "failure", "cancelled"}
	environments  = []string{"staging", "production", "preview"}
	checkNames    = []string{"lint", "coverage", "license", "security"}
)

// continuing makes what is run and deployed of the default branch's commits. It comes
// when all else is made, so that a repository is the same to the byte with it and without.
func (g *generator) continuing() {
	head, ok := g.defaultHead()
	if !ok {
		return
	}
	order := g.git.walk(head)
	g.running(order)
	g.deploying(order)
	for _, sha := range g.checked(order, g.spec.CheckRuns) {
		at := g.committed(sha)
		c := checkRun{
			id: g.nextRunID(), suite: g.nextRunID(), sha: sha, app: 1, name: pick(g.random, checkNames), started: at + 5,
			title: "Done", summary: "Nothing to say.", annotations: int32(g.below(4)),
		}
		c.external = decimal(c.id)
		c.conclude(pick(g.random, conclusions), min(at+stamp(60+g.below(600)), max(g.end, at+5)))
		g.checkRuns = append(g.checkRuns, c)
	}
	for _, sha := range g.checked(order, g.spec.CommitStatuses) {
		id := g.nextRunID()
		g.statuses = append(g.statuses, commitStatus{
			id: id, sha: sha, context: "ci/" + pick(g.random, checkNames), state: "success", about: "All is well",
			target: "https://ci.example.com/" + decimal(id), creator: g.maintainer(), created: g.committed(sha) + 30,
		})
	}
}

// checked are n commits of a history, recent ones more often, the oldest first.
func (g *generator) checked(order []int32, n int) []hash {
	places := make([]stamp, n) // counted from the newest
	for i := range places {
		places[i] = stamp(g.skewed(len(order), 1.5))
	}
	ascending(places, func(at *stamp) stamp { return stamp(len(order)) - *at })
	shas := make([]hash, n)
	for i, at := range places {
		shas[i] = g.git.commits[order[at]].sha
	}
	return shas
}

func (g *generator) committed(sha hash) stamp { return g.git.commits[g.git.byHash[sha]].committed }

// running makes workflow runs and, spread over them, their jobs.
func (g *generator) running(order []int32) {
	for _, sha := range g.checked(order, g.spec.WorkflowRuns) {
		run := g.newRun(pick(g.random, workflowNames), sha, g.committed(sha)+2)
		run.event, run.branch, run.attempt = "push", g.info.defaultBranch, 1
		run.actor = g.git.commits[g.git.byHash[sha]].author
		run.trigger = run.actor
		run.status, run.conclusion, run.updated = stateCompleted, pick(g.random, conclusions), run.created+stamp(60+g.below(1500))
		g.runs = append(g.runs, run)
	}
	for i := range g.spec.WorkflowJobs {
		run := &g.runs[i%len(g.runs)]
		n := len(run.jobs)
		name := jobNames[n%len(jobNames)]
		if n >= len(jobNames) {
			name = fmt.Sprintf("%s (%d)", name, n/len(jobNames))
		}
		run.jobs = append(run.jobs, workflowJob{
			id: g.nextRunID(), attempt: 1, name: name, status: stateCompleted, conclusion: run.conclusion,
			created: run.created, started: run.created + 3, completed: max(run.updated-stamp(g.below(50)), run.created+3),
		})
	}
}

// deploying makes deployments and, spread over them, their statuses.
func (g *generator) deploying(order []int32) {
	for i, sha := range g.checked(order, g.spec.Deployments) {
		environment := environments[i%len(environments)]
		at := g.committed(sha) + 900
		g.deployments = append(g.deployments, deployment{
			id: g.nextRunID(), sha: sha, ref: g.info.defaultBranch, task: "deploy", environment: environment,
			about: "Deploy to " + environment, transient: environment == "preview", production: environment == "production",
			creator: g.maintainer(), created: at, updated: at,
		})
	}
	states := []string{"queued", "in_progress", "success", "inactive"}
	for i := range g.spec.DeploymentStatuses {
		d := &g.deployments[i%len(g.deployments)]
		n := len(d.statuses)
		d.updated += stamp(20 + g.below(300))
		d.statuses = append(d.statuses, deploymentStatus{
			id: g.nextRunID(), state: states[n%len(states)], about: "Step " + decimal(int64(n+1)), creator: d.creator, created: d.updated,
		})
	}
}

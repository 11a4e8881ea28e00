package githubsim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// route is one endpoint. Its pattern is its path, or what follows the repository in
// the path; "#" stands for a number, "@" for a name without a slash, "*" for the whole rest.
type route struct {
	name    string // in Stats
	pattern string
	docs    string       // where GitHub documents it, below docs.github.com/rest
	serve   func(*query) // nil for what belongs to no repository
	ofApp   bool         // it takes a token that an App signed, and no other
}

// target is the repository that a path names; of an organization owner or id is set.
type target struct {
	owner, name string
	id          int64  // if it is named by its number
	rest        string // what follows, without the slash in front
}

var unknown = &route{name: "unknown"}

// routes are the endpoints of a repository, the plain ones before those with
// arguments.
func routes() []*route {
	return []*route{
		{name: "repository", pattern: "", docs: "/repos/repos#get-a-repository", serve: (*query).repository},
		{name: "labels", pattern: "labels", docs: "/issues/labels#list-labels-for-a-repository", serve: (*query).labels},
		{name: "milestones", pattern: "milestones", docs: "/issues/milestones#list-milestones", serve: (*query).milestones},
		{name: "milestone", pattern: "milestones/#", docs: "/issues/milestones#get-a-milestone", serve: (*query).singleMilestone},
		{name: "issues", pattern: "issues", docs: "/issues/issues#list-repository-issues", serve: (*query).issues},
		{name: "issue_comments", pattern: "issues/comments", docs: "/issues/comments#list-issue-comments-for-a-repository", serve: (*query).comments},
		{name: "issue_comment", pattern: "issues/comments/#", docs: "/issues/comments#get-an-issue-comment", serve: (*query).singleComment},
		{name: "issue_events", pattern: "issues/events", docs: "/issues/events#list-issue-events-for-a-repository", serve: (*query).issueEvents},
		{name: "issue_event", pattern: "issues/events/#", docs: "/issues/events#get-an-issue-event", serve: (*query).issueEvent},
		{name: "issue", pattern: "issues/#", docs: "/issues/issues#get-an-issue", serve: (*query).issue},
		{name: "pulls", pattern: "pulls", docs: "/pulls/pulls#list-pull-requests", serve: (*query).pulls},
		{name: "review_comments", pattern: "pulls/comments", docs: "/pulls/comments#list-review-comments-in-a-repository", serve: (*query).remarks},
		{name: "review_comment", pattern: "pulls/comments/#", docs: "/pulls/comments#get-a-review-comment-for-a-pull-request", serve: (*query).singleRemark},
		{name: "pull", pattern: "pulls/#", docs: "/pulls/pulls#get-a-pull-request", serve: (*query).pull},
		{name: "reviews", pattern: "pulls/#/reviews", docs: "/pulls/reviews#list-reviews-for-a-pull-request", serve: (*query).reviews},
		{name: "pull_files", pattern: "pulls/#/files", docs: "/pulls/pulls#list-pull-requests-files", serve: (*query).pullFiles},
		{name: "pull_commits", pattern: "pulls/#/commits", docs: "/pulls/pulls#list-commits-on-a-pull-request", serve: (*query).pullCommits},
		{name: "stargazers", pattern: "stargazers", docs: "/activity/starring#list-stargazers", serve: (*query).stargazerList},
		{name: "forks", pattern: "forks", docs: "/repos/forks#list-forks", serve: (*query).forkList},
		{name: "contributors", pattern: "contributors", docs: "/repos/repos#list-repository-contributors", serve: (*query).contributorList},
		{name: "collaborators", pattern: "collaborators", docs: "/collaborators/collaborators#list-repository-collaborators", serve: (*query).collaboratorList},
		{name: "commits", pattern: "commits", docs: "/commits/commits#list-commits", serve: (*query).commits},
		{name: "compare", pattern: "compare/*", docs: "/commits/commits#compare-two-commits", serve: (*query).compare},
		{name: "branches", pattern: "branches", docs: "/branches/branches#list-branches", serve: (*query).branches},
		{name: "branch", pattern: "branches/*", docs: "/branches/branches#get-a-branch", serve: (*query).branch},
		{name: "tags", pattern: "tags", docs: "/repos/repos#list-repository-tags", serve: (*query).tags},
		{name: "releases", pattern: "releases", docs: "/releases/releases#list-releases", serve: (*query).releases},
		{name: "workflow_runs", pattern: "actions/runs", docs: "/actions/workflow-runs#list-workflow-runs-for-a-repository", serve: (*query).workflowRuns},
		{name: "workflow_run", pattern: "actions/runs/#", docs: "/actions/workflow-runs#get-a-workflow-run", serve: (*query).workflowRun},
		{name: "workflow_jobs", pattern: "actions/runs/#/jobs", docs: "/actions/workflow-jobs#list-jobs-for-a-workflow-run", serve: (*query).workflowJobs},
		{name: "deployments", pattern: "deployments", docs: "/deployments/deployments#list-deployments", serve: (*query).deploymentList},
		{name: "deployment", pattern: "deployments/#", docs: "/deployments/deployments#get-a-deployment", serve: (*query).singleDeployment},
		{name: "deployment_statuses", pattern: "deployments/#/statuses", docs: "/deployments/statuses#list-deployment-statuses", serve: (*query).deploymentStatuses},
		{name: "check_runs", pattern: "commits/@/check-runs", docs: "/checks/runs#list-check-runs-for-a-git-reference", serve: (*query).checkList},
		{name: "check_run", pattern: "check-runs/#", docs: "/checks/runs#get-a-check-run", serve: (*query).singleCheck},
		{name: "commit_statuses", pattern: "commits/@/statuses", docs: "/commits/statuses#list-commit-statuses-for-a-reference", serve: (*query).commitStatuses},
		{name: "release", pattern: "releases/#", docs: "/releases/releases#get-a-release", serve: (*query).singleRelease},
	}
}

var (
	repositoryRoutes = routes()
	rateLimitRoute   = &route{
		name: "rate_limit", pattern: "rate_limit",
		docs: "/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user",
	}
	userRoute  = &route{name: "user", pattern: "user", docs: "/users/users#get-the-authenticated-user"}
	rootRoutes = []*route{rateLimitRoute, userRoute}
)

// match finds the endpoint of a request, and its repository and arguments.
func match(req *http.Request) (*route, target, []string) {
	path := strings.Trim(req.URL.EscapedPath(), "/")
	if isGraphQL(req) {
		return graphqlRoute, target{}, nil
	}
	if r, at, args := matchHook(req.Method, path); r != nil {
		return r, at, args
	}
	if r, at, args := matchApp(req.Method, path); r != nil {
		return r, at, args
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		at, _ := parseTarget(path)
		return unknown, at, nil
	}
	for _, r := range rootRoutes {
		if path == r.pattern {
			return r, target{}, nil
		}
	}
	if r, at, args := matchOrganization(path); r != nil {
		return r, at, args
	}
	at, ok := parseTarget(path)
	if !ok {
		return unknown, target{}, nil
	}
	for _, r := range repositoryRoutes {
		if args, ok := r.matches(at.rest); ok {
			return r, at, args
		}
	}
	return unknown, at, nil
}

func parseTarget(path string) (target, bool) {
	parts := strings.SplitN(path, "/", 4)
	switch {
	case parts[0] == "repos" && len(parts) >= 3:
		return target{owner: parts[1], name: parts[2], rest: strings.Join(parts[3:], "/")}, true
	case parts[0] == "repositories" && len(parts) >= 2:
		id, err := strconv.ParseInt(parts[1], 10, 64)
		return target{id: id, rest: strings.Join(parts[2:], "/")}, err == nil
	default:
		return target{}, false
	}
}

func (r *route) matches(rest string) ([]string, bool) {
	if prefix, ok := strings.CutSuffix(r.pattern, "*"); ok {
		arg, found := strings.CutPrefix(rest, prefix)
		arg, err := url.PathUnescape(arg)
		return []string{arg}, found && arg != "" && err == nil
	}
	if !strings.ContainsAny(r.pattern, "#@") {
		return nil, rest == r.pattern
	}
	want, got := strings.Split(r.pattern, "/"), strings.Split(rest, "/")
	if len(want) != len(got) {
		return nil, false
	}
	var args []string
	for i := range want {
		switch want[i] {
		case "#":
			if _, err := strconv.ParseInt(got[i], 10, 64); err != nil {
				return nil, false
			}
			args = append(args, got[i])
		case "@":
			name, err := url.PathUnescape(got[i])
			if err != nil || name == "" {
				return nil, false
			}
			args = append(args, name)
		case got[i]:
		default:
			return nil, false
		}
	}
	return args, true
}

// answer fills in what the endpoint says, with its entity tag.
func (s *Server) answer(x *exchange) {
	x.status = http.StatusOK
	switch x.route {
	case rateLimitRoute:
		s.rateLimit(x)
	case userRoute:
		s.user(x)
	case graphqlRoute:
		s.graphql(x)
	case unknown:
		x.notFound()
	default:
		switch {
		case slices.Contains(organizationRoutes, x.route):
			s.organizationAnswer(x)
		case slices.Contains(hookRoutes, x.route):
			s.hookAnswer(x)
		case slices.Contains(appRoutes, x.route):
			s.appAnswer(x)
		default:
			s.repositoryAnswer(x)
		}
	}
	if x.status != http.StatusOK || x.route == rateLimitRoute || x.route == graphqlRoute {
		return
	}
	tag := x.etag()
	x.header.Set("ETag", tag)
	if !x.unchanged(tag) {
		return
	}
	x.status = http.StatusNotModified
	if x.token != "" { // free of cost only for those who say who they are
		x.rate = x.account().giveBack()
		s.rateHeaders(x, x.rate)
	}
}

// repositoryAnswer answers for the repository that the path names.
func (s *Server) repositoryAnswer(x *exchange) {
	r := s.lookup(x.path)
	if r == nil {
		x.notFound()
		return
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch {
	case r.gone || !x.credential.sees(r, s.options.ShowPublic):
		x.notFound()
	case x.path.id == 0 && !sameName(x.path.owner+"/"+x.path.name, r.info.fullName):
		x.moved(r)
	case r.blocked != nil:
		x.unavailable(r.blocked)
	case !x.credential.permits(x.route.accepts()) && (r.info.private || !s.options.ShowPublic):
		x.inaccessible()
	default:
		q := &query{exchange: x, Repository: r, params: x.req.URL.Query()}
		q.limited = slices.Contains(s.options.LimitedLists, x.route.name)
		q.omitLast = s.options.OmitLast
		x.route.serve(q)
	}
}

func (s *Server) lookup(at target) *Repository {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if at.id != 0 {
		return s.byID[at.id]
	}
	return s.byName[strings.ToLower(at.owner+"/"+at.name)]
}

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
		{"repository", "", "/repos/repos#get-a-repository", (*query).repository},
		{"labels", "labels", "/issues/labels#list-labels-for-a-repository", (*query).labels},
		{"milestones", "milestones", "/issues/milestones#list-milestones", (*query).milestones},
		{"milestone", "milestones/#", "/issues/milestones#get-a-milestone", (*query).singleMilestone},
		{"issues", "issues", "/issues/issues#list-repository-issues", (*query).issues},
		{"issue_comments", "issues/comments", "/issues/comments#list-issue-comments-for-a-repository", (*query).comments},
		{"issue_comment", "issues/comments/#", "/issues/comments#get-an-issue-comment", (*query).singleComment},
		{"issue_events", "issues/events", "/issues/events#list-issue-events-for-a-repository", (*query).issueEvents},
		{"issue_event", "issues/events/#", "/issues/events#get-an-issue-event", (*query).issueEvent},
		{"issue", "issues/#", "/issues/issues#get-an-issue", (*query).issue},
		{"pulls", "pulls", "/pulls/pulls#list-pull-requests", (*query).pulls},
		{"review_comments", "pulls/comments", "/pulls/comments#list-review-comments-in-a-repository", (*query).remarks},
		{"review_comment", "pulls/comments/#", "/pulls/comments#get-a-review-comment-for-a-pull-request", (*query).singleRemark},
		{"pull", "pulls/#", "/pulls/pulls#get-a-pull-request", (*query).pull},
		{"reviews", "pulls/#/reviews", "/pulls/reviews#list-reviews-for-a-pull-request", (*query).reviews},
		{"pull_files", "pulls/#/files", "/pulls/pulls#list-pull-requests-files", (*query).pullFiles},
		{"pull_commits", "pulls/#/commits", "/pulls/pulls#list-commits-on-a-pull-request", (*query).pullCommits},
		{"stargazers", "stargazers", "/activity/starring#list-stargazers", (*query).stargazerList},
		{"forks", "forks", "/repos/forks#list-forks", (*query).forkList},
		{"contributors", "contributors", "/repos/repos#list-repository-contributors", (*query).contributorList},
		{"collaborators", "collaborators", "/collaborators/collaborators#list-repository-collaborators", (*query).collaboratorList},
		{"commits", "commits", "/commits/commits#list-commits", (*query).commits},
		{"compare", "compare/*", "/commits/commits#compare-two-commits", (*query).compare},
		{"branches", "branches", "/branches/branches#list-branches", (*query).branches},
		{"branch", "branches/*", "/branches/branches#get-a-branch", (*query).branch},
		{"tags", "tags", "/repos/repos#list-repository-tags", (*query).tags},
		{"releases", "releases", "/releases/releases#list-releases", (*query).releases},
		{"workflow_runs", "actions/runs", "/actions/workflow-runs#list-workflow-runs-for-a-repository", (*query).workflowRuns},
		{"workflow_run", "actions/runs/#", "/actions/workflow-runs#get-a-workflow-run", (*query).workflowRun},
		{"workflow_jobs", "actions/runs/#/jobs", "/actions/workflow-jobs#list-jobs-for-a-workflow-run", (*query).workflowJobs},
		{"deployments", "deployments", "/deployments/deployments#list-deployments", (*query).deploymentList},
		{"deployment", "deployments/#", "/deployments/deployments#get-a-deployment", (*query).singleDeployment},
		{"deployment_statuses", "deployments/#/statuses", "/deployments/statuses#list-deployment-statuses", (*query).deploymentStatuses},
		{"check_runs", "commits/@/check-runs", "/checks/runs#list-check-runs-for-a-git-reference", (*query).checkList},
		{"check_run", "check-runs/#", "/checks/runs#get-a-check-run", (*query).singleCheck},
		{"commit_statuses", "commits/@/statuses", "/commits/statuses#list-commit-statuses-for-a-reference", (*query).commitStatuses},
		{"release", "releases/#", "/releases/releases#get-a-release", (*query).singleRelease},
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
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return unknown, target{}, nil
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
		x.enc.rateLimit(x.rate)
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
		x.rate = s.limits.giveBack(x.token)
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
	case r.gone || r.info.private && x.token == "":
		x.notFound()
	case x.path.id == 0 && !sameName(x.path.owner+"/"+x.path.name, r.info.fullName):
		x.moved(r)
	case r.blocked != nil:
		x.unavailable(r.blocked)
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

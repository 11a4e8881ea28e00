package githubsim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// accepted are the permissions that endpoints ask for, as X-Accepted-GitHub-Permissions
// has them: one of those that semicolons divide. All others ask for metadata.
// Source: docs.github.com/rest/authentication/permissions-required-for-github-apps.
func accepted() map[string]string {
	const issues, pulls, either = "issues=read", "pull_requests=read", "issues=read; pull_requests=read"
	return map[string]string{
		"rate_limit": "", "user": "", "graphql": "", "organization": "", "installation_repositories": "", "unknown": "",
		"labels": either, "milestones": either, "milestone": either, "issue_comments": either, "issue_comment": either,
		"issues": issues, "issue": issues, "issue_events": issues, "issue_event": issues,
		"pulls": pulls, "pull": pulls, "reviews": pulls, "pull_files": pulls, "pull_commits": pulls,
		"review_comments": pulls, "review_comment": pulls,
		"commits": "contents=read", "compare": "contents=read", "branches": "contents=read", "branch": "contents=read",
		"releases": "contents=read", "release": "contents=read",
		"workflow_runs": "actions=read", "workflow_run": "actions=read", "workflow_jobs": "actions=read",
		"deployments": "deployments=read", "deployment": "deployments=read", "deployment_statuses": "deployments=read",
		"check_runs": "checks=read", "check_run": "checks=read", "commit_statuses": "statuses=read",
		"organization_members": membersRead, "teams": membersRead, "team_members": membersRead, "team_repositories": membersRead,
		"hook_deliveries": "repository_hooks=read", "hook_delivery": "repository_hooks=read", "hook_attempts": "repository_hooks=write",
	}
}

var acceptedPermissions = accepted()

// accepts is what X-Accepted-GitHub-Permissions says of the endpoint.
func (r *route) accepts() string {
	if asked, ok := acceptedPermissions[r.name]; ok {
		return asked
	}
	return "metadata=read"
}

// scopes is what X-Accepted-OAuth-Scopes says of the endpoint.
func (r *route) scopes() string {
	switch {
	case slices.Contains(organizationRoutes, r):
		return teamScopes
	case slices.Contains(repositoryRoutes, r):
		return "repo"
	default:
		return ""
	}
}

// membersRead is what members and teams of an organization ask for.
const membersRead = "members=read"

const teamScopes = "admin:org, read:org, repo, user, write:org"

// levels are those of permissions, the weakest first.
var levels = []string{"read", "write", "admin"}

// permits tells whether a credential has one of the permissions that are asked for.
func (c *credential) permits(accepted string) bool {
	if !c.scoped || accepted == "" {
		return true
	}
	for one := range strings.SplitSeq(accepted, "; ") {
		name, level, _ := strings.Cut(one, "=")
		if slices.Index(levels, c.permissions[name]) >= slices.Index(levels, level) {
			return true
		}
	}
	return false
}

// withMetadata is what GitHub makes of permissions: that of metadata is in all.
func withMetadata(permissions map[string]string) map[string]string {
	all := map[string]string{"metadata": "read"}
	maps.Copy(all, permissions)
	return all
}

// mayReadTeams tells whether the scopes of a classic token are enough for the teams of an
// organization.
func (c *credential) mayReadTeams() bool {
	return !c.classic || slices.ContainsFunc(c.scopes, func(scope string) bool {
		return scope == "read:org" || scope == "write:org" || scope == "admin:org" || scope == "repo" || scope == "user"
	})
}

// inaccessible refuses a credential that lacks a permission.
func (x *exchange) inaccessible() {
	x.problem(http.StatusForbidden, x.credential.lacks(), "https://docs.github.com/rest"+x.route.docs)
}

// lacks is what GitHub says to a credential that lacks a permission.
func (c *credential) lacks() string {
	if c.installation != nil {
		return "Resource not accessible by integration"
	}
	return "Resource not accessible by personal access token"
}

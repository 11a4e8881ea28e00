package githubsim

import (
	"net/url"
	"strconv"
	"strings"
)

// organizationRoutes are the endpoints of an organization: of orgs/{org}, and of
// organizations/{id}, which links to further pages use. "@" stands for a team's slug,
// or in links its id.
var organizationRoutes = []*route{
	{name: "organization", pattern: "", docs: "/orgs/orgs#get-an-organization", serve: ofOrganization((*organizationQuery).single)},
	{name: "organization_repositories", pattern: "repos", docs: "/repos/repos#list-organization-repositories", serve: ofOrganization((*organizationQuery).repositories)},
	{name: "organization_members", pattern: "members", docs: "/orgs/members#list-organization-members", serve: ofOrganization((*organizationQuery).organizationMembers)},
	{name: "teams", pattern: "teams", docs: "/teams/teams#list-teams", serve: ofOrganization((*organizationQuery).organizationTeams)},
	{name: "team_members", pattern: "teams/@/members", docs: "/teams/members#list-team-members", serve: ofOrganization((*organizationQuery).teamMembers)},
	{name: "team_repositories", pattern: "teams/@/repos", docs: "/teams/teams#list-team-repositories", serve: ofOrganization((*organizationQuery).teamRepositories)},
}

func ofOrganization(serve func(*organizationQuery)) func(*query) {
	return func(q *query) { serve(q.organization) }
}

// matchOrganization finds the endpoint of an organization that a path is for.
func matchOrganization(path string) (*route, target, []string) {
	parts := strings.SplitN(path, "/", 3)
	if len(parts) < 2 || parts[0] != "orgs" && parts[0] != "organizations" {
		return nil, target{}, nil
	}
	at := target{owner: parts[1], rest: strings.Join(parts[2:], "/")}
	if parts[0] == "organizations" {
		id, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return unknown, at, nil
		}
		at = target{id: id, rest: at.rest}
	}
	rest := at.rest
	if at.id != 0 {
		rest = strings.Replace(rest, "team/", "teams/", 1)
	}
	for _, r := range organizationRoutes {
		if args, ok := r.matchesTeam(rest); ok {
			return r, at, args
		}
	}
	return unknown, at, nil
}

// matchesTeam tells whether the endpoint is the one of a path, and which team it names.
func (r *route) matchesTeam(rest string) ([]string, bool) {
	before, after, names := strings.Cut(r.pattern, "@")
	if !names {
		return nil, rest == r.pattern
	}
	slug, ok := strings.CutPrefix(rest, before)
	if !ok {
		return nil, false
	}
	slug, ok = strings.CutSuffix(slug, after)
	slug, err := url.PathUnescape(slug)
	return []string{slug}, ok && err == nil && slug != "" && !strings.Contains(slug, "/")
}

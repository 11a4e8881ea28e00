package githubsim

import "slices"

// organization writes the shape of GET /orgs/{org}. What only its owners see is there
// for a request with a token. public and private count its repositories.
func (e *encoder) organization(o *Organization, authenticated bool, public, private int64) {
	api, web := apiRoot+"/orgs/"+o.account.login, webRoot+"/"+o.account.login
	e.raw(`{"login":`).str(o.account.login).raw(`,"id":`).num(o.account.id).raw(`,"node_id":`).rootNode("O_", o.account.id)
	e.raw(`,"url":`).str(api)
	for _, link := range organizationLinks {
		e.raw(`,"`).raw(link[0]).raw(`":`).str(api + link[1])
	}
	e.raw(`,"avatar_url":"https://avatars.githubusercontent.com/u/`).num(o.account.id).raw(`?v=4","description":`).strOrNull(o.description)
	e.raw(`,"name":`).str(o.name).raw(`,"blog":"https://example.com","is_verified":false`)
	e.raw(`,"has_organization_projects":true,"has_repository_projects":true,"public_repos":`).num(public)
	e.raw(`,"public_gists":0,"followers":0,"following":0,"html_url":`).str(web)
	e.raw(`,"created_at":`).time(o.created).raw(`,"updated_at":`).time(o.updated).raw(`,"archived_at":null,"type":"Organization"`)
	if authenticated {
		e.raw(`,"total_private_repos":`).num(private).raw(`,"owned_private_repos":`).num(private)
		e.raw(`,"private_gists":0,"disk_usage":0,"collaborators":0,"billing_email":null`)
	}
	e.raw("}")
}

var organizationLinks = [...][2]string{
	{"repos_url", "/repos"},
	{"events_url", "/events"},
	{"hooks_url", "/hooks"},
	{"issues_url", "/issues"},
	{"members_url", "/members{/member}"},
	{"public_members_url", "/public_members{/member}"},
}

// roles are GitHub's roles in a repository, the weakest first.
var roles = []string{"read", "triage", "write", "maintain", "admin"}

// permissions writes what a role allows.
func (e *encoder) permissions(role string) *encoder {
	rank := slices.Index(roles, role)
	e.raw(`{"admin":`).flag(rank >= 4).raw(`,"maintain":`).flag(rank >= 3).raw(`,"push":`).flag(rank >= 2)
	return e.raw(`,"triage":`).flag(rank >= 1).raw(`,"pull":`).flag(rank >= 0).raw("}")
}

// listedRepository writes a repository as lists of an organization show it. With a
// role, permissions are that role's. The caller holds the repository's lock.
func (e *encoder) listedRepository(r *Repository, role string, named bool) {
	e.json(r.info.json[:len(r.info.json)-1])
	if role != "" {
		e.raw(`,"permissions":`).permissions(role)
	}
	if named {
		e.raw(`,"role_name":`).str(role)
	}
	e.raw("}")
}

// team writes the shape of the lists of teams.
func (e *encoder) team(o *Organization, t *team) {
	e.teamStart(o, t).raw(`,"parent":`)
	if t.parent == nil {
		e.raw("null}")
		return
	}
	e.teamStart(o, t.parent).raw("}}")
}

func (e *encoder) teamStart(o *Organization, t *team) *encoder {
	privacy := "closed"
	if t.secret {
		privacy = "secret"
	}
	e.raw(`{"name":`).str(t.name).raw(`,"id":`).num(t.id).raw(`,"node_id":`).node("T_", o.account.id, t.id)
	e.raw(`,"slug":`).str(t.slug).raw(`,"description":`).strOrNull(t.description)
	e.raw(`,"privacy":"`).raw(privacy).raw(`","notification_setting":"notifications_enabled","url":"`).raw(apiRoot)
	at := "/organizations/" + decimal(o.account.id) + "/team/" + decimal(t.id)
	e.raw(at).raw(`","html_url":`).str(webRoot + "/orgs/" + o.account.login + "/teams/" + t.slug)
	e.raw(`,"members_url":"`).raw(apiRoot).raw(at).raw(`/members{/member}","repositories_url":"`).raw(apiRoot).raw(at)
	return e.raw(`/repos","permission":"pull","type":"organization","organization_id":`).num(o.account.id)
}

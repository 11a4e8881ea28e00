package githubsim

import (
	"crypto/sha1"
	"strings"
)

// repository writes the shape that GitHub embeds in other objects, which is also
// most of the single shape.
func (e *encoder) repository(r *Repository, info *repoInfo) {
	e.repositoryStart(r, info)
	e.raw("}")
}

func (e *encoder) repositoryStart(r *Repository, info *repoInfo) {
	web := webRoot + "/" + info.fullName
	e.raw(`{"id":`).num(info.id).raw(`,"node_id":`).rootNode("R_", info.id)
	e.raw(`,"name":`).str(info.name).raw(`,"full_name":`).str(info.fullName)
	e.raw(`,"private":`).flag(info.private).raw(`,"owner":`).userRef(r, info.owner)
	e.raw(`,"html_url":`).str(web).raw(`,"description":`).strOrNull(info.description)
	e.raw(`,"fork":`).flag(info.fork).raw(`,"url":"`).raw(apiRoot).raw("/repos/").raw(info.fullName).raw(`"`)
	for _, link := range repositoryLinks {
		e.raw(`,"`).raw(link[0]).raw(`":"`).raw(apiRoot).raw("/repos/").raw(info.fullName).raw(link[1]).raw(`"`)
	}
	e.raw(`,"created_at":`).time(info.created).raw(`,"updated_at":`).time(info.updated)
	e.raw(`,"pushed_at":`).time(info.pushed)
	e.raw(`,"git_url":"git://github.com/`).raw(info.fullName).raw(`.git","ssh_url":"git@github.com:`).raw(info.fullName)
	e.raw(`.git","clone_url":"`).raw(web).raw(`.git","svn_url":"`).raw(web).raw(`","homepage":`).strOrNull(info.homepage)
	e.repositoryCounters(info)
}

func (e *encoder) repositoryCounters(info *repoInfo) {
	stars, forks, open := int64(info.stars), int64(info.forks), int64(info.openIssues)
	e.raw(`,"size":`).num(int64(info.size)).raw(`,"stargazers_count":`).num(stars)
	e.raw(`,"watchers_count":`).num(stars).raw(`,"language":`).strOrNull(info.language)
	e.raw(`,"has_issues":`).flag(info.hasIssues)
	e.raw(`,"has_projects":true,"has_downloads":true,"has_wiki":true,"has_pages":false,"has_discussions":`).flag(info.hasDiscussions)
	e.raw(`,"forks_count":`).num(forks).raw(`,"mirror_url":null,"archived":`).flag(info.archived)
	e.raw(`,"disabled":false,"open_issues_count":`).num(open).raw(`,"license":`).license(info.license)
	e.raw(`,"allow_forking":true,"is_template":false,"web_commit_signoff_required":false,"topics":[`)
	for n, topic := range info.topics {
		if n > 0 {
			e.raw(",")
		}
		e.str(topic)
	}
	e.raw(`],"visibility":`).str(visibility(info.private)).raw(`,"forks":`).num(forks)
	e.raw(`,"open_issues":`).num(open).raw(`,"watchers":`).num(stars).raw(`,"default_branch":`).str(info.defaultBranch)
}

func visibility(private bool) string {
	if private {
		return "private"
	}
	return "public"
}

// license writes GitHub's license-simple by its SPDX id.
func (e *encoder) license(spdx string) *encoder {
	if spdx == "" {
		return e.raw("null")
	}
	key := strings.ToLower(spdx)
	e.raw(`{"key":`).str(key).raw(`,"name":`).str(spdx + " License").raw(`,"spdx_id":`).str(spdx)
	return e.raw(`,"url":`).str(apiRoot+"/licenses/"+key).raw(`,"node_id":`).rootNode("L_", int64(len(key))).raw("}")
}

// singleRepository writes the shape of GET /repos/{owner}/{repo}. What depends
// on the viewer is only there for a request with a token.
func (e *encoder) singleRepository(r *Repository, authenticated bool) {
	e.repositoryStart(r, &r.info)
	if authenticated {
		e.raw(`,"permissions":{"admin":false,"maintain":false,"push":false,"triage":false,"pull":true}`)
		e.raw(`,"temp_clone_token":`)
		if r.info.private {
			sum := sha1.Sum([]byte(r.info.fullName))
			e.str(strings.ToUpper(hash(sum).String()[:29]))
		} else {
			e.raw(`""`)
		}
	}
	e.raw(`,"custom_properties":{}`)
	if owner := &r.users[r.info.owner]; owner.kind == kindOrganization {
		e.raw(`,"organization":`).json(owner.json)
	}
	e.raw(`,"network_count":`).num(int64(r.info.forks)).raw(`,"subscribers_count":`).num(int64(r.subscribers)).raw("}")
}

// repositoryLinks are the links of a repository, in GitHub's order.
var repositoryLinks = [...][2]string{
	{"forks_url", "/forks"},
	{"keys_url", "/keys{/key_id}"},
	{"collaborators_url", "/collaborators{/collaborator}"},
	{"teams_url", "/teams"},
	{"hooks_url", "/hooks"},
	{"issue_events_url", "/issues/events{/number}"},
	{"events_url", "/events"},
	{"assignees_url", "/assignees{/user}"},
	{"branches_url", "/branches{/branch}"},
	{"tags_url", "/tags"},
	{"blobs_url", "/git/blobs{/sha}"},
	{"git_tags_url", "/git/tags{/sha}"},
	{"git_refs_url", "/git/refs{/sha}"},
	{"trees_url", "/git/trees{/sha}"},
	{"statuses_url", "/statuses/{sha}"},
	{"languages_url", "/languages"},
	{"stargazers_url", "/stargazers"},
	{"contributors_url", "/contributors"},
	{"subscribers_url", "/subscribers"},
	{"subscription_url", "/subscription"},
	{"commits_url", "/commits{/sha}"},
	{"git_commits_url", "/git/commits{/sha}"},
	{"comments_url", "/comments{/number}"},
	{"issue_comment_url", "/issues/comments{/number}"},
	{"contents_url", "/contents/{+path}"},
	{"compare_url", "/compare/{base}...{head}"},
	{"merges_url", "/merges"},
	{"archive_url", "/{archive_format}{/ref}"},
	{"downloads_url", "/downloads"},
	{"issues_url", "/issues{/number}"},
	{"pulls_url", "/pulls{/number}"},
	{"milestones_url", "/milestones{/number}"},
	{"notifications_url", "/notifications{?since,all,participating}"},
	{"labels_url", "/labels{/name}"},
	{"releases_url", "/releases{/id}"},
	{"deployments_url", "/deployments"},
}

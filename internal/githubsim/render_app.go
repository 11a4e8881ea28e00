package githubsim

import "time"

// installed is when Apps and installations were made: nobody asks.
const installed = `"2024-02-06T09:12:31Z"`

// githubApp writes the shape of GET /app.
func (e *encoder) githubApp(a *App, installations int) {
	e.raw(`{"id":`).num(a.ID).raw(`,"slug":`).str(a.slug()).raw(`,"node_id":`).rootNode("A_", a.ID)
	e.raw(`,"client_id":`).str("Iv23" + tokenText(uint64(a.ID), 0)[4:20]).raw(`,"owner":`)
	e.user(&user{login: a.Owner, id: loginID(a.Owner)})
	e.raw(`,"name":`).str(a.Name).raw(`,"description":null,"external_url":"https://example.com","html_url":`).str(webRoot + "/apps/" + a.slug())
	e.raw(`,"created_at":` + installed + `,"updated_at":` + installed + `,"permissions":{},"events":[],"installations_count":`)
	e.num(int64(installations)).raw("}")
}

// installation writes an installation of an App's.
func (e *encoder) installation(i *installation, owner *user) {
	id, page, kind := decimal(i.ID), webRoot+"/organizations/"+i.Account+"/settings/installations/", "Organization"
	if i.OfUser {
		page, kind = webRoot+"/settings/installations/", "User"
	}
	e.raw(`{"id":`).num(i.ID).raw(`,"account":`)
	e.user(owner)
	e.raw(`,"repository_selection":`).str(selection(i.Repositories))
	e.raw(`,"access_tokens_url":"`).raw(apiRoot).raw("/app/installations/").raw(id).raw(`/access_tokens","repositories_url":"`)
	e.raw(apiRoot).raw(`/installation/repositories","html_url":`).str(page + id).raw(`,"app_id":`).num(i.app.ID)
	e.raw(`,"app_slug":`).str(i.app.slug()).raw(`,"target_id":`).num(owner.id).raw(`,"target_type":`).str(kind)
	e.raw(`,"permissions":`).granted(i.Permissions)
	e.raw(`,"events":[],"created_at":` + installed + `,"updated_at":` + installed + `,"single_file_name":null`)
	e.raw(`,"has_multiple_single_files":false,"single_file_paths":[],"suspended_by":`)
	if i.SuspendedAt == nil {
		e.raw(`null,"suspended_at":null}`)
		return
	}
	e.user(&user{login: "octocat", id: loginID("octocat")})
	e.raw(`,"suspended_at":`).str(i.SuspendedAt.UTC().Format(time.RFC3339)).raw("}")
}

// granted writes permissions.
func (e *encoder) granted(permissions map[string]string) *encoder {
	e.raw("{")
	for n, name := range sorted(permissions) {
		if n > 0 {
			e.raw(",")
		}
		e.str(name).raw(":").str(permissions[name])
	}
	return e.raw("}")
}

// installationToken writes a new token. It lists repositories only where some were named.
func (e *encoder) installationToken(c *credential, repositories []*Repository) {
	e.raw(`{"token":`).str(c.token).raw(`,"expires_at":`).str(c.expires.UTC().Format(time.RFC3339))
	e.raw(`,"permissions":`).granted(c.permissions).raw(`,"repository_selection":`).str(selection(c.repositories))
	for n, r := range repositories {
		if n == 0 {
			e.raw(`,"repositories":[`)
		} else {
			e.raw(",")
		}
		r.mu.RLock()
		e.json(r.info.json)
		r.mu.RUnlock()
	}
	if len(repositories) > 0 {
		e.raw("]")
	}
	e.raw("}")
}

package githubsim

import (
	"fmt"
	"strings"
)

// tell tells the hooks of an event about the repository, which is locked for writing.
// The payload is GitHub's: the action, what the event is about, and then the
// repository, its organization and who did it.
// Source: docs.github.com/webhooks/webhook-events-and-payloads.
func (r *Repository) tell(event, action string, about func(e *encoder)) {
	if r.hooks == nil {
		return
	}
	r.hooks(event, action, func() []byte {
		e := encoder{b: make([]byte, 0, 8<<10)}
		e.raw("{")
		if action != "" {
			e.raw(`"action":`).str(action).raw(",")
		}
		if about != nil {
			about(&e)
			e.raw(",")
		}
		e.raw(`"repository":`)
		e.singleRepositoryOfHook(r)
		owner := &r.users[r.info.owner]
		if owner.kind == kindOrganization {
			e.raw(`,"organization":`)
			e.hookOrganization(owner)
		}
		e.raw(`,"sender":`).userRef(r, r.info.owner).raw("}")
		return e.b
	})
}

// singleRepositoryOfHook writes the repository as payloads have it.
func (e *encoder) singleRepositoryOfHook(r *Repository) { e.repository(r, &r.info) }

// hookOrganization writes GitHub's organization-simple.
func (e *encoder) hookOrganization(u *user) {
	api := apiRoot + "/orgs/" + u.login
	e.raw(`{"login":`).str(u.login).raw(`,"id":`).num(u.id).raw(`,"node_id":`).rootNode("O_", u.id)
	e.raw(`,"url":`).str(api)
	for _, link := range []string{"repos", "events", "hooks", "issues"} {
		e.raw(`,"` + link + `_url":`).str(api + "/" + link)
	}
	e.raw(`,"members_url":`).str(api + "/members{/member}").raw(`,"public_members_url":`).str(api + "/public_members{/member}")
	e.raw(`,"avatar_url":"https://avatars.githubusercontent.com/u/`).num(u.id).raw(`?v=4","description":""}`)
}

// toHooks sends what happens to a repository to the hooks that want it.
func (s *Server) toHooks(r *Repository) func(event, action string, payload func() []byte) {
	return func(event, action string, payload func() []byte) {
		var d delivery
		for _, h := range s.hooksNow() {
			if !h.wants(event, &r.info) {
				continue
			}
			if d.payload == nil {
				d = delivery{event: event, action: action, repository: r.info.id, payload: payload()}
			}
			d.guid = guid(s.guids.Add(1), h.id)
			h.tell(d)
		}
	}
}

// hooksNow are the hooks. Whoever changes a repository may hold the server's lock.
func (s *Server) hooksNow() []*Hook {
	if all := s.hooks.Load(); all != nil {
		return *all
	}
	return nil
}

// guid makes up a delivery's UUID.
func guid(n uint64, hook int64) string {
	x := fmt.Sprintf("%016x%016x", mix(n), mix(n<<8|uint64(hook)))
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:32]}, "-")
}

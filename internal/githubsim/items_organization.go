package githubsim

import (
	"encoding/json"
	"iter"
)

// OrganizationCollections are the names of what OrganizationItems can read.
func OrganizationCollections() []string {
	return []string{
		"organizations", "organization_repositories", "organization_members", "teams", "team_members", "team_repositories",
	}
}

// OrganizationItems are the items of a collection of an organization as they are now,
// each with its key and its JSON as a list shows it to a request with a token: the
// truth that a mirror is compared with. The key is the id in decimal, below a team
// that of the team, a slash, and the id.
func (s *Server) OrganizationItems(login, collection string) iter.Seq2[string, json.RawMessage] {
	items := s.organizationItems(login, collection)
	return func(yield func(string, json.RawMessage) bool) {
		for _, it := range items {
			if !yield(it.key, it.json) {
				return
			}
		}
	}
}

func (s *Server) organizationItems(login, collection string) (items []item) {
	o := s.Organization(login)
	if o == nil {
		return nil
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	add := func(key string, write func(e *encoder)) {
		e := encoder{}
		write(&e)
		items = append(items, item{key, e.b})
	}
	all := s.repositoriesOf(login, true)
	switch collection {
	case "organizations":
		public := int64(len(s.repositoriesOf(login, false)))
		add(decimal(o.ID()), func(e *encoder) { e.organization(o, true, public, int64(len(all))-public) })
	case "organization_repositories":
		for _, r := range all {
			add(decimal(r.ID()), r.asListed("read", false))
		}
	case "organization_members":
		for _, m := range o.members {
			add(decimal(m.id), func(e *encoder) { e.user(&m.user) })
		}
	case "teams":
		for _, t := range o.teams {
			add(decimal(t.id), func(e *encoder) { e.team(o, t) })
		}
	case "team_members", "team_repositories":
		for _, t := range o.teams {
			s.teamItems(o, t, collection, add)
		}
	}
	return items
}

// teamItems adds what a list of a team shows.
func (s *Server) teamItems(o *Organization, t *team, collection string, add func(string, func(*encoder))) {
	if collection == "team_members" {
		for _, m := range o.membersOf(t) {
			add(decimal(t.id)+"/"+decimal(m.id), func(e *encoder) { e.user(&m.user) })
		}
		return
	}
	for _, g := range s.grantsOf(o, t) {
		add(decimal(t.id)+"/"+decimal(g.ID()), g.asListed(g.role, true))
	}
}

// asListed writes r as a list of an organization shows it.
func (r *Repository) asListed(role string, named bool) func(*encoder) {
	return func(e *encoder) {
		r.mu.RLock()
		defer r.mu.RUnlock()
		e.listedRepository(r, role, named)
	}
}

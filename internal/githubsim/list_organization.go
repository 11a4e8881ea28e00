package githubsim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// organizationQuery is a request for an organization's data. The organization is
// locked for reading while it is answered.
type organizationQuery struct {
	*query
	*Organization
	server *Server
}

// AddOrganization serves an organization from now on, in the place of the one with the
// same login if there is one. Its repositories are those that Add was given, and will
// be, whose owner has its login.
func (s *Server) AddOrganization(o *Organization) {
	o.mu.Lock()
	o.clock = s.options.Now
	o.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.organizations[strings.ToLower(o.Login())] = o
}

// Organization is the organization with a login, nil if there is none.
func (s *Server) Organization(login string) *Organization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.organizations[strings.ToLower(login)]
}

// organizationOf is the organization that a path names, nil if there is none.
func (s *Server) organizationOf(at target) *Organization {
	if at.id == 0 {
		return s.Organization(at.owner)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, o := range s.organizations {
		if o.ID() == at.id {
			return o
		}
	}
	return nil
}

// repositoriesOf are the repositories of an owner that a request may see, by id.
func (s *Server) repositoriesOf(login string, private bool) []*Repository {
	s.mu.RLock()
	all := make([]*Repository, 0, len(s.byID))
	for _, r := range s.byID {
		all = append(all, r)
	}
	s.mu.RUnlock()
	all = slices.DeleteFunc(all, func(r *Repository) bool { return !r.listed(login, private) })
	slices.SortFunc(all, func(a, b *Repository) int { return cmp.Compare(a.ID(), b.ID()) })
	return all
}

// listed tells whether a list of an owner's repositories shows r.
func (r *Repository) listed(login string, private bool) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return !r.gone && sameName(r.users[r.info.owner].login, login) && (private || !r.info.private)
}

// organizationAnswer answers for the organization that the path names.
func (s *Server) organizationAnswer(x *exchange) {
	o := s.organizationOf(x.path)
	hidden := x.route.accepts() == membersRead // all else of an organization is public
	switch {
	case o == nil || !x.credential.owns(o.Login(), "") && (!s.options.ShowPublic || hidden):
		x.notFound()
		return
	case !x.credential.permits(x.route.accepts()):
		x.inaccessible()
		return
	case strings.HasPrefix(x.route.name, "team") && !x.credential.mayReadTeams():
		x.problem(http.StatusForbidden, "Must have admin rights to Repository.", "https://docs.github.com/rest"+x.route.docs)
		return
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	q := &query{exchange: x, params: x.req.URL.Query(), base: "/organizations/" + decimal(o.ID()) + "/" + x.path.rest}
	q.organization = &organizationQuery{query: q, Organization: o, server: s}
	x.route.serve(q)
}

func (q *organizationQuery) single() {
	all := q.server.repositoriesOf(q.Login(), true)
	public := len(q.server.repositoriesOf(q.Login(), false))
	q.enc.organization(q.Organization, q.token != "", int64(public), int64(len(all)-public))
}

// repositories serves GET /orgs/{org}/repos. GitHub sorts by creation, the newest
// first, unless it is told otherwise.
// Source: docs.github.com/rest/repos/repos#list-organization-repositories.
func (q *organizationQuery) repositories() {
	keep := repositoryTypes[q.params.Get("type")]
	var list []listing
	for _, r := range q.server.repositoriesOf(q.Login(), q.token != "") {
		r.mu.RLock()
		info := &r.info
		if q.credential.sees(r, q.server.options.ShowPublic) && (keep == nil || keep(info)) {
			list = append(list, listing{
				r, map[string]int64{"created": int64(info.created), "updated": int64(info.updated), "pushed": int64(info.pushed)}, info.fullName,
			})
		}
		r.mu.RUnlock()
	}
	by := cmp.Or(q.params.Get("sort"), "created")
	slices.SortStableFunc(list, func(a, b listing) int {
		return cmp.Or(cmp.Compare(a.times[by], b.times[by]), strings.Compare(a.orderIn(by), b.orderIn(by)))
	})
	if q.descending(by != "full_name") {
		slices.Reverse(list)
	}
	role := ""
	if q.token != "" {
		role = "read"
	}
	q.plain(len(list), func(n int) { q.listedRepository(list[n].Repository, role, false) })
}

// listing is a repository with what it can be sorted by, as of one moment.
type listing struct {
	*Repository
	times    map[string]int64
	fullName string
}

// orderIn is the name where the list is sorted by it.
func (l listing) orderIn(by string) string {
	if by == "full_name" {
		return strings.ToLower(l.fullName)
	}
	return ""
}

var repositoryTypes = map[string]func(*repoInfo) bool{
	"public":  func(i *repoInfo) bool { return !i.private },
	"private": func(i *repoInfo) bool { return i.private },
	"forks":   func(i *repoInfo) bool { return i.fork },
	"sources": func(i *repoInfo) bool { return !i.fork },
}

func (q *organizationQuery) listedRepository(r *Repository, role string, named bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	q.enc.listedRepository(r, role, named)
}

// organizationMembers serves GET /orgs/{org}/members.
func (q *organizationQuery) organizationMembers() {
	list := slices.DeleteFunc(slices.Clone(q.members), func(m member) bool {
		role := q.params.Get("role")
		return role == "admin" && !m.admin || role == "member" && m.admin
	})
	q.plain(len(list), func(n int) { q.enc.user(&list[n].user) })
}

// identified tells whether the request has a token; if not it is answered.
func (q *organizationQuery) identified() bool {
	if q.token == "" {
		q.unidentified()
	}
	return q.token != ""
}

func (q *organizationQuery) organizationTeams() {
	if q.identified() {
		q.plain(len(q.teams), func(n int) { q.enc.team(q.Organization, q.teams[n]) })
	}
}

// namedTeam is the team that the path names by its slug or its id; the request is
// answered if there is none.
func (q *organizationQuery) namedTeam() (*team, bool) {
	if !q.identified() {
		return nil, false
	}
	name := q.args[0]
	i := slices.IndexFunc(q.teams, func(t *team) bool { return t.slug == name || q.path.id != 0 && decimal(t.id) == name })
	if i < 0 {
		q.notFound()
		return nil, false
	}
	return q.teams[i], true
}

// teamMembers serves a team's members, those of the teams that are parts of it included.
// Source: docs.github.com/rest/teams/members#list-team-members.
func (q *organizationQuery) teamMembers() {
	t, ok := q.namedTeam()
	if !ok {
		return
	}
	q.base = strings.Replace(q.base, "/teams/"+t.slug, "/team/"+decimal(t.id), 1)
	list := q.membersOf(t)
	q.plain(len(list), func(n int) { q.enc.user(&list[n].user) })
}

// membersOf are the members of a team and its parts.
func (o *Organization) membersOf(whole *team) []member {
	var ids []int64
	for _, t := range o.teams {
		if t.within(whole) {
			ids = append(ids, t.members...)
		}
	}
	return slices.DeleteFunc(slices.Clone(o.members), func(m member) bool { return !slices.Contains(ids, m.id) })
}

func (q *organizationQuery) teamRepositories() {
	t, ok := q.namedTeam()
	if !ok {
		return
	}
	q.base = strings.Replace(q.base, "/teams/"+t.slug, "/team/"+decimal(t.id), 1)
	list := q.server.grantsOf(q.Organization, t)
	q.plain(len(list), func(n int) { q.listedRepository(list[n].Repository, list[n].role, true) })
}

// granted is a repository and what a team may do with it.
type granted struct {
	*Repository
	role string
}

// grantsOf are a team's repositories that are still the organization's, by id.
func (s *Server) grantsOf(o *Organization, t *team) []granted {
	var list []granted
	for _, r := range s.repositoriesOf(o.Login(), true) {
		if i := slices.IndexFunc(t.repositories, func(g grant) bool { return g.repository == r.ID() }); i >= 0 {
			list = append(list, granted{r, t.repositories[i].role})
		}
	}
	return list
}

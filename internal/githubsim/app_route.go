package githubsim

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The endpoints of GitHub Apps. All but the last ask for a token that the App signed.
var (
	appRoute               = &route{name: "app", pattern: "app", docs: "/apps/apps#get-the-authenticated-app", ofApp: true}
	appInstallationsRoute  = &route{name: "app_installations", pattern: "app/installations", docs: "/apps/apps#list-installations-for-the-authenticated-app", ofApp: true}
	appInstallationRoute   = &route{name: "app_installation", pattern: "app/installations/#", docs: "/apps/apps#get-an-installation-for-the-authenticated-app", ofApp: true}
	installationTokenRoute = &route{name: "installation_token", pattern: "app/installations/#/access_tokens", docs: "/apps/apps#create-an-installation-access-token-for-an-app", ofApp: true}
	repositoryAppRoute     = &route{name: "repository_installation", pattern: "repos/@/@/installation", docs: "/apps/apps#get-a-repository-installation-for-the-authenticated-app", ofApp: true}
	organizationAppRoute   = &route{name: "organization_installation", pattern: "orgs/@/installation", docs: "/apps/apps#get-an-organization-installation-for-the-authenticated-app", ofApp: true}
	installationReposRoute = &route{name: "installation_repositories", pattern: "installation/repositories", docs: "/apps/installations#list-repositories-accessible-to-the-app-installation"}
	appRoutes              = []*route{appRoute, appInstallationsRoute, appInstallationRoute, installationTokenRoute, repositoryAppRoute, organizationAppRoute, installationReposRoute}
)

// maxTokenRequest is how long the body of a request for a token may be.
const maxTokenRequest = 1 << 20

// matchApp finds the endpoint of an App that a request is for.
func matchApp(method, path string) (*route, target, []string) {
	for _, r := range appRoutes {
		args, ok := r.matches(path)
		read := method == http.MethodGet || method == http.MethodHead
		if !ok || read == (r == installationTokenRoute) || !read && method != http.MethodPost {
			continue
		}
		if r == repositoryAppRoute {
			return r, target{owner: args[0], name: args[1], rest: "installation"}, nil
		}
		return r, target{}, args
	}
	return nil, target{}, nil
}

// appAnswer answers an App, or an installation that asks for its repositories.
func (s *Server) appAnswer(x *exchange) {
	q := &query{exchange: x, params: x.req.URL.Query(), base: x.req.URL.Path}
	switch x.route {
	case appRoute:
		x.enc.githubApp(x.credential.app, len(s.installationsOf(x.credential.app)))
	case appInstallationsRoute:
		list := s.installationsOf(x.credential.app)
		q.plain(len(list), func(n int) { x.enc.installation(list[n], s.ownerOf(list[n].Account, list[n].OfUser)) })
	case installationReposRoute:
		s.installationRepositories(q)
	case repositoryAppRoute:
		s.repositoryInstallation(x)
	default:
		i := s.namedInstallation(x)
		switch {
		case i == nil:
			x.notFound()
		case x.route == installationTokenRoute:
			s.createToken(x, i)
		default:
			now := s.snapshot(i)
			x.enc.installation(now, s.ownerOf(now.Account, now.OfUser))
		}
	}
}

// namedInstallation is the App's installation that the path names by its number or its
// organization, nil if there is none.
func (s *Server) namedInstallation(x *exchange) *installation {
	s.credentials.mu.RLock()
	defer s.credentials.mu.RUnlock()
	for _, i := range s.credentials.installations {
		named := sameName(i.Account, x.args[0]) && !i.OfUser
		if x.route != organizationAppRoute {
			named = decimal(i.ID) == x.args[0]
		}
		if named && i.app == x.credential.app {
			return i
		}
	}
	return nil
}

// snapshot is an installation as it is now.
func (s *Server) snapshot(i *installation) *installation {
	s.credentials.mu.RLock()
	defer s.credentials.mu.RUnlock()
	now := *i
	return &now
}

// installationsOf are those of an App, by number.
func (s *Server) installationsOf(app *App) []*installation {
	s.credentials.mu.RLock()
	defer s.credentials.mu.RUnlock()
	var list []*installation
	for _, i := range s.credentials.installations {
		if i.app == app {
			now := *i
			list = append(list, &now)
		}
	}
	slices.SortFunc(list, func(a, b *installation) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// ownerOf is the user or organization with a login.
func (s *Server) ownerOf(login string, isUser bool) *user {
	owner := &user{login: login, id: loginID(login)}
	if !isUser {
		owner.kind = kindOrganization
		return owner
	}
	for _, u := range s.options.Users {
		if sameName(u.Login, login) {
			owner.id = cmp.Or(u.ID, owner.id)
		}
	}
	return owner
}

// repositoryInstallation answers with the App's installation that may read a repository.
func (s *Server) repositoryInstallation(x *exchange) {
	r := s.lookup(x.path)
	if r == nil {
		x.notFound()
		return
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.gone && !sameName(x.path.owner+"/"+x.path.name, r.info.fullName) {
		x.moved(r)
		return
	}
	for _, i := range s.installationsOf(x.credential.app) {
		reads := credential{scoped: true, owner: i.Account, repositories: i.Repositories}
		if !r.gone && reads.sees(r, false) {
			x.enc.installation(i, s.ownerOf(i.Account, i.OfUser))
			return
		}
	}
	x.notFound()
}

// installationRepositories serves an installation what it may read.
func (s *Server) installationRepositories(q *query) {
	c := q.credential
	switch {
	case q.token == "":
		q.unidentified()
		return
	case c.installation == nil:
		q.problem(http.StatusForbidden, "You must authenticate with an installation access token in order to list repositories for an installation.",
			"https://docs.github.com/rest"+q.route.docs)
		return
	}
	list := slices.DeleteFunc(s.repositoriesOf(c.owner, true), func(r *Repository) bool {
		r.mu.RLock()
		defer r.mu.RUnlock()
		return !c.sees(r, false)
	})
	q.enc.raw(`{"total_count":`).num(int64(len(list))).raw(`,"repository_selection":`).str(selection(c.repositories)).raw(`,"repositories":`)
	q.plain(len(list), func(n int) {
		list[n].mu.RLock()
		defer list[n].mu.RUnlock()
		q.enc.listedRepository(list[n], "read", false)
	})
	q.enc.raw("}")
}

// tokenRequest is what a token is asked to be narrowed to.
type tokenRequest struct {
	Repositories  []string          `json:"repositories"`
	RepositoryIDs []int64           `json:"repository_ids"`
	Permissions   map[string]string `json:"permissions"`
}

// createToken gives an App a token of its installation.
func (s *Server) createToken(x *exchange, i *installation) {
	now := s.snapshot(i)
	if now.SuspendedAt != nil {
		x.problem(http.StatusForbidden, "This installation has been suspended", "https://docs.github.com/rest"+x.route.docs)
		return
	}
	var asked tokenRequest
	body, err := io.ReadAll(io.LimitReader(x.req.Body, maxTokenRequest))
	if err != nil || len(body) > 0 && json.Unmarshal(body, &asked) != nil {
		x.problem(http.StatusBadRequest, "Problems parsing JSON", "https://docs.github.com/rest"+x.route.docs)
		return
	}
	granted := credential{scoped: true, owner: now.Account, repositories: now.Repositories, permissions: now.Permissions}
	repositories, ok := s.narrow(&granted, &asked)
	for name, level := range asked.Permissions {
		ok = ok && granted.permits(name+"="+level)
	}
	if !ok {
		x.problem(http.StatusUnprocessableEntity, "There is at least one repository or permission that does not exist or is not accessible to the parent installation.",
			"https://docs.github.com/rest"+x.route.docs)
		return
	}
	token := s.credentials.mint(i, asked, x.now, s.options.Seed)
	x.status = http.StatusCreated
	x.enc.installationToken(token, repositories)
}

// narrow finds the repositories that a token is asked for, and has them all named; false
// if the installation does not have one of them.
func (s *Server) narrow(granted *credential, asked *tokenRequest) ([]*Repository, bool) {
	wanted := len(asked.Repositories) + len(asked.RepositoryIDs)
	var found []*Repository
	for _, r := range s.repositoriesOf(granted.owner, true) {
		r.mu.RLock()
		named := containsName(asked.Repositories, r.info.name) || slices.Contains(asked.RepositoryIDs, r.info.id)
		if named && granted.sees(r, false) {
			found = append(found, r)
		}
		r.mu.RUnlock()
	}
	asked.Repositories = nil
	for _, r := range found {
		_, name, _ := strings.Cut(r.FullName(), "/")
		asked.Repositories = append(asked.Repositories, name)
	}
	return found, len(found) == wanted
}

// selection is all, or selected if repositories are named.
func selection(names []string) string {
	if names == nil {
		return "all"
	}
	return "selected"
}

// sorted are the names of permissions in order.
func sorted(permissions map[string]string) []string { return slices.Sorted(maps.Keys(permissions)) }

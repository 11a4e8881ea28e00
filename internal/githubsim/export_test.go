package githubsim

import (
	"net/http"
	"slices"
	"strings"
)

// Endpoint is a route as tests see it.
type Endpoint struct {
	Name string
	Path string // as GitHub's documentation writes it, but for the names in braces
	Docs string // the URL that its errors name
}

// Endpoints are all routes of the server: what they are made from, not a copy.
func Endpoints() []Endpoint {
	var all []Endpoint
	for _, r := range slices.Concat(repositoryRoutes, rootRoutes, organizationRoutes) {
		all = append(all, r.endpoint())
	}
	return all
}

// AppEndpoints are the routes of GitHub Apps.
func AppEndpoints() []Endpoint {
	var all []Endpoint
	for _, r := range appRoutes {
		all = append(all, r.endpoint())
	}
	return all
}

// Accepts is what an endpoint of that name asks for.
func Accepts(name string) string { return (&route{name: name}).accepts() }

// EndpointOf is the route that a request is for; ok is false if there is none.
func EndpointOf(req *http.Request) (e Endpoint, ok bool) {
	r, _, _ := match(req)
	return r.endpoint(), r != unknown
}

func (r *route) endpoint() Endpoint {
	path := "/" + strings.NewReplacer("#", "{number}", "*", "{name}", "@", "{slug}").Replace(r.pattern)
	switch {
	case r == repositoryAppRoute:
		path = "/repos/{owner}/{repo}/installation"
	case slices.Contains(repositoryRoutes, r), slices.Contains(hookRoutes, r):
		path = strings.TrimSuffix("/repos/{owner}/{repo}"+path, "/")
	case slices.Contains(organizationRoutes, r):
		path = strings.TrimSuffix("/orgs/{org}"+path, "/")
	}
	return Endpoint{Name: r.name, Path: path, Docs: "https://docs.github.com/rest" + r.docs}
}

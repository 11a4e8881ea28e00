package githubsim_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/conformance"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// appRequests are what is asked of each endpoint of GitHub Apps with a GET.
func appRequests(k *keyed) map[string][]string {
	return map[string][]string{
		"app":                       {"/app"},
		"app_installations":         {"/app/installations", "/app/installations?per_page=2&page=2", "/app/installations?page=4711"},
		"app_installation":          {"/app/installations/" + strconv.Itoa(installation), "/app/installations/" + strconv.Itoa(suspended), "/app/installations/" + strconv.Itoa(ofUser), "/app/installations/1"},
		"organization_installation": {"/orgs/" + organization + "/installation", "/orgs/nobody/installation"},
		"repository_installation":   {"/repos/" + k.inside() + "/installation", base + "/installation", "/repos/a/b/installation", "/repos/" + organization + "/old/installation"},
		"installation_repositories": {"/installation/repositories", "/installation/repositories?per_page=5&page=2", "/installation/repositories?page=4711"},
	}
}

// inside is the name of a repository that the installation may read.
func (k *keyed) inside() string {
	for _, raw := range k.sim.OrganizationItems(organization, "organization_repositories") {
		var r struct {
			FullName string `json:"full_name"`
		}
		if json.Unmarshal(raw, &r) == nil {
			return r.FullName
		}
	}
	return ""
}

// requireInstallations compares a list of installations with the description of single
// ones. Its own is an old server's, version 3.9, by which an account is a user and an
// enterprise at once.
func requireInstallations(t *testing.T, d *conformance.Description, body []byte) {
	t.Helper()
	var list []json.RawMessage
	require.NoError(t, json.Unmarshal(body, &list))
	for _, one := range list {
		findings, err := d.CheckItem("/app/installations/{installation_id}", one)
		require.NoError(t, err)
		require.Empty(t, findings, conformance.Report(findings))
	}
}

// appShapes are what has to be among the answers.
func appShapes() map[string]shape {
	equal := func(field string, value any) func(map[string]any) bool {
		return func(item map[string]any) bool { return item[field] == value }
	}
	set := func(field string) func(map[string]any) bool {
		return func(item map[string]any) bool { return item[field] != nil }
	}
	return map[string]shape{
		"app":                    {"app", equal("slug", "holdfast-test")},
		"suspended":              {"app_installation", set("suspended_at")},
		"selected":               {"app_installations", equal("repository_selection", "selected")},
		"of a user":              {"app_installation", equal("target_type", "User")},
		"of an organization":     {"organization_installation", equal("target_type", "Organization")},
		"no installation":        {"app_installation", equal("message", "Not Found")},
		"no installations":       {"app_installations", nil},
		"moved":                  {"repository_installation", equal("message", "Moved Permanently")},
		"of a repository":        {"repository_installation", set("account")},
		"repositories":           {"installation_repositories", equal("total_count", float64(fullOrganization.Repositories+1))},
		"a token":                {"installation_token", set("token")},
		"a token of one":         {"installation_token", equal("repository_selection", "selected")},
		"a suspended one's":      {"installation_token", equal("message", "This installation has been suspended")},
		"more than there is":     {"installation_token", equal("status", "422")},
		"what no one can read":   {"installation_token", equal("message", "Problems parsing JSON")},
		"another's repositories": {"installation_repositories", equal("status", "403")},
	}
}

func TestEveryEndpointOfAppsAnswersAsDescribed(t *testing.T) {
	t.Parallel()
	d := conformance.GitHub(t)
	k := setupApp(t, githubsim.Options{})
	old := githubsim.Generate(9, githubsim.Spec{Owner: organization, Name: "old"})
	k.sim.Add(old)
	k.sim.Rename(old, "", "new")
	seen, asked := &gallery{left: appShapes()}, appRequests(k)
	app, token := k.signed(t, nil), k.token(t)
	for _, endpoint := range githubsim.AppEndpoints() {
		template, err := d.Template(endpoint.Path)
		require.NoError(t, err, endpoint.Name)
		documentation, err := d.Documentation(template)
		require.NoError(t, err)
		require.Equal(t, documentation[strings.LastIndex(documentation, "/rest"):], strings.TrimPrefix(endpoint.Docs, "https://docs.github.com"), endpoint.Name)
		if endpoint.Name == "installation_token" {
			continue
		}
		require.NotEmpty(t, asked[endpoint.Name], "nothing is asked of %s: add it to appRequests", endpoint.Name)
		for _, path := range asked[endpoint.Name] {
			credential := app
			if endpoint.Name == "installation_repositories" {
				credential = token
			}
			known := k.get(t, path, as(credential)...)
			seen.look(t, endpoint.Name, [][]byte{known.body})
			require.Equal(t, http.StatusUnauthorized, k.get(t, path).StatusCode)
			require.Equal(t, http.StatusUnauthorized, k.get(t, path, as("no")...).StatusCode)
			if tag := known.Header.Get("ETag"); tag != "" && endpoint.Name == "installation_repositories" {
				require.Equal(t, http.StatusNotModified, k.get(t, path, append(as(credential), "If-None-Match", tag)...).StatusCode)
			}
		}
		delete(asked, endpoint.Name)
	}
	require.Empty(t, asked, "there are no such endpoints")
	_, repository, _ := strings.Cut(k.inside(), "/")
	for _, body := range []string{"", `{"repositories": ["` + repository + `"]}`, `{"permissions": {"actions": "write"}}`, "{"} {
		seen.look(t, "installation_token", [][]byte{k.mint(t, installation, body).body})
	}
	seen.look(t, "installation_token", [][]byte{k.mint(t, suspended, "").body})
	other := setupApp(t, githubsim.Options{Tokens: []string{"x"}})
	seen.look(t, "installation_repositories", [][]byte{other.get(t, "/installation/repositories", as("x")...).body})
	require.Empty(t, slices.Sorted(maps.Keys(seen.left)), "no answer had any of these: the comparison proves nothing of them")
}

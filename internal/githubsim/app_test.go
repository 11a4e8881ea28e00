package githubsim_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-github/v58/github"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

const (
	appID        = 4711
	installation = 990011
	suspended    = 990012
	ofUser       = 990013
)

// keyed is a bundle with an App that is installed, and the App's key.
type keyed struct {
	*bundle
	clock *movingClock
	key   *rsa.PrivateKey
}

func setupApp(t *testing.T, options githubsim.Options) *keyed {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	k := &keyed{clock: newMovingClock(), key: key}
	past := k.clock.now().Add(-time.Hour)
	options.Now = k.clock.now
	options.Apps = []githubsim.App{{ID: appID, Name: "Holdfast Test", PublicKey: &key.PublicKey, Installations: []githubsim.Installation{
		{ID: installation, Account: organization, Permissions: map[string]string{"issues": "read", "members": "read"}},
		{ID: suspended, Account: "gone-corp", SuspendedAt: &past},
		{ID: ofUser, Account: "ada", OfUser: true, Repositories: []string{"notes"}},
	}}, {ID: appID + 1, Name: "Another", PublicKey: &key.PublicKey}}
	k.bundle = setup(t, options, githubsim.SpecForItems(100))
	k.organize(t, fullOrganization, false)
	return k
}

// signed is a token of the App with claims that a case changes.
func (k *keyed) signed(t *testing.T, change func(jwt.MapClaims)) string {
	t.Helper()
	now := k.clock.now().Unix()
	claims := jwt.MapClaims{"iss": strconv.Itoa(appID), "iat": now - 60, "exp": now + 540}
	if change != nil {
		change(claims)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(k.key)
	require.NoError(t, err)
	return token
}

// mint asks for a token of an installation.
func (k *keyed) mint(t *testing.T, installation int64, body string) answer {
	t.Helper()
	path := "/app/installations/" + strconv.FormatInt(installation, 10) + "/access_tokens"
	res, err := k.send(t, http.MethodPost, path, bytes.NewBufferString(body), as(k.signed(t, nil))...)
	require.NoError(t, err)
	return res
}

// token is a new one of the installation.
func (k *keyed) token(t *testing.T) string {
	t.Helper()
	res := k.mint(t, installation, "")
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", res.body)
	return res.object(t)["token"].(string)
}

func TestTokensThatAnAppSigned(t *testing.T) {
	t.Parallel()
	k := setupApp(t, githubsim.Options{})
	claim := func(name string, value any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) {
			c[name] = value
			if value == nil {
				delete(c, name)
			}
		}
	}
	now := k.clock.now().Unix()
	for name, tt := range map[string]struct {
		change  func(jwt.MapClaims)
		status  int
		message string
	}{
		"right":              {nil, 200, ""},
		"issuer as a number": {claim("iss", appID), 200, ""},
		"ten minutes":        {claim("exp", now+600), 200, ""},
		"too long":           {claim("exp", now+601), 401, "'Expiration time' claim ('exp') is too far in the future"},
		"expired":            {claim("exp", now), 401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"},
		"no expiry":          {claim("exp", nil), 401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"},
		"issued later":       {claim("iat", now+1), 401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"},
		"not issued":         {claim("iat", nil), 401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"},
		"another app":        {claim("iss", "99"), 404, "Integration not found"},
		"no app":             {claim("iss", nil), 401, "A JSON web token could not be decoded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := k.get(t, "/app", as(k.signed(t, tt.change))...)
			require.Equal(t, tt.status, res.StatusCode, "%s", res.body)
			if tt.message != "" {
				require.Equal(t, tt.message, res.object(t)["message"])
			}
		})
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	claims := jwt.MapClaims{"iss": strconv.Itoa(appID), "iat": now, "exp": now + 60}
	wrongKey, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(other)
	require.NoError(t, err)
	symmetric, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("x"))
	require.NoError(t, err)
	for _, token := range []string{wrongKey, symmetric, "no.t.atoken", "ghs_x"} {
		res := k.get(t, "/app", as(token)...)
		require.Equal(t, http.StatusUnauthorized, res.StatusCode)
		require.Equal(t, "A JSON web token could not be decoded", res.object(t)["message"])
	}
	require.Equal(t, http.StatusUnauthorized, k.get(t, "/app").StatusCode)
	require.Equal(t, http.StatusUnauthorized, k.get(t, base, as(k.signed(t, nil))...).StatusCode, "it is for Apps alone")
}

func TestATokenOfAnInstallation(t *testing.T) {
	t.Parallel()
	k := setupApp(t, githubsim.Options{Limit: 5000})
	res := k.mint(t, installation, "")
	require.Equal(t, http.StatusCreated, res.StatusCode)
	got := res.object(t)
	token := got["token"].(string)
	require.Regexp(t, `^ghs_[0-9A-Za-z]{36}$`, token)
	require.Equal(t, "2025-07-01T13:00:00Z", got["expires_at"])
	require.Equal(t, map[string]any{"issues": "read", "members": "read", "metadata": "read"}, got["permissions"])
	require.Equal(t, "all", got["repository_selection"])
	require.EqualValues(t, 1, k.sim.Mints(installation))
	require.NotEqual(t, token, k.token(t))

	all := k.get(t, "/installation/repositories?per_page=100", as(token)...).object(t)
	require.EqualValues(t, fullOrganization.Repositories, all["total_count"])
	inside := "/repos/" + all["repositories"].([]any)[0].(map[string]any)["full_name"].(string)
	for path, want := range map[string]int{
		inside: 200, inside + "/issues": 200, inside + "/labels": 200, inside + "/pulls": 403, inside + "/commits": 403, inside + "/tags": 200,
		base: 404, "/user": 403, "/orgs/" + organization: 200, "/orgs/" + organization + "/teams": 200,
		"/orgs/" + organization + "/repos": 200, "/rate_limit": 200,
	} {
		res := k.get(t, path, as(token)...)
		require.Equal(t, want, res.StatusCode, "%s %s", path, res.body)
		require.Equal(t, "5000", res.Header.Get("X-RateLimit-Limit"))
		if want == http.StatusForbidden {
			require.Equal(t, "Resource not accessible by integration", res.object(t)["message"])
		}
	}
	require.Equal(t, "issues=read; pull_requests=read", k.get(t, inside+"/labels", as(token)...).Header.Get("X-Accepted-GitHub-Permissions"))

	k.clock.move(time.Hour)
	late := k.get(t, inside, as(token)...)
	require.Equal(t, http.StatusUnauthorized, late.StatusCode)
	require.Equal(t, "Bad credentials", late.object(t)["message"])
}

func TestATokenIsNarrowedToWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	k := setupApp(t, githubsim.Options{})
	var repositories []struct {
		ID   int64
		Name string
	}
	listed := k.get(t, "/orgs/"+organization+"/repos?sort=full_name", as(k.token(t))...)
	require.NoError(t, json.Unmarshal(listed.body, &repositories))
	one, two := repositories[0], repositories[1]
	body := `{"repositories": ["` + one.Name + `"], "permissions": {"issues": "read"}}`
	res := k.mint(t, installation, body).object(t)
	require.Equal(t, "selected", res["repository_selection"])
	require.Len(t, res["repositories"], 1)
	require.Equal(t, map[string]any{"issues": "read", "metadata": "read"}, res["permissions"])
	token := res["token"].(string)
	require.Equal(t, 200, k.get(t, "/repos/"+organization+"/"+one.Name+"/issues", as(token)...).StatusCode)
	require.Equal(t, 404, k.get(t, "/repos/"+organization+"/"+two.Name+"/issues", as(token)...).StatusCode)
	require.Equal(t, 403, k.get(t, "/orgs/"+organization+"/teams", as(token)...).StatusCode)

	byID := k.mint(t, installation, `{"repository_ids": [`+strconv.FormatInt(two.ID, 10)+`]}`)
	require.Equal(t, http.StatusCreated, byID.StatusCode)
	for _, beyond := range []string{`{"permissions": {"issues": "write"}}`, `{"permissions": {"actions": "read"}}`, `{"repositories": ["relay"]}`} {
		require.Equal(t, http.StatusUnprocessableEntity, k.mint(t, installation, beyond).StatusCode, beyond)
	}
}

func TestInstallationsThatAreSuspendedOrChanged(t *testing.T) {
	t.Parallel()
	k := setupApp(t, githubsim.Options{})
	refused := k.mint(t, suspended, "")
	require.Equal(t, http.StatusForbidden, refused.StatusCode)
	require.Equal(t, "This installation has been suspended", refused.object(t)["message"])
	require.Equal(t, http.StatusNotFound, k.mint(t, 1, "").StatusCode)

	token, path := k.token(t), "/orgs/"+organization+"/teams"
	require.Equal(t, 200, k.get(t, path, as(token)...).StatusCode)
	at := k.clock.now()
	require.NoError(t, k.sim.EditInstallation(installation, func(i *githubsim.Installation) { i.SuspendedAt = &at }))
	require.Equal(t, 403, k.get(t, path, as(token)...).StatusCode)
	require.NoError(t, k.sim.EditInstallation(installation, func(i *githubsim.Installation) { i.SuspendedAt = nil }))
	require.Equal(t, 200, k.get(t, path, as(token)...).StatusCode)
	require.NoError(t, k.sim.EditInstallation(installation, func(i *githubsim.Installation) { delete(i.Permissions, "members") }))
	require.Equal(t, 403, k.get(t, path, as(token)...).StatusCode)
	require.Error(t, k.sim.EditInstallation(1, func(*githubsim.Installation) {}))
	k.sim.RevokeToken(token)
	require.Equal(t, 401, k.get(t, path, as(token)...).StatusCode)
}

func TestQueriesOfAnInstallation(t *testing.T) {
	t.Parallel()
	k := setupApp(t, githubsim.Options{})
	inside := githubsim.Generate(5, githubsim.Spec{Owner: organization, Name: "talk", Discussions: 2, Pulls: 1})
	k.sim.Add(inside)
	const repository = `query($owner: String!, $name: String!) {repository(owner: $owner, name: $name) {databaseId discussions(first: 1) {totalCount}}}`
	token := k.token(t)
	outside := k.query(t, repository, map[string]any{"owner": owner, "name": name}, token)
	require.Equal(t, "NOT_FOUND", outside.problem(t)["type"])
	lacking := k.query(t, repository, map[string]any{"owner": organization, "name": "talk"}, token)
	require.Equal(t, "FORBIDDEN", lacking.problem(t)["type"])
	require.Equal(t, "Resource not accessible by integration", lacking.problem(t)["message"])
	require.EqualValues(t, inside.ID(), lacking.at(t, "repository", "databaseId"))
	require.NoError(t, k.sim.EditInstallation(installation, func(i *githubsim.Installation) { i.Permissions["discussions"] = "read" }))
	allowed := k.query(t, repository, map[string]any{"owner": organization, "name": "talk"}, token)
	require.EqualValues(t, 2, allowed.at(t, "repository", "discussions", "totalCount"))
}

func TestAnInstallationIsAnAccountOfItsOwn(t *testing.T) {
	t.Parallel()
	k := setupApp(t, githubsim.Options{Enforce: true})
	k.many = true
	first, second := k.token(t), k.token(t)
	require.Equal(t, "4999", k.get(t, "/orgs/"+organization, as(first)...).Header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "4998", k.get(t, "/orgs/"+organization, as(second)...).Header.Get("X-RateLimit-Remaining"))
	require.Len(t, k.sim.Windows("installation:"+strconv.Itoa(installation)), 1)
	require.Len(t, k.sim.Windows("app:"+strconv.Itoa(appID)), 1)

	for n := range 15 {
		k.sim.Add(githubsim.Generate(uint64(100+n), githubsim.Spec{Owner: organization, Name: "more-" + strconv.Itoa(n)}))
	}
	k.clock.move(2 * time.Hour)
	grown := 5000 + 50*(fullOrganization.Repositories+15-20)
	require.Equal(t, strconv.Itoa(grown), k.get(t, "/rate_limit", as(k.token(t))...).Header.Get("X-RateLimit-Limit"))

	require.True(t, k.sim.Spend("installation:"+strconv.Itoa(installation), 20_000))
	refused := k.get(t, "/orgs/"+organization, as(k.token(t))...)
	require.Contains(t, refused.object(t)["message"], "API rate limit exceeded for installation ID "+strconv.Itoa(installation)+".")
}

// bearer sends a token with every request.
type bearer string

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(req)
}

// go-github's way to a token is the one that the product takes.
func TestGoGitHubGetsAToken(t *testing.T) {
	t.Parallel()
	k := setupApp(t, githubsim.Options{})
	client := github.NewClient(&http.Client{Transport: bearer(k.signed(t, nil))})
	client.BaseURL = k.github(t).BaseURL
	token, _, err := client.Apps.CreateInstallationToken(context.Background(), installation, &github.InstallationTokenOptions{})
	require.NoError(t, err)
	require.Equal(t, k.clock.now().Add(time.Hour).Truncate(time.Second), token.GetExpiresAt().UTC())
	found, _, err := client.Apps.FindOrganizationInstallation(context.Background(), organization)
	require.NoError(t, err)
	require.EqualValues(t, installation, found.GetID())
	require.Equal(t, "read", found.GetPermissions().GetIssues())
}

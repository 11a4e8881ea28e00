package githubsim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// User is a person with an account on GitHub. All tokens of one share its limits.
type User struct {
	Login  string
	ID     int64 // default: made from the login
	Tokens []Token
	// Limit and GraphQLLimit are this user's own. Default: those of Options.
	Limit, GraphQLLimit int
}

// Token is a personal access token. Source: docs.github.com/authentication/
// keeping-your-account-and-data-secure/managing-your-personal-access-tokens.
type Token struct {
	Value string
	// Scopes are what a classic token may do. Without repo it is shown nothing private,
	// without read:org, or more, no teams.
	Scopes []string
	// FineGrained has permissions in place of scopes, for the repositories of Owner.
	FineGrained  bool
	Owner        string            // default: the user
	Repositories []string          // names; nil: all of the owner's
	Permissions  map[string]string // read or write; metadata is always there
	Expires      time.Time         // zero: never
}

// credential is what a request is made with. It does not change: another one takes its
// place.
type credential struct {
	token   string
	account *account
	person  *user // nil: an installation, an app, or nobody

	classic bool // it has scopes
	scopes  []string

	scoped       bool // it sees only this:
	owner        string
	repositories []string          // names; nil: all of the owner's
	permissions  map[string]string // read, write or admin

	expires      time.Time // zero: never
	installation *installation
	narrowed     bool // to fewer repositories or permissions than the installation has
	app          *App
}

// denial is the answer to a credential that is not accepted.
type denial struct {
	status        int
	message, docs string
}

func badCredentials() *denial {
	return &denial{http.StatusUnauthorized, "Bad credentials", "https://docs.github.com/rest"}
}

// credentials are all that a server knows.
type credentials struct {
	options *Options
	size    func(owner string, names []string) (repositories, members int) // of an installation

	mu            sync.RWMutex
	strict        bool // a token that nobody has is not accepted
	anonymous     *credential
	byToken       map[string]*credential
	revoked       map[string]bool
	accounts      map[string]*account
	apps          map[int64]*credential
	installations map[int64]*installation
	minted        uint64
}

func newCredentials(o *Options, size func(string, []string) (int, int)) *credentials {
	c := &credentials{
		options: o, size: size, strict: len(o.Tokens)+len(o.Users)+len(o.Apps) > 0,
		byToken: make(map[string]*credential), revoked: make(map[string]bool), accounts: make(map[string]*account),
		apps: make(map[int64]*credential), installations: make(map[int64]*installation),
	}
	c.anonymous = &credential{account: c.open("anonymous", "127.0.0.1", func(r resource) int {
		if r == queries {
			return 0
		}
		return o.AnonymousLimit
	})}
	for _, u := range o.Users {
		c.addUser(u)
	}
	for _, token := range o.Tokens {
		if c.byToken[token] == nil {
			c.byToken[token] = c.plain(token)
		}
	}
	for _, a := range o.Apps {
		c.addApp(a)
	}
	return c
}

// open is the account with a name, which is made if need be.
func (c *credentials) open(name, who string, limit func(resource) int) *account {
	a := c.accounts[name]
	if a == nil {
		a = &account{name: name, who: who, limit: limit}
		c.accounts[name] = a
	}
	return a
}

// ownLimits are an account's limits where they are its own.
func (c *credentials) ownLimits(requests, points int, grown func() int) func(resource) int {
	return func(r resource) int { return c.options.limitOf(r, [resources]int{requests, points}, grown) }
}

func (c *credentials) addUser(u User) {
	person := &user{login: u.Login, id: cmp.Or(u.ID, loginID(u.Login))}
	id := decimal(person.id)
	account := c.open("user:"+id, "user ID "+id, c.ownLimits(u.Limit, u.GraphQLLimit, nil))
	for _, t := range u.Tokens {
		one := &credential{token: t.Value, account: account, person: person, expires: t.Expires}
		if t.FineGrained {
			one.scoped, one.owner, one.repositories = true, cmp.Or(t.Owner, u.Login), t.Repositories
			one.permissions = withMetadata(t.Permissions)
		} else {
			one.classic, one.scopes = true, t.Scopes
		}
		c.byToken[t.Value] = one
	}
}

// plain is a token of Options.User's that may read everything. It is an account of its
// own unless limits are GitHub's.
func (c *credentials) plain(token string) *credential {
	person := &user{login: c.options.User, id: loginID(c.options.User)}
	name := "token:" + token
	if c.options.Enforce {
		name = "user:" + decimal(person.id)
	}
	account := c.open(name, "user ID "+decimal(person.id), c.ownLimits(0, 0, nil))
	return &credential{token: token, account: account, person: person, classic: true, scopes: []string{"repo", "read:org"}}
}

// find is what a token stands for.
func (c *credentials) find(token string, now time.Time) (*credential, *denial) {
	if token == "" {
		return c.anonymous, nil
	}
	c.mu.RLock()
	found, revoked := c.byToken[token], c.revoked[token]
	suspended := found != nil && found.installation != nil && found.installation.SuspendedAt != nil
	c.mu.RUnlock()
	switch {
	case revoked || found == nil && c.strict || found != nil && !found.expires.IsZero() && !now.Before(found.expires):
		return nil, badCredentials()
	case suspended:
		return nil, &denial{http.StatusForbidden, "This installation has been suspended", "https://docs.github.com/rest"}
	case found != nil:
		return found, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byToken[token] == nil {
		c.byToken[token] = c.plain(token)
	}
	return c.byToken[token], nil
}

// account is the one with a name.
func (c *credentials) account(name string) (*account, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	a, ok := c.accounts[name]
	return a, ok
}

// RevokeToken takes a token away, one of an installation as well: it is answered with
// 401 until RestoreToken.
func (s *Server) RevokeToken(token string) {
	s.credentials.mu.Lock()
	defer s.credentials.mu.Unlock()
	s.credentials.revoked[token] = true
}

// RestoreToken makes a token that was revoked as good as it was.
func (s *Server) RestoreToken(token string) {
	s.credentials.mu.Lock()
	defer s.credentials.mu.Unlock()
	delete(s.credentials.revoked, token)
}

// identify finds whom the request is made for; false if it was refused.
func (s *Server) identify(x *exchange) bool {
	var denied *denial
	if x.route.ofApp {
		x.credential, denied = s.credentials.findApp(x.token, x.now)
	} else {
		x.credential, denied = s.credentials.find(x.token, x.now)
	}
	if denied == nil {
		x.credentialHeaders()
		return true
	}
	s.rateHeaders(x, rate{limit: anonymousRequests, remaining: anonymousRequests, reset: x.now.Add(s.options.Window)})
	x.problem(denied.status, denied.message, denied.docs)
	x.send()
	return false
}

// credentialHeaders say what the token may do and what the endpoint asks for.
// Sources: docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps and
// docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api.
func (x *exchange) credentialHeaders() {
	c := x.credential
	if c.classic {
		x.header.Set("X-OAuth-Scopes", strings.Join(c.scopes, ", "))
		x.header.Set("X-Accepted-OAuth-Scopes", x.route.scopes())
	}
	if c.scoped {
		x.header.Set("X-Accepted-GitHub-Permissions", x.route.accepts())
	}
	if !c.expires.IsZero() && c.installation == nil {
		x.header.Set("GitHub-Authentication-Token-Expiration", c.expires.UTC().Format("2006-01-02 15:04:05 MST"))
	}
}

// sees tells whether a credential is shown a repository, which is locked.
func (c *credential) sees(r *Repository, showPublic bool) bool {
	if !c.scoped {
		return !r.info.private || slices.Contains(c.scopes, "repo")
	}
	return c.owns(r.users[r.info.owner].login, r.info.name) || showPublic && !r.info.private
}

// owns tells whether what an owner has, or one of its repositories, is what the
// credential was made for.
func (c *credential) owns(owner, repository string) bool {
	return !c.scoped || sameName(owner, c.owner) && (repository == "" || c.repositories == nil || containsName(c.repositories, repository))
}

func containsName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return sameName(n, name) })
}

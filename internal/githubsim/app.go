package githubsim

import (
	"cmp"
	"crypto/rsa"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// App is a GitHub App.
type App struct {
	ID        int64
	Name      string         // default: app- and the id
	Owner     string         // login; default: octocat
	PublicKey *rsa.PublicKey // of the key with which it signs
	// TokenLifetime is how long the tokens of installations are good. Default: an hour.
	TokenLifetime time.Duration
	Installations []Installation
}

// Installation is an App in an organization, or with a user.
type Installation struct {
	ID           int64
	Account      string            // login
	OfUser       bool              // the account is a user's
	Permissions  map[string]string // read, write or admin; metadata is always there
	Repositories []string          // names of those that were selected; nil: all
	SuspendedAt  *time.Time
	// Limit and GraphQLLimit are this installation's own. Default: those of Options, or, if
	// limits are GitHub's, what GitHub grants to the installation's size.
	Limit, GraphQLLimit int
}

// installation is one that the server has.
type installation struct {
	Installation
	app     *App
	account *account
	mints   int64
}

// slug is the App's name in URLs.
func (a *App) slug() string { return slugOf(a.Name) }

func (c *credentials) addApp(app App) {
	a := &app
	a.Name, a.Owner = cmp.Or(a.Name, "app-"+decimal(a.ID)), cmp.Or(a.Owner, "octocat")
	a.TokenLifetime = cmp.Or(a.TokenLifetime, time.Hour)
	name := decimal(a.ID)
	c.apps[a.ID] = &credential{app: a, account: c.open("app:"+name, "app ID "+name, c.ownLimits(0, 0, nil))}
	for _, one := range a.Installations {
		i := &installation{Installation: one, app: a}
		i.Permissions = withMetadata(one.Permissions)
		id := decimal(one.ID)
		i.account = c.open("installation:"+id, "installation ID "+id, c.ownLimits(one.Limit, one.GraphQLLimit, func() int { return c.grown(i) }))
		c.installations[one.ID] = i
	}
}

// grown is what GitHub adds to the limits of an installation for its size. Source:
// docs.github.com/apps/creating-github-apps/registering-a-github-app/rate-limits-for-github-apps.
func (c *credentials) grown(i *installation) int {
	c.mu.RLock()
	owner, names := i.Account, i.Repositories
	c.mu.RUnlock()
	repositories, members := c.size(owner, names)
	return installationStep * (max(repositories-installationFree, 0) + max(members-installationFree, 0))
}

// sizeOf counts what an installation may read and the members of its organization.
func (s *Server) sizeOf(owner string, names []string) (repositories, members int) {
	for _, r := range s.repositoriesOf(owner, true) {
		if _, name, _ := strings.Cut(r.FullName(), "/"); names == nil || containsName(names, name) {
			repositories++
		}
	}
	if o := s.Organization(owner); o != nil {
		o.mu.RLock()
		defer o.mu.RUnlock()
		members = len(o.members)
	}
	return repositories, members
}

// EditInstallation changes an installation: its permissions, its repositories, whether it
// is suspended. Its tokens follow, but for what they were narrowed to.
func (s *Server) EditInstallation(id int64, edit func(*Installation)) error {
	c := s.credentials
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.installations[id]
	if i == nil {
		return fmt.Errorf("there is no installation %d", id)
	}
	next := i.Installation
	next.Permissions, next.Repositories = maps.Clone(i.Permissions), slices.Clone(i.Repositories)
	edit(&next)
	next.ID, next.Permissions = id, withMetadata(next.Permissions)
	i.Installation = next
	for token, old := range c.byToken {
		if old.installation == i && !old.narrowed {
			one := *old
			one.owner, one.repositories, one.permissions = i.Account, i.Repositories, i.Permissions
			c.byToken[token] = &one
		}
	}
	return nil
}

// Mints is how many tokens an installation was given.
func (s *Server) Mints(installation int64) int64 {
	s.credentials.mu.RLock()
	defer s.credentials.mu.RUnlock()
	if i := s.credentials.installations[installation]; i != nil {
		return i.mints
	}
	return 0
}

// mint makes a token of an installation.
func (c *credentials) mint(i *installation, narrowed tokenRequest, now time.Time, seed uint64) *credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.minted++
	i.mints++
	one := &credential{
		token: tokenText(seed, c.minted), account: i.account, installation: i,
		scoped: true, owner: i.Account, repositories: i.Repositories, permissions: i.Permissions,
		expires: now.Add(i.app.TokenLifetime).Truncate(time.Second),
	}
	if len(narrowed.Repositories) > 0 {
		one.narrowed, one.repositories = true, narrowed.Repositories
	}
	if len(narrowed.Permissions) > 0 {
		one.narrowed, one.permissions = true, withMetadata(narrowed.Permissions)
	}
	c.byToken[one.token] = one
	return one
}

// tokenText is the n-th token of installations: ghs_ and 36 letters and digits.
func tokenText(seed, n uint64) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	draw := newRandom(seed, hashOf("installation token", strconv.FormatUint(n, 10)))
	text := []byte("ghs_")
	for range 36 {
		text = append(text, letters[draw.below(len(letters))])
	}
	return string(text)
}

package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/connection"
)

// Check is what GitHub says of a connection's credential now.
type Check struct {
	State  connection.State // ok or refused
	Reason string           // why it is refused
	At     time.Time

	Account string // what GitHub's limits are counted on
	Login   string // of the user, or of the account that the App is installed in
	App     string // the App's name; empty for a token
	// Scopes are a classic token's. GitHub does not tell what other tokens may do: of them
	// ScopesKnown is false.
	Scopes      []string
	ScopesKnown bool
	Permissions map[string]string // of an installation: read, write or admin by their names
	ExpiresAt   *time.Time        // of a token that does
	// RepositorySelection is all or selected, and Repositories how many an installation sees.
	RepositorySelection string
	Repositories        *int64

	Rates      budget.Rates // hourly limits; empty where GitHub has none
	Unreadable []Unreadable // in the collections' order
	Notes      []string     // what cannot be known, for people
}

// Unreadable is a collection that a credential cannot read, or of which it is shown a
// part only, and why, for people.
type Unreadable struct {
	Collection string
	Reason     string
}

// ErrNoConnection says that a workspace has no such connection.
var ErrNoConnection = errors.New("there is no such connection")

// Check asks GitHub about a connection's credential, whatever is known of it, and notes
// whether GitHub accepts it. A credential that GitHub refuses is no error. Errors are
// ErrNoConnection, *Error, *budget.LimitError and those of the store.
func (p *Pool) Check(ctx context.Context, workspaceID, connectionID string) (Check, error) {
	w := p.workspace(workspaceID)
	e, held, err := p.freshEntry(ctx, workspaceID, w, connectionID)
	if err != nil {
		return Check{}, err
	}
	c := Check{At: p.o.Now(), State: connection.StateOK, Account: e.account}
	if e.client == nil {
		c.State, c.Reason = connection.StateRefused, e.broken
		return c, p.o.Connections.Refuse(ctx, held.ID, held.Version, e.broken)
	}
	switch held.Kind {
	case connection.KindApp:
		err = c.ofApp(ctx, e, held)
	case connection.KindToken:
		err = c.ofToken(ctx, e)
	case connection.KindAnonymous:
		c.ofNobody()
	}
	if err == nil {
		c.Rates, err = e.client.Rates(ctx)
	}
	if KindOf(err) == KindUnauthorized {
		p.refused(ctx, w, e, reasonOf(err))
		return Check{At: c.At, State: connection.StateRefused, Reason: reasonOf(err), Account: e.account}, nil
	}
	if err != nil {
		return Check{}, err
	}
	if err := p.o.Connections.Accept(ctx, held.ID, held.Version, c.Account, c.Login); err != nil {
		return Check{}, fmt.Errorf("note what GitHub says of a connection: %w", err)
	}
	p.accepted(w, e)
	return c, nil
}

// freshEntry is a connection as it is now, not a few seconds ago.
func (p *Pool) freshEntry(ctx context.Context, workspaceID string, w *workspace, id string) (*entry, connection.Held, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = time.Time{}
	if err := p.read(ctx, workspaceID, w); err != nil {
		return nil, connection.Held{}, err
	}
	e := w.entries[id]
	if e == nil {
		return nil, connection.Held{}, ErrNoConnection
	}
	return e, e.held, nil
}

func (c *Check) ofApp(ctx context.Context, e *entry, held connection.Held) (err error) {
	if c.App, err = e.app.app(ctx); err != nil {
		return err
	}
	i, err := e.app.installation(ctx, held.InstallationID)
	if err != nil {
		return err
	}
	repositories, err := e.client.repositories(ctx)
	if err != nil {
		return err
	}
	c.Login, c.Permissions, c.RepositorySelection, c.Repositories = i.Account.Login, i.Permissions, i.RepositorySelection, &repositories
	c.Unreadable = withheld(func(k collection.Collection) string { return lacksPermission(k, i.Permissions) })
	if i.RepositorySelection == "selected" {
		c.Notes = append(c.Notes, "The App is installed for selected repositories: of others it sees what is public.")
	}
	return nil
}

func (c *Check) ofToken(ctx context.Context, e *entry) error {
	user, granted, err := e.client.user(ctx)
	var answered *Error
	if errors.As(err, &answered) && answered.Kind == KindForbidden {
		c.Notes = append(c.Notes, "GitHub does not say whose the token is: it is of no user.")
		return nil
	}
	if err != nil {
		return err
	}
	c.Account, c.Login = userAccount(user, e.client), user.Login
	if !granted.expires.IsZero() {
		c.ExpiresAt = &granted.expires
	}
	if !granted.classic {
		c.Notes = append(c.Notes, "GitHub does not tell what a fine-grained token may read: a collection that it may not is reported when a sync meets it.")
		return nil
	}
	c.Scopes, c.ScopesKnown = granted.scopes, true
	c.Unreadable = withheld(func(k collection.Collection) string { return lacksScope(k, granted.scopes) })
	return nil
}

func (c *Check) ofNobody() {
	c.Notes = append(c.Notes, "Without a credential GitHub shows what is public, and allows 60 requests an hour.")
	c.Unreadable = withheld(func(k collection.Collection) string {
		if k.Private {
			return "GitHub lists it to nobody without a credential."
		}
		return ""
	})
}

// withheld lists the collections for which why gives a reason.
func withheld(why func(collection.Collection) string) []Unreadable {
	var out []Unreadable
	for _, k := range collection.All() {
		if reason := why(k); reason != "" {
			out = append(out, Unreadable{Collection: k.Name, Reason: reason})
		}
	}
	return out
}

// lacksPermission says which permission an installation lacks for a collection. Each of
// read, write and admin allows to read.
func lacksPermission(k collection.Collection, granted map[string]string) string {
	switch {
	case granted[k.Permission] != "", k.OrPermission != "" && granted[k.OrPermission] != "":
		return ""
	case k.OrPermission != "":
		return fmt.Sprintf("The installation has neither the permission %q nor %q.", k.Permission, k.OrPermission)
	default:
		return fmt.Sprintf("The installation does not have the permission %q.", k.Permission)
	}
}

// lacksScope says which scope a classic token lacks for a collection.
func lacksScope(k collection.Collection, scopes []string) string {
	enough := map[string][]string{
		"repo":     {"repo"},
		"read:org": {"read:org", "write:org", "admin:org"},
	}[k.OAuthScope]
	has := func(scope string) bool { return slices.Contains(scopes, scope) }
	switch {
	case k.OAuthScope == "" || slices.ContainsFunc(enough, has):
		return ""
	case k.OAuthScope == "repo":
		return "Without the scope \"repo\" GitHub shows the token that of public repositories only."
	default:
		return fmt.Sprintf("Without the scope %q GitHub shows the token at most what is public.", k.OAuthScope)
	}
}

func userAccount(u owner, c *Client) string { return fmt.Sprintf("user:%d@%s", u.ID, c.base.Host) }

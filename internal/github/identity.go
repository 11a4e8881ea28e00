package github

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v58/github"
)

// owner is a user or an organization, as GitHub's answers name one.
type owner struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

// grant is what GitHub tells of a token beside its answer.
type grant struct {
	scopes  []string
	classic bool // GitHub tells the scopes of such a token, if there are any
	expires time.Time
}

// user is whose the token is. Source: docs.github.com/rest/users/users#get-the-authenticated-user.
func (c *Client) user(ctx context.Context) (owner, grant, error) {
	var u owner
	resp, _, err := c.get(ctx, "user", Ask{}, &u)
	if err != nil {
		return owner{}, grant{}, err
	}
	if u.ID == 0 {
		return owner{}, grant{}, &Error{Kind: KindUnexpected, Status: resp.StatusCode, Message: "GitHub does not say whose the token is"}
	}
	return u, grantOf(resp), nil
}

// grantOf reads the headers about the token. Sources:
// docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps,
// docs.github.com/authentication/keeping-your-account-and-data-secure/token-expiration-and-revocation.
func grantOf(resp *gogithub.Response) grant {
	g := grant{expires: resp.TokenExpiration.Time}
	told := resp.Header.Values("X-OAuth-Scopes")
	g.classic = len(told) > 0
	for scope := range strings.SplitSeq(strings.Join(told, ","), ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			g.scopes = append(g.scopes, scope)
		}
	}
	return g
}

// installation is what GitHub tells an App of its installation. Source:
// docs.github.com/rest/apps/apps#get-an-installation-for-the-authenticated-app.
type installation struct {
	Account             owner             `json:"account"`
	AppSlug             string            `json:"app_slug"`
	RepositorySelection string            `json:"repository_selection"` // all, selected
	Permissions         map[string]string `json:"permissions"`          // read, write or admin by their names
	SuspendedAt         *time.Time        `json:"suspended_at"`
}

// installation asks as the App. KindUnauthorized: GitHub does not accept the App, does
// not know the installation, or has suspended it.
func (c *Client) installation(ctx context.Context, id int64) (installation, error) {
	page, err := c.Object(ctx, fmt.Sprintf("app/installations/%d", id))
	if err != nil {
		return installation{}, mintError(err)
	}
	// Not by go-github's type, which has a field for each permission that it knows.
	var i installation
	if err := json.Unmarshal(page.Items[0], &i); err != nil {
		return installation{}, &Error{Kind: KindUnexpected, Message: "GitHub's answer about the installation cannot be read", Err: err}
	}
	if i.SuspendedAt != nil {
		return installation{}, &Error{
			Kind: KindUnauthorized, reason: "GitHub has suspended the installation since " + i.SuspendedAt.UTC().Format(time.RFC3339) + ".",
		}
	}
	return i, nil
}

// app is the App as which c asks. Source: docs.github.com/rest/apps/apps#get-the-authenticated-app.
func (c *Client) app(ctx context.Context) (name string, err error) {
	var a struct {
		Name string `json:"name"`
	}
	if _, _, err := c.get(ctx, "app", Ask{}, &a); err != nil {
		return "", mintError(err)
	}
	return a.Name, nil
}

// repositories is how many the installation may see. Source:
// docs.github.com/rest/apps/installations#list-repositories-accessible-to-the-app-installation.
func (c *Client) repositories(ctx context.Context) (int64, error) {
	items, _, err := c.Count(ctx, "installation/repositories?per_page=1", Ask{})
	return items, err
}

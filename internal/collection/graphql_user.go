package collection

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// actor is GraphQL's user.
type actor struct {
	Type       string `json:"__typename"`
	Login      string `json:"login"`
	URL        string `json:"url"`
	AvatarURL  string `json:"avatarUrl"`
	NodeID     string `json:"id"`
	DatabaseID *int64 `json:"databaseId"`
	SiteAdmin  bool   `json:"isSiteAdmin"`
}

// user is REST's simple-user.
type user struct {
	Login        string `json:"login"`
	ID           *int64 `json:"id"`
	NodeID       string `json:"node_id"`
	AvatarURL    string `json:"avatar_url"`
	GravatarID   string `json:"gravatar_id"`
	URL          string `json:"url"`
	HTMLURL      string `json:"html_url"`
	FollowersURL string `json:"followers_url"`
	FollowingURL string `json:"following_url"`
	GistsURL     string `json:"gists_url"`
	StarredURL   string `json:"starred_url"`
	SubsURL      string `json:"subscriptions_url"`
	OrgsURL      string `json:"organizations_url"`
	ReposURL     string `json:"repos_url"`
	EventsURL    string `json:"events_url"`
	ReceivedURL  string `json:"received_events_url"`
	Type         string `json:"type"`
	ViewType     string `json:"user_view_type"`
	SiteAdmin    bool   `json:"site_admin"`
}

// rest is the user as REST shows it; nil for a user who was deleted. GraphQL leaves
// out the "[bot]" of a bot's login, and puts a hash into the addresses of avatars.
func (a *actor) rest(api string) *user {
	if a == nil {
		return nil
	}
	login := a.Login
	if a.Type == "Bot" && !strings.HasSuffix(login, "[bot]") {
		login += "[bot]"
	}
	at := api + "/users/" + url.PathEscape(login)
	return &user{
		Login: login, ID: a.DatabaseID, NodeID: a.NodeID, AvatarURL: avatar(a.AvatarURL), URL: at, HTMLURL: a.URL,
		FollowersURL: at + "/followers", FollowingURL: at + "/following{/other_user}", GistsURL: at + "/gists{/gist_id}",
		StarredURL: at + "/starred{/owner}{/repo}", SubsURL: at + "/subscriptions", OrgsURL: at + "/orgs", ReposURL: at + "/repos",
		EventsURL: at + "/events{/privacy}", ReceivedURL: at + "/received_events",
		Type: a.Type, ViewType: "public", SiteAdmin: a.SiteAdmin,
	}
}

// avatar is an avatar's address without the parameters that REST does not have.
func avatar(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Del("u")
	q.Del("s")
	u.RawQuery = q.Encode()
	return u.String()
}

// encode writes v without the escapes that encoding/json adds for HTML; texts that
// are raw JSON stay as GitHub spelled them.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write an item: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

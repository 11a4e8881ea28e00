package collection

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrSwitchedOff says that the repository has no such list.
var ErrSwitchedOff = errors.New("switched off in the repository")

// Answered is what came of one want, or of a page of a repository's own list.
type Answered struct {
	Missing bool // GitHub has no such parent or thread, or does not show it
	Items   []json.RawMessage
	Total   int    // items of the list, without those of threads
	After   string // where the rest of the list begins; empty: there is none
	Threads []Want // the rests of the threads of its items
}

// queried is the part of an answer that every query has.
type queried struct {
	Repository map[string]json.RawMessage `json:"repository"`
}

// connection is a page of a list.
type connection struct {
	TotalCount int `json:"totalCount"`
	PageInfo   struct {
		HasNextPage bool   `json:"hasNextPage"`
		EndCursor   string `json:"endCursor"`
	} `json:"pageInfo"`
	Nodes []json.RawMessage `json:"nodes"`
}

func (c connection) after() string {
	if c.PageInfo.HasNextPage {
		return c.PageInfo.EndCursor
	}
	return ""
}

// ReadBatch reads the data of BatchQuery: what came of each want.
func (g *GraphQL) ReadBatch(data json.RawMessage, wants []Want) ([]Answered, error) {
	var root map[string]json.RawMessage
	var q queried
	if err := errors.Join(json.Unmarshal(data, &root), json.Unmarshal(data, &q)); err != nil {
		return nil, fmt.Errorf("read a batch of %s: %w", g.Connection, err)
	}
	origin, err := g.origin(q.Repository)
	if err != nil {
		return nil, err
	}
	answers := make([]Answered, len(wants))
	for i, want := range wants {
		raw := q.Repository[Alias(i)]
		if want.Thread != "" {
			raw = root[Alias(i)]
		}
		if answers[i], err = g.readWant(origin, want, raw); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (g *GraphQL) readWant(o Origin, want Want, raw json.RawMessage) (Answered, error) {
	var parent *struct {
		DatabaseID int64       `json:"databaseId"`
		List       *connection `json:"list"`
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &parent); err != nil {
			return Answered{}, fmt.Errorf("read the %s of %d: %w", g.Connection, want.Number, err)
		}
	}
	if parent == nil || parent.List == nil {
		return Answered{Missing: true}, nil
	}
	o.Number, o.ParentID = want.Number, max(parent.DatabaseID, want.ParentID)
	return g.readPage(o, *parent.List)
}

// ReadList reads the data of ListQuery. ErrSwitchedOff says that there is no list.
func (g *GraphQL) ReadList(data json.RawMessage) (Answered, error) {
	var q queried
	if err := json.Unmarshal(data, &q); err != nil {
		return Answered{}, fmt.Errorf("read a page of %s: %w", g.Connection, err)
	}
	origin, err := g.origin(q.Repository)
	if err != nil {
		return Answered{}, err
	}
	var list *connection
	if raw, ok := q.Repository["list"]; ok {
		if err := json.Unmarshal(raw, &list); err != nil {
			return Answered{}, fmt.Errorf("read a page of %s: %w", g.Connection, err)
		}
	}
	if list == nil {
		return Answered{Missing: true}, nil
	}
	return g.readPage(origin, *list)
}

// readPage writes the nodes of a page, and those of their threads behind each, in
// the collection's shape.
func (g *GraphQL) readPage(o Origin, page connection) (Answered, error) {
	a := Answered{Total: page.TotalCount, After: page.after()}
	for _, node := range page.Nodes {
		if string(node) == "null" {
			continue // GitHub does not show it
		}
		item, err := g.Item(o, node)
		if err != nil {
			return Answered{}, fmt.Errorf("read one of the %s of %s: %w", g.Connection, o.Repository, err)
		}
		a.Items = append(a.Items, item)
		if g.Thread == "" {
			continue
		}
		var in struct {
			ID     string      `json:"id"`
			Thread *connection `json:"thread"`
		}
		if err := json.Unmarshal(node, &in); err != nil {
			return Answered{}, fmt.Errorf("read the %s of one of the %s: %w", g.Thread, g.Connection, err)
		}
		if in.Thread == nil {
			continue
		}
		thread, err := g.readPage(o, *in.Thread)
		if err != nil {
			return Answered{}, err
		}
		a.Items = append(a.Items, thread.Items...)
		if thread.After != "" {
			a.Threads = append(a.Threads, Want{Number: o.Number, ParentID: o.ParentID, Thread: in.ID, After: thread.After})
		}
	}
	return a, nil
}

// origin reads where the nodes of an answer belong.
func (g *GraphQL) origin(repository map[string]json.RawMessage) (Origin, error) {
	var o Origin
	var web string
	enabled := true
	err := errors.Join(
		into(repository["databaseId"], &o.RepositoryID), into(repository["nameWithOwner"], &o.Repository),
		into(repository["url"], &web), into(repository["enabled"], &enabled),
	)
	if err != nil || o.Repository == "" {
		return o, fmt.Errorf("read the repository of the %s: %w", g.Connection, errors.Join(err, errors.New("it has no name")))
	}
	if !enabled {
		return o, ErrSwitchedOff
	}
	o.API, err = restRoot(strings.TrimSuffix(web, "/"+o.Repository))
	return o, err
}

func into(raw json.RawMessage, v any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, v)
}

// restRoot is the URL that GitHub writes into its REST API's answers, of the GitHub
// whose pages are below web. Source:
// docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api.
func restRoot(web string) (string, error) {
	u, err := url.Parse(web)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("the repository's address %q is no URL", web)
	}
	if u.Host == "github.com" || strings.HasSuffix(u.Host, ".ghe.com") {
		return u.Scheme + "://api." + u.Host, nil
	}
	return u.Scheme + "://" + u.Host + "/api/v3", nil
}

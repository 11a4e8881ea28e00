package activities

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
)

// queryPage reads a page of a list that only GraphQL has. Its URL stands for the
// query: the walk makes it as it does for REST, and the link to the next page is the
// same with GraphQL's cursor behind it.
func (r *reader) queryPage(ctx context.Context, rawURL string) (github.Page, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return github.Page{}, fatal(typeUnreadableCursor, "The pass's cursor cannot be read.", err)
	}
	asked, definition := u.Query(), r.collection.GraphQL
	var page github.Page
	for shrink := 0; ; shrink++ {
		query := definition.ListQuery(r.in.Owner, r.in.Name, asked.Get("sort"), asked.Get("direction"), asked.Get("after"), shrink)
		result, err := r.client.GraphQL(ctx, query.Text, query.Variables)
		page.Requests += result.Requests
		if github.KindOf(err) == github.KindTooLarge && collection.MaxNodes>>shrink > 1 {
			continue
		}
		if err == nil {
			err = result.Failed("repository")
		}
		if err != nil {
			return page, err
		}
		got, err := definition.ReadList(result.Data)
		if err != nil {
			return page, unreadable(err)
		}
		if problem := result.Within("repository", "list"); problem != nil {
			return page, problem
		}
		page.Items, page.Date = got.Items, result.Date
		page.Last = (got.Total + github.PerPage - 1) / github.PerPage
		if got.After != "" {
			asked.Set("after", got.After)
			page.Next = u.Path + "?" + asked.Encode()
		}
		return page, nil
	}
}

// notListed says to people why there is no list of what only GraphQL has; empty where
// the error is none that says so.
func (r *reader) notListed(err error) string {
	if r.collection.GraphQL == nil || !r.collection.GraphQL.Only {
		return ""
	}
	switch {
	case errors.Is(err, collection.ErrSwitchedOff):
		return r.collection.GraphQL.Off
	case github.KindOf(err) == github.KindNotServed:
		return fmt.Sprintf("GitHub gives %s by GraphQL only, which needs a token and is not served here.", r.collection.Name)
	}
	return ""
}

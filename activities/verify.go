package activities

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/store"
)

const (
	// verifyAtOnce is how many items one commit of a second look is about.
	verifyAtOnce = 50
	// verifyAtMost is how many items are looked at one by one; where more are missing,
	// the list is read again.
	verifyAtMost = 500
)

// verify looks a second time at the items that the list did not show: one by one, or
// in the list read again. Only what is missing in both looks is taken for deleted.
func (r *reader) verify(ctx context.Context) (PagesResult, error) {
	for {
		suspects, n, err := r.Store.Suspects(ctx, r.key, verifyAtOnce)
		if err != nil {
			return PagesResult{}, retryable(err)
		}
		if n > 0 && (r.collection.Item == "" || n > verifyAtMost) {
			return PagesResult{Work: r.work}, r.listAgain(ctx)
		}
		look := r.lookAt(ctx, suspects)
		if look.err != nil {
			return r.stopped(ctx, answer{err: look.err})
		}
		p := r.page(nil)
		p.Gone, p.Present, p.Transfers, p.Requests = look.gone, look.present, look.transfers, look.requests
		if n > int64(len(suspects)) {
			p.Cursor = r.pass.Cursor
			if err := r.write(ctx, p); err != nil || r.late() {
				return PagesResult{Work: r.work}, err
			}
			continue
		}
		err = r.complete(ctx, p, *r.cursor.Left)
		return PagesResult{Done: !r.again(), Work: r.work}, err
	}
}

// listAgain makes the list the second look.
func (r *reader) listAgain(ctx context.Context) error {
	p := r.page(nil)
	if err := setCursor(&p, r.cursor.ListAgain()); err != nil {
		return err
	}
	return r.write(ctx, p)
}

// secondLook is what came of looking at some items.
type secondLook struct {
	gone, present []string
	transfers     []store.Transfer
	requests      int64
	err           error // of what ends the step
}

// lookAt asks for each of some items. That GitHub has one no more is believed only if
// the repository, or the organization, can be read afterwards with the same credential.
func (r *reader) lookAt(ctx context.Context, suspects []store.Suspect) secondLook {
	answers := make([]answer, len(suspects))
	r.together(len(suspects), func(i int) {
		path := r.collection.ItemPath(r.in.Owner, r.in.Name, suspects[i].Key, suspects[i].Number)
		answers[i].page, answers[i].err = r.client.Object(ctx, path)
	})
	var l secondLook
	for i, s := range suspects {
		a := answers[i]
		l.requests += a.page.Requests
		switch {
		case a.err == nil:
			l.seen(r.collection, s, a.page.Items[0], "repos/"+r.in.Owner+"/"+r.in.Name+"/")
		case missing(a.err):
			l.gone = append(l.gone, s.Key)
		default:
			return secondLook{err: a.err}
		}
	}
	if len(l.gone) > len(l.transfers) {
		page, err := r.client.Object(ctx, r.scopePath())
		l.requests, l.err = l.requests+page.Requests, err
	}
	return l
}

// scopePath is the path of what the collection belongs to.
func (r *reader) scopePath() string {
	if r.collection.Scope == collection.ScopeOrganization {
		return "orgs/" + r.in.Owner
	}
	return "repos/" + r.in.Owner + "/" + r.in.Name
}

// seen takes what GitHub answers for an item: the item, or another one to which it
// redirects, since it was transferred or renamed.
func (l *secondLook) seen(c collection.Collection, s store.Suspect, raw json.RawMessage, home string) {
	item, err := c.Prepare(raw)
	if err != nil || item.Key == s.Key {
		// What cannot be read is there all the same.
		l.present = append(l.present, s.Key)
		return
	}
	l.gone = append(l.gone, s.Key)
	var at struct {
		URL string `json:"url"`
	}
	if json.Unmarshal(raw, &at) == nil && at.URL != "" && !strings.Contains(strings.ToLower(at.URL), "/"+strings.ToLower(home)) {
		l.transfers = append(l.transfers, store.Transfer{Key: s.Key, Number: s.Number, ToURL: at.URL})
	}
}

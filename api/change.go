package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// changePoll is how often a request that waits looks for changes.
const changePoll = 500 * time.Millisecond

// Change is one difference of one item, as streams tell it too.
type Change = progress.Change

type listChangesInput struct {
	After      string `query:"after" maxLength:"64" doc:"Where to go on: next_cursor of the answer before, or now for what changes from now on. Leave it out for the first change that is kept."`
	Limit      int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many to list at most."`
	Wait       int    `query:"wait" minimum:"0" maximum:"20" default:"0" doc:"How many seconds to wait for a change when there is none yet."`
	Collection string `query:"collection" maxLength:"64" doc:"Only items of this collection."`
	Repository string `query:"repository" maxLength:"250" doc:"Only items of the repository that has this owner/name now."`
	Kind       string `query:"kind" enum:"created,updated,deleted" doc:"Only changes of this kind."`
	Source     string `query:"source" enum:"sync,webhook,sweep,edit" doc:"Only what operations of this source observed."`
}

type listChangesOutput struct {
	Body struct {
		Changes    []Change `json:"changes" nullable:"false"`
		NextCursor string   `json:"next_cursor" doc:"Where to go on. It is always there: an answer may hold no changes, because none match among those it looked at or nothing has changed yet."`
	}
}

func listChangesSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-changes", Summary: "Follow what changes", Tags: []string{"changes"}, Security: needsToken(),
		Description: "Lists what was observed to differ, in the order of its numbers. Whoever goes on from each answer's next_cursor sees every change once: " +
			"none is skipped, however late its page commits. A cursor whose changes are not all kept any more answers 410.",
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusGone, http.StatusServiceUnavailable},
	}
}

func (a *API) listChanges(ctx context.Context, in *listChangesInput) (*listChangesOutput, error) {
	if fields := a.changeFields(in); len(fields) > 0 {
		return nil, invalid(ctx, fields...)
	}
	f := operation.ChangeFilter{
		After: in.After, Collection: in.Collection, Repository: in.Repository,
		Kind: operation.ChangeKind(in.Kind), Source: operation.Source(in.Source), Limit: in.Limit,
		Visible: visibleTo(ctx),
	}
	until := time.Now().Add(time.Duration(in.Wait) * time.Second)
	for {
		changes, next, err := a.opts.Changes.Changes(ctx, workspaceOf(ctx), f)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		f.After = next
		if len(changes) > 0 || !a.awaitChange(ctx, until) {
			out := &listChangesOutput{}
			out.Body.Changes, out.Body.NextCursor = fromChanges(changes), next
			return out, nil
		}
	}
}

// awaitChange waits a moment, and tells whether to look again.
func (a *API) awaitChange(ctx context.Context, until time.Time) bool {
	left := time.Until(until)
	if left <= 0 {
		return false
	}
	timer := time.NewTimer(min(left, changePoll))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-a.ending.Done():
		return false
	}
}

func (a *API) changeFields(in *listChangesInput) []Field {
	var fields []Field
	if in.Collection != "" && !slices.Contains(slices.Concat(a.opts.Collections, a.opts.OrganizationCollections), in.Collection) {
		fields = append(fields, Field{Location: "query.collection", Message: "is not a collection"})
	}
	if in.Repository != "" {
		if err := parseRepository(in.Repository); err != nil {
			fields = append(fields, Field{Location: "query.repository", Message: err.Error()})
		}
	}
	return fields
}

type itemHistoryInput struct {
	RepositoryPath
	Page
	Collection string    `path:"collection" maxLength:"64" doc:"A collection of repositories." example:"issues"`
	Item       string    `path:"item" maxLength:"1024" doc:"The item's number where items of the collection have numbers, else its key. A / in a key is written %2F." example:"17"`
	AsOf       time.Time `query:"as_of" doc:"The item as the mirror had it at this time, instead of its changes."`
}

type itemHistoryOutput struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent from the last."`
	Body struct {
		Collection string          `json:"collection" example:"issues"`
		Key        string          `json:"key" doc:"What identifies the item in its collection."`
		Number     int64           `json:"number,omitempty" doc:"The item's number; absent where it has none."`
		AsOf       *time.Time      `json:"as_of,omitempty" doc:"The time that was asked for; absent where changes are listed."`
		Item       json.RawMessage `json:"item,omitempty" doc:"With as_of: the item as it was then, as GitHub's list showed it."`
		Changes    []Change        `json:"changes,omitempty" doc:"The item's changes, newest first; absent with as_of, and where none are kept."`
		NextCursor string          `json:"next_cursor,omitempty" doc:"Absent from the last page."`
	}
}

func itemHistorySpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-item-history", Summary: "Read an item's past", Tags: []string{"changes"}, Security: needsToken(),
		Description: "Lists the changes of one item that are kept, newest first, or with as_of the item as the mirror had it then. " +
			"404 with as_of: the mirror did not have the item then. 410: changes are not kept that far back, or what it was then was purged.",
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusGone, http.StatusServiceUnavailable},
	}
}

func (a *API) itemHistory(ctx context.Context, in *itemHistoryInput) (*itemHistoryOutput, error) {
	if err := in.visible(ctx); err != nil {
		return nil, a.fail(ctx, err)
	}
	ref := operation.ItemRef{Repository: in.fullName(), Collection: in.Collection, Item: in.Item}
	out := &itemHistoryOutput{}
	out.Body.Collection = in.Collection
	if !in.AsOf.IsZero() {
		state, err := a.opts.Changes.ItemAt(ctx, workspaceOf(ctx), ref, in.AsOf)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		at := in.AsOf.UTC()
		out.Body.Key, out.Body.Number, out.Body.AsOf, out.Body.Item = state.Key, state.Number, &at, state.Item
		return out, nil
	}
	history, next, err := a.opts.Changes.ItemHistory(ctx, workspaceOf(ctx), ref, in.Cursor, in.Limit)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out.Body.Key, out.Body.Number, out.Body.Changes, out.Body.NextCursor = history.Key, history.Number, fromChanges(history.Changes), next
	if r := requestOf(ctx); r != nil {
		out.Link = in.next(r.path, next, nil)
	}
	return out, nil
}

// fromChanges are changes as clients see them.
func fromChanges(changes []operation.Change) []Change {
	out := make([]Change, len(changes))
	for i, c := range changes {
		out[i] = progress.FromChange(c)
	}
	return out
}

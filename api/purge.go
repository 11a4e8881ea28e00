package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

type purgeInput struct {
	RepositoryPath
	Body struct {
		Collection string `json:"collection" minLength:"1" maxLength:"64" doc:"The item's collection." example:"issues"`
		Key        string `json:"key,omitempty" maxLength:"1024" doc:"What identifies the item in its collection. Either this or number."`
		Number     int64  `json:"number,omitempty" minimum:"1" doc:"The item's number, where it has one. Either this or key." example:"17"`
		Field      string `json:"field,omitempty" maxLength:"200" doc:"Only this member of the item, or a path to one: * stands for every element of a list. Leave it out for the whole item." example:"body"`
	}
}

// Purged is what was erased.
type Purged struct {
	Collection string    `json:"collection" example:"issues"`
	Key        string    `json:"key" doc:"What identifies the item in its collection."`
	Number     int64     `json:"number,omitempty" doc:"The item's number; absent where it has none."`
	Field      string    `json:"field,omitempty" doc:"What of the item is null from now on; absent where all of it was erased."`
	PurgedAt   time.Time `json:"purged_at" doc:"When it was asked for first."`
	PurgedBy   string    `json:"purged_by" doc:"Subject of the token that asked for it first."`
	Changes    int64     `json:"changes" doc:"Earlier states of the item that were erased by this request."`
	Deliveries int64     `json:"deliveries" doc:"Webhook deliveries whose payload was erased by this request."`
}

type purgeOutput struct {
	Body struct {
		Purged []Purged `json:"purged" nullable:"false" doc:"The item, and what shows the same object: a pull request is an issue as well."`
	}
}

func purgeSpec() huma.Operation {
	return huma.Operation{
		OperationID: "purge-item", Summary: "Erase an item, or a field of it, for good", Tags: []string{"changes"}, Security: needsToken(),
		Description: "Erases the content from the mirror, the item's history, the search, and the webhook deliveries that mention the item. " +
			"No sync brings it back. That it was erased, when and by whom stays. Asking again changes nothing more.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

// Resolve wants the item to be named in one way.
func (in *purgeInput) Resolve(huma.Context) []error {
	if (in.Body.Key == "") == (in.Body.Number == 0) {
		return []error{&huma.ErrorDetail{Location: "body", Message: "must have either key or number"}}
	}
	return nil
}

var _ huma.Resolver = (*purgeInput)(nil)

func (a *API) purge(ctx context.Context, in *purgeInput) (*purgeOutput, error) {
	by := subjectOf(ctx)
	list, err := a.opts.Changes.Purge(ctx, workspaceOf(ctx), operation.Purge{
		Repository: in.fullName(), Collection: in.Body.Collection, Key: in.Body.Key, Number: in.Body.Number, Field: in.Body.Field, By: by,
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &purgeOutput{}
	out.Body.Purged = make([]Purged, len(list))
	for i, p := range list {
		out.Body.Purged[i] = Purged{
			Collection: p.Collection, Key: p.Key, Number: p.Number, Field: p.Field,
			PurgedAt: p.At.UTC(), PurgedBy: p.By, Changes: p.Changes, Deliveries: p.Deliveries,
		}
		a.logger(ctx).InfoContext(ctx, "purged", "repository", in.fullName(), "collection", p.Collection, "number", p.Number, "field", p.Field, "by", by)
	}
	return out, nil
}

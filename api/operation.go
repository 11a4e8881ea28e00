package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// Page is what every list takes. Huma reads embedded parameters of exported types only.
type Page struct {
	Cursor string `query:"cursor" maxLength:"512" doc:"Where the page begins: next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many to list at most."`
}

// next is the Link header that leads to the page after this one, as RFC 8288
// writes it; empty after the last.
func (p Page) next(path, cursor string, filters map[string]string) string {
	if cursor == "" {
		return ""
	}
	query := url.Values{"cursor": {cursor}, "limit": {strconv.Itoa(p.Limit)}}
	for name, value := range filters {
		if value != "" {
			query.Set(name, value)
		}
	}
	return "<" + path + "?" + query.Encode() + `>; rel="next"`
}

type listOperationsInput struct {
	Page
	State         []string  `query:"state" enum:"pending,awaiting_approval,running,paused,cancelling,succeeded,failed,cancelled,rejected" minItems:"1" maxItems:"9" nullable:"false" doc:"Only operations in this state, or in one of these, separated by commas." example:"[\"running\",\"paused\"]"`
	Kind          string    `query:"kind" enum:"sync_repository,sync_organization,reconcile_repository" doc:"Only operations of this kind."`
	Subject       string    `query:"subject" minLength:"1" maxLength:"250" doc:"Only operations that work on this: owner/name, or an organization's login, in any case." example:"octocat/hello-world"`
	CreatedAfter  time.Time `query:"created_after" doc:"Only operations that were created then or later."`
	CreatedBefore time.Time `query:"created_before" doc:"Only operations that were created earlier."`
	Parent        string    `query:"parent" format:"uuid" doc:"The operations that are parts of this one, such as those of an organization's repositories. Leave it out for operations that stand by themselves."`
}

type listOperationsOutput struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent from the last."`
	Body struct {
		Operations []progress.Operation `json:"operations" nullable:"false"`
		NextCursor string               `json:"next_cursor,omitempty" doc:"Absent from the last page."`
	}
}

func listOperationsSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-operations", Summary: "List operations, newest first", Tags: []string{"operations"}, Security: needsToken(),
		Description: "A key that is limited to repositories sees the operations of those.",
		Errors:      []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}
}

func (a *API) listOperations(ctx context.Context, in *listOperationsInput) (*listOperationsOutput, error) {
	filter := in.filter()
	filter.Visible = visibleTo(ctx)
	ops, next, err := a.opts.Operations.Operations(ctx, workspaceOf(ctx), filter)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &listOperationsOutput{Link: in.next("/v1/operations", next, in.query())}
	out.Body.NextCursor = next
	out.Body.Operations = make([]progress.Operation, len(ops))
	for i, op := range ops {
		out.Body.Operations[i] = progress.FromOperation(op)
	}
	return out, nil
}

// filter is what the request asks for.
func (in *listOperationsInput) filter() operation.Filter {
	f := operation.Filter{Kind: operation.Kind(in.Kind), Subject: in.Subject, Parent: in.Parent, Cursor: in.Cursor, Limit: in.Limit}
	for _, state := range in.State {
		f.States = append(f.States, operation.State(state))
	}
	if !in.CreatedAfter.IsZero() {
		f.CreatedAfter = &in.CreatedAfter
	}
	if !in.CreatedBefore.IsZero() {
		f.CreatedBefore = &in.CreatedBefore
	}
	return f
}

// query is what the next page is asked for with as well.
func (in *listOperationsInput) query() map[string]string {
	q := map[string]string{"state": strings.Join(in.State, ","), "kind": in.Kind, "subject": in.Subject, "parent": in.Parent}
	for name, at := range map[string]time.Time{"created_after": in.CreatedAfter, "created_before": in.CreatedBefore} {
		if !at.IsZero() {
			q[name] = at.Format(time.RFC3339Nano)
		}
	}
	return q
}

// Resolve holds the parent's id to the one form of ids, where there is one.
func (in *listOperationsInput) Resolve(huma.Context) []error {
	if in.Parent == "" {
		return nil
	}
	id, ok := canonicalID(in.Parent)
	if !ok {
		return []error{&huma.ErrorDetail{Location: "query.parent", Message: notUUID}}
	}
	in.Parent = id
	return nil
}

var _ huma.Resolver = (*listOperationsInput)(nil)

// IDPath is the path parameter of everything that is about one operation, or one key.
type IDPath struct {
	ID string `path:"id" format:"uuid" doc:"Its id."`
}

// Resolve brings the id into the one form in which it is kept, logged and compared.
func (in *IDPath) Resolve(huma.Context) []error {
	id, ok := canonicalID(in.ID)
	if !ok {
		return []error{&huma.ErrorDetail{Location: "path.id", Message: notUUID}}
	}
	in.ID = id
	return nil
}

var _ huma.Resolver = (*IDPath)(nil)

// notUUID is what huma says of an id that is none.
const notUUID = "expected string to be RFC 4122 uuid"

// canonicalID is an id in lower case, and whether it is a UUID as RFC 9562 writes it:
// the parser takes braces, URNs and a UUID without hyphens as well.
func canonicalID(id string) (string, bool) {
	parsed, err := uuid.Parse(id)
	lower := strings.ToLower(id)
	return lower, err == nil && parsed.String() == lower
}

type operationOutput struct{ Body progress.Operation }

func getOperationSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-operation", Summary: "Read an operation", Tags: []string{"operations"}, Security: needsToken(),
		Description: "Its state, the work done for each collection, what it waits for and when it will have ended. Its stream tells when that changes.",
		Errors:      []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) getOperation(ctx context.Context, in *IDPath) (*operationOutput, error) {
	about(ctx, in.ID)
	op, err := a.visible(ctx, in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &operationOutput{Body: progress.FromOperation(op)}, nil
}

// visible is an operation that whoever asks may see. To the others it is not there.
func (a *API) visible(ctx context.Context, id string) (operation.Operation, error) {
	op, err := a.opts.Operations.Operation(ctx, workspaceOf(ctx), id)
	if err == nil && !visibleTo(ctx).MatchSubject(op.Subject) {
		return operation.Operation{}, operation.NotFound("There is no such operation.")
	}
	return op, err //nolint:wrapcheck // it has a code to decide on
}

// mustSee is for what changes an operation: nothing is, unless whoever asks may see it.
func (a *API) mustSee(ctx context.Context, id string) error {
	if len(visibleTo(ctx)) == 0 {
		return nil
	}
	_, err := a.visible(ctx, id)
	return err
}

package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// syncRequest is operation.SyncInput as the body of POST /v1/syncs.
type syncRequest struct {
	Repository  string   `json:"repository" maxLength:"250" example:"octocat/hello-world" doc:"The repository to mirror, as owner/name."`
	Collections []string `json:"collections,omitempty" minItems:"1" maxItems:"100" nullable:"false" doc:"Only these collections. Leave it out to mirror all of them; an empty list is refused." example:"[\"issues\",\"pulls\"]"`
}

type startSyncInput struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"printable ASCII without spaces" doc:"Makes the request safe to repeat: the same key with the same body answers with the same operation, with another body it is refused. Use a UUID."`
	RawBody        []byte
	Body           syncRequest
}

// Resolve refuses what huma takes for something that was left out: an empty
// Idempotency-Key, all but the first of several, and null for the collections. The
// request would do more than its sender thinks, or be less safe to repeat.
func (in *startSyncInput) Resolve(ctx huma.Context) []error {
	var errs []error
	var names map[string]json.RawMessage
	// A body that is no object has been refused already.
	if err := json.Unmarshal(in.RawBody, &names); err == nil && string(names["collections"]) == "null" {
		errs = append(errs, &huma.ErrorDetail{Location: "body.collections", Message: "expected array; leave it out to mirror all"})
	}
	var keys []string
	ctx.EachHeader(func(name, value string) {
		if http.CanonicalHeaderKey(name) == "Idempotency-Key" {
			keys = append(keys, value)
		}
	})
	switch {
	case len(keys) > 1:
		errs = append(errs, &huma.ErrorDetail{Location: "header.Idempotency-Key", Message: fmt.Sprintf("is sent %d times, and may be once", len(keys))})
	case len(keys) == 1 && keys[0] == "":
		errs = append(errs, &huma.ErrorDetail{Location: "header.Idempotency-Key", Message: "is empty: send a key, or leave the header out"})
	}
	return errs
}

var _ huma.Resolver = (*startSyncInput)(nil)

// accepted is the answer to a request whose work goes on after it.
type accepted struct {
	Location string `header:"Location" doc:"Where the operation is found."`
	Body     progress.Operation
}

func startSyncSpec() huma.Operation {
	return huma.Operation{
		OperationID: "start-sync", Summary: "Mirror a repository now", Tags: []string{"operations"}, Security: needsToken(),
		Description:   "Starts an operation that brings the mirror of a repository up to date, and answers before it is done. Follow it at its `/stream`.",
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) startSync(ctx context.Context, in *startSyncInput) (*accepted, error) {
	request, fields := a.normalize(in.Body)
	if len(fields) > 0 {
		return nil, invalid(ctx, fields...)
	}
	n, err := a.newSync(ctx, request, in.IdempotencyKey)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	op, _, err := a.opts.Operations.CreateOperation(ctx, n)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	about(ctx, op.ID)
	if op.State != operation.StatePending { // repeated after it had begun
		return accept(op), nil
	}
	if err := a.opts.Starter.Start(ctx, op); err != nil {
		if operation.CodeOf(err) != operation.CodeUnavailable {
			return nil, a.fail(ctx, err)
		}
		// The row is there, and the sweeper starts what it finds: nothing is lost.
		a.logger(ctx).WarnContext(ctx, "operation will be started later", "error", err)
	}
	return accept(op), nil
}

// normalize checks a request and brings it into the one form that equal requests
// share: collections in the plan's order, each once.
func (a *API) normalize(r syncRequest) (syncRequest, []Field) {
	var fields []Field
	if err := parseRepository(r.Repository); err != nil {
		fields = append(fields, Field{Location: "body.repository", Message: err.Error()})
	}
	for i, name := range r.Collections {
		if !slices.Contains(a.opts.Collections, name) {
			fields = append(fields, Field{
				Location: fmt.Sprintf("body.collections[%d]", i),
				Message:  "is not a collection; there are " + strings.Join(a.opts.Collections, ", "),
			})
		}
	}
	asked := r.Collections
	r.Collections = nil
	for _, name := range a.opts.Collections {
		if slices.Contains(asked, name) {
			r.Collections = append(r.Collections, name)
		}
	}
	return r, fields
}

// newSync is the operation that a normalized request asks for.
func (a *API) newSync(ctx context.Context, r syncRequest, key string) (operation.New, error) {
	input, err := json.Marshal(operation.SyncInput(r))
	if err != nil {
		return operation.New{}, fmt.Errorf("encode the input: %w", err)
	}
	same := operation.SyncInput(r)
	same.Repository = strings.ToLower(r.Repository) // GitHub's names ignore case
	compared, err := json.Marshal(same)
	if err != nil {
		return operation.New{}, fmt.Errorf("encode what is compared: %w", err)
	}
	hash := sha256.Sum256(compared)
	return operation.New{
		ID: a.opts.NewID(), WorkspaceID: workspaceOf(ctx), Kind: operation.KindSyncRepository,
		Subject: r.Repository, Input: input, IdempotencyKey: key, RequestHash: hash[:],
	}, nil
}

// accept answers with an operation that goes on.
func accept(op operation.Operation) *accepted {
	return &accepted{Location: "/v1/operations/" + op.ID, Body: progress.FromOperation(op)}
}

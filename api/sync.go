package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

type startSyncInput struct {
	KeyHeader
	PreferHeader
	RawBody []byte
	Body    syncRequest
}

// Resolve refuses what huma takes for something that was left out: null for a list. The
// request would do more than its sender thinks.
func (in *startSyncInput) Resolve(ctx huma.Context) []error {
	errs := append(in.KeyHeader.Resolve(ctx), in.PreferHeader.Resolve(ctx)...)
	var names map[string]json.RawMessage
	// A body that is no object has been refused already.
	if err := json.Unmarshal(in.RawBody, &names); err == nil {
		for _, list := range in.Body.lists() {
			if string(names[list]) == "null" {
				errs = append(errs, &huma.ErrorDetail{Location: "body." + list, Message: "expected array; leave it out where it is not needed"})
			}
		}
	}
	return errs
}

var _ huma.Resolver = (*startSyncInput)(nil)

// accepted is the answer to a request whose work goes on after it.
type accepted struct {
	Status            int    `json:"-"`
	Location          string `header:"Location" doc:"Where the operation is found."`
	PreferenceApplied string `header:"Preference-Applied" doc:"The preference that was heeded, if one was."`
	Body              progress.Operation
}

func startSyncSpec() huma.Operation {
	return waitable(huma.Operation{
		OperationID: "start-sync", Summary: "Mirror a repository or an organization now", Tags: []string{"operations"}, Security: needsToken(),
		Description: "Starts an operation that brings the mirror of a repository up to date, or of an organization with its repositories, and answers before it is done. " +
			"Follow it at its `/stream`. Each repository of an organization is synced by an operation of its own; `GET /v1/operations?parent=` lists them.",
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	})
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
	if !visibleTo(ctx).MatchSubject(n.Subject) {
		return nil, newProblem(ctx, http.StatusForbidden, "forbidden", "This key is limited to some repositories, and this is not among them.")
	}
	return a.begin(ctx, n, in.wait)
}

// newSync is the operation that a normalized request asks for.
func (a *API) newSync(ctx context.Context, r syncRequest, key string) (operation.New, error) {
	input, err := json.Marshal(r.input())
	if err != nil {
		return operation.New{}, fmt.Errorf("encode the input: %w", err)
	}
	same := r.input()
	same.Repository, same.Organization = strings.ToLower(r.Repository), strings.ToLower(r.Organization) // GitHub's names ignore case
	compared, err := json.Marshal(same)
	if err != nil {
		return operation.New{}, fmt.Errorf("encode what is compared: %w", err)
	}
	hash := sha256.Sum256(compared)
	n := operation.New{
		ID: a.opts.NewID(), WorkspaceID: workspaceOf(ctx), Kind: operation.KindSyncRepository, Source: operation.SourceSync,
		Subject: r.Repository, Input: input, RequestedBy: subjectOf(ctx), IdempotencyKey: key, RequestHash: hash[:],
	}
	if r.Organization != "" {
		n.Kind, n.Subject = operation.KindSyncOrganization, r.Organization
	}
	if r.Full {
		n.Kind, n.Source = operation.KindReconcileRepository, operation.SourceSweep
	}
	return n, nil
}

// accept answers with an operation that goes on.
func accept(op operation.Operation) *accepted {
	return &accepted{Status: http.StatusAccepted, Location: "/v1/operations/" + op.ID, Body: progress.FromOperation(op)}
}

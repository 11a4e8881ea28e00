package api

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

type retryInput struct {
	IDPath
	KeyHeader
	PreferHeader
}

// Resolve holds all that is embedded to its form.
func (in *retryInput) Resolve(ctx huma.Context) []error {
	errs := append(in.IDPath.Resolve(ctx), in.KeyHeader.Resolve(ctx)...)
	return append(errs, in.PreferHeader.Resolve(ctx)...)
}

var _ huma.Resolver = (*retryInput)(nil)

func retryOperationSpec() huma.Operation {
	spec := steering("retry-operation", "Repeat an operation",
		"Starts a new operation that does what this one was asked to do; `retry_of` of the new one says so. Only what failed, was cancelled or was rejected can be repeated. "+
			"What the first has mirrored is not read again: the bookmarks stand where it left them.")
	return waitable(spec)
}

// retryOperation starts an operation that does what another one did not get done.
func (a *API) retryOperation(ctx context.Context, in *retryInput) (*accepted, error) {
	about(ctx, in.ID)
	old, err := a.visible(ctx, in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	if !old.State.Retryable() {
		return nil, a.fail(ctx, operation.Conflict(fmt.Sprintf("The operation %s; only what failed, was cancelled or was rejected can be repeated.", old.State.Phrase())))
	}
	hash := sha256.Sum256([]byte("retry " + old.ID))
	return a.begin(ctx, operation.New{
		ID: a.opts.NewID(), WorkspaceID: old.WorkspaceID, Kind: old.Kind, Source: retried(old.Source), RetryOf: old.ID, Subject: old.Subject, Input: old.Input,
		RequestedBy: subjectOf(ctx), IdempotencyKey: in.IdempotencyKey, RequestHash: hash[:],
	}, in.wait)
}

// retried is the source of an operation that repeats one of that source: a request asks
// for it, but a sweep's repairs are still a sweep's.
func retried(source operation.Source) operation.Source {
	if source == operation.SourceSweep {
		return operation.SourceSweep
	}
	return operation.SourceSync
}

// begin makes a new operation, or finds the one that its key has made, starts it, and
// waits for its end as long as whoever asks prefers.
func (a *API) begin(ctx context.Context, n operation.New, wait waitFor) (*accepted, error) {
	op, _, err := a.opts.Operations.CreateOperation(ctx, n)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	about(ctx, op.ID)
	a.opts.Waker.Wake(ctx, op.WorkspaceID, op.ID) // for those who follow all operations
	if op.State == operation.StatePending {       // otherwise it is repeated after it had begun
		if err := a.opts.Starter.Start(ctx, op); err != nil {
			if operation.CodeOf(err) != operation.CodeUnavailable {
				return nil, a.fail(ctx, err)
			}
			// The row is there, and the sweeper starts what it finds: nothing is lost.
			a.logger(ctx).WarnContext(ctx, "operation will be started later", "error", err)
		}
	}
	return a.settled(ctx, op, wait), nil
}

// waitable describes what may be waited for.
func waitable(spec huma.Operation) huma.Operation {
	spec.Responses = map[string]*huma.Response{"200": {Description: "The operation has ended within the time that `Prefer: wait` gives."}}
	spec.Errors = append(spec.Errors, http.StatusBadRequest)
	return spec
}

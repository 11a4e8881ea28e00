package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// TypeNotRunning is the type of the error of a step whose operation was cancelled
// or has ended: there is nothing to report, and nothing was written.
const TypeNotRunning = "operation_not_running"

// TypeRejected is the type of the error of a step whose operation was rejected instead
// of approved: nothing was read.
const TypeRejected = "operation_rejected"

// TypeStepFailed is the type of the error of a step that failed for a reason of
// ours, such as a database that is away.
const TypeStepFailed = "step_failed"

// Retry bounds what a step survives by being repeated. Its backoff is what a
// waiting operation shows as the time of the next attempt.
const (
	RetryFirst   = time.Second
	RetryLongest = time.Minute
)

// fatal is an error that repeating does not help. Its type becomes the failure's
// code and its message is for people; the cause is for the log.
func fatal(code, message string, cause error) error {
	return temporal.NewNonRetryableApplicationError(message, code, cause)
}

// typeUnreadableCursor is the type of the error of a pass whose place cannot be read.
const typeUnreadableCursor = "unreadable_cursor"

// isFatal tells an error of fatal that ends the collection's work, not the
// operation being stopped.
func isFatal(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.NonRetryable() && app.Type() != TypeNotRunning
}

// retryable marks an error of ours that passes by itself: the database is away.
func retryable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return temporal.NewApplicationErrorWithCause("A step failed and is tried again.", TypeStepFailed, err)
}

// unknown marks a step of a collection that this worker does not know: a newer one,
// which is being deployed beside it, does.
func unknown(name string) error {
	return temporal.NewApplicationError("This worker does not know the collection "+name+".", "unknown_collection")
}

// commitError translates what CommitPage says.
func commitError(err error) error {
	if errors.Is(err, store.ErrNotRunning) {
		return fatal(TypeNotRunning, "The operation may not go on.", err)
	}
	return retryable(err)
}

// refused decides what follows when GitHub did not give what was asked: a wait, a
// retry, or the end. What it decides is recorded for people to see.
func (a *asking) refused(ctx context.Context, op operation.Operation, err error, collection, what string) (*Wait, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	kind := github.KindOf(err)
	w, held := a.heldBy(err)
	if kind == github.KindUnauthorized {
		w, held = a.dismissed(ctx, op.WorkspaceID)
	}
	if held {
		w.Collection = collection
		return a.hold(ctx, op, w)
	}
	message := refusal(kind, what)
	if kind != github.KindUnreachable {
		return nil, fatal(string(kind), message, err)
	}
	until := a.Now().Add(nextRetry(activity.GetInfo(ctx).Attempt))
	w = operation.Waiting{For: string(kind), Reason: message, Until: until, Collection: collection}
	if err := a.waiting(ctx, op, w); err != nil {
		return nil, err
	}
	return nil, temporal.NewApplicationErrorWithCause(message, string(kind), err)
}

// waiting records what a collection waits for.
func (a *Sync) waiting(ctx context.Context, op operation.Operation, w operation.Waiting) error {
	event, err := a.Store.SetWaiting(ctx, op.WorkspaceID, op.ID, w)
	if err == nil {
		a.Metrics.countWait(ctx, w.For, w.Until.Sub(a.Now()))
	}
	return a.told(ctx, event, err)
}

// goesOn records that a collection waits no more.
func (a *Sync) goesOn(ctx context.Context, op operation.Operation, collection string) error {
	if op.Waiting == nil || op.Waiting.Collection != collection {
		return nil
	}
	event, err := a.Store.ClearWaiting(ctx, op.WorkspaceID, op.ID, collection)
	return a.told(ctx, event, err)
}

func (a *Sync) told(ctx context.Context, event *operation.Event, err error) error {
	if err != nil {
		return retryable(err)
	}
	if event != nil {
		a.Publisher.Publish(ctx, *event)
	}
	return nil
}

func nextRetry(attempt int32) time.Duration {
	return min(RetryFirst<<min(attempt-1, 10), RetryLongest)
}

func refusal(kind github.Kind, what string) string {
	switch kind {
	case github.KindUnauthorized:
		return fmt.Sprintf("GitHub does not show %s: the credential is missing, wrong, expired or revoked.", what)
	case github.KindForbidden:
		return fmt.Sprintf("The token may not read %s.", what)
	case github.KindNotFound:
		return fmt.Sprintf("GitHub has no %s, or the token may not see it.", what)
	case github.KindGone:
		return fmt.Sprintf("GitHub says that %s is gone.", what)
	case github.KindBlocked:
		return fmt.Sprintf("GitHub has blocked %s for legal reasons.", what)
	case github.KindUnreachable:
		return "GitHub does not answer properly."
	case github.KindConflict, github.KindRejected, github.KindUnexpected, github.KindNotServed, github.KindTooLarge:
		return fmt.Sprintf("GitHub refused to list %s.", what)
	}
	return fmt.Sprintf("GitHub refused to list %s.", what)
}

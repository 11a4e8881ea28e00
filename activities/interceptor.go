package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
)

// persistent is the attempt with which an error of ours that passes by itself has
// not: it is then reported as an error, once.
const persistent = 3

// NewInterceptor makes a worker's interceptor that tells log how steps fail, and
// notes in each step's context which operation it is for, and in whose turn it asks GitHub.
func NewInterceptor(log *slog.Logger) interceptor.WorkerInterceptor { return &observer{log: log} }

type observer struct {
	interceptor.WorkerInterceptorBase
	log *slog.Logger
}

// InterceptActivity puts the observer around a step.
func (o *observer) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	i := &stepObserver{log: o.log}
	i.Next = next
	return i
}

type stepObserver struct {
	interceptor.ActivityInboundInterceptorBase
	log *slog.Logger
}

// ref tells which operation a step's input is for.
func (r OperationRef) ref() OperationRef { return r }

// ExecuteActivity runs the step. A panic becomes an error that is tried again, as
// it would without the observer, but its text stays out of the workflow's history.
func (o *stepObserver) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	info := activity.GetInfo(ctx)
	ids := &operation.IDs{Operation: info.WorkflowExecution.ID}
	if len(in.Args) > 0 {
		if input, ok := in.Args[0].(interface{ ref() OperationRef }); ok {
			ids.Workspace, ids.Operation = input.ref().WorkspaceID, input.ref().OperationID
		}
	}
	ctx = operation.WithIDs(ctx, ids)
	ctx = budget.WithFlow(ctx, budget.Flow{Lane: laneOf(info.Priority), Workspace: ids.Workspace, Operation: ids.Operation})
	defer func() {
		if cause := recover(); cause != nil {
			o.log.ErrorContext(ctx, "step panicked", "activity_type", info.ActivityType.Name, "attempt", info.Attempt,
				"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			result, err = nil, temporal.NewApplicationError("A step failed and is tried again.", TypeStepFailed)
		}
	}()
	result, err = o.Next.ExecuteActivity(ctx, in)
	if err != nil && !errors.Is(err, activity.ErrResultPending) && ctx.Err() == nil {
		o.log.Log(ctx, severity(err, info.Attempt), "step failed", "activity_type", info.ActivityType.Name, "attempt", info.Attempt, "error", err)
	}
	return result, err
}

// laneOf is the lane in which the requests of a step with a priority stand; the lowest
// one serves whatever is less urgent still.
func laneOf(p temporal.Priority) budget.Lane {
	if lane := budget.Lane(p.PriorityKey); lane >= budget.LaneInteractive && lane < budget.LaneBackfill {
		return lane
	}
	return budget.LaneBackfill
}

// severity tells what operators should look at, errors of ours, from what belongs to
// the work: what GitHub refuses, and operations that were stopped.
func severity(err error, attempt int32) slog.Level {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return slog.LevelError
	}
	switch github.Kind(app.Type()) {
	case TypeNotRunning, TypeRejected, TypeHeld:
		return slog.LevelInfo
	case github.KindUnauthorized, github.KindForbidden, github.KindNotFound, github.KindConflict, github.KindGone,
		github.KindBlocked, github.KindUnreachable:
		return slog.LevelWarn
	default:
	}
	if app.NonRetryable() || attempt == persistent {
		return slog.LevelError
	}
	return slog.LevelWarn
}

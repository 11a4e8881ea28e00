package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// ErrWorkerStops is the cause with which a worker that has to end soon ends the
// context of its steps.
var ErrWorkerStops = errors.New("the worker stops")

// TypeWorkerStopped is the type of the error of a step whose worker was stopped
// before the step ended. Nothing is lost: what it committed stays.
const TypeWorkerStopped = "worker_stopped"

// handBackDelay is when another worker may go on: at once, whatever attempt it is.
const handBackDelay = 100 * time.Millisecond

// NewHandBack makes a worker's interceptor that gives a step back to Temporal which
// ErrWorkerStops has ended. Without it the step would be tried again with the pause
// of a failure, and without ErrWorkerStops only after its worker was found dead.
func NewHandBack() interceptor.WorkerInterceptor { return &handBack{} }

type handBack struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity puts the interceptor around a step.
func (*handBack) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	i := &stepHandBack{}
	i.Next = next
	return i
}

type stepHandBack struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity runs the step.
func (i *stepHandBack) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := i.Next.ExecuteActivity(ctx, in)
	if err == nil || !errors.Is(context.Cause(ctx), ErrWorkerStops) {
		return result, err
	}
	return nil, temporal.NewApplicationErrorWithOptions("The worker was stopped; another one goes on.", TypeWorkerStopped,
		temporal.ApplicationErrorOptions{Cause: err, NextRetryDelay: handBackDelay})
}

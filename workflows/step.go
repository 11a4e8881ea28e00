package workflows

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

// stepOptions are how a workflow runs one of its steps.
type stepOptions struct {
	queue     string
	summary   string // for people
	workspace string
	lane      int
	timeout   time.Duration // of one attempt
	heartbeat time.Duration // how long an attempt may be silent; 0: to its end
	attempts  int32         // 0: any number
}

// in is ctx for the step.
func (s stepOptions) in(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           s.queue,
		StartToCloseTimeout: s.timeout,
		HeartbeatTimeout:    s.heartbeat,
		RetryPolicy:         retryPolicy(s.attempts),
		Summary:             s.summary,
		Priority:            temporal.Priority{PriorityKey: s.lane, FairnessKey: s.workspace},
	})
}

// retryPolicy allows that many attempts; 0: any number.
func retryPolicy(attempts int32) *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: activities.RetryFirst, BackoffCoefficient: 2, MaximumInterval: activities.RetryLongest, MaximumAttempts: attempts,
	}
}

// childSync is an operation that another workflow runs.
type childSync struct {
	activities.OperationRef
	kind    operation.Kind
	subject string
	lane    int
	close   enumspb.ParentClosePolicy // what becomes of it when its parent ends before it
	awaited bool                      // a parent that is cancelled waits until it has ended
}

// run starts the operation's workflow and waits for its end.
func (c childSync) run(ctx workflow.Context) error {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            c.OperationID,
		TaskQueue:             TaskQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     c.close,
		WaitForCancellation:   c.awaited,
		StaticSummary:         string(c.kind) + " " + c.subject,
		Priority:              temporal.Priority{PriorityKey: c.lane, FairnessKey: c.WorkspaceID},
		TypedSearchAttributes: attributesOf(c.WorkspaceID, c.kind, c.subject, operation.StatePending),
	})
	in := SyncRepositoryInput{OperationRef: c.OperationRef, Subject: c.subject, Lane: c.lane}
	return workflow.ExecuteChildWorkflow(ctx, workflowType(c.kind), in).Get(ctx, nil)
}

package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

// patience is how long a request of the API waits for Temporal. What Temporal did
// not take by then the sweeper hands it later.
const patience = 5 * time.Second

// Starter starts and stops the workflows of operations. A workflow's id is its
// operation's id, so that no operation ever has two.
type Starter struct {
	temporal  client.Client
	namespace string
}

// NewStarter talks to Temporal through c, a client of that namespace.
func NewStarter(c client.Client, namespace string) *Starter {
	return &Starter{temporal: c, namespace: namespace}
}

// Start starts an operation's workflow. Starting one that runs, or has ended, is
// no error and starts nothing.
func (s *Starter) Start(ctx context.Context, op operation.Operation) error {
	name := workflowType(op.Kind)
	if name == "" {
		return &operation.Error{Code: operation.CodeInvalid, Message: fmt.Sprintf("There is no operation of the kind %q.", op.Kind)}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.execute(ctx, op, name)
	var invalid *serviceerror.InvalidArgument
	if errors.As(err, &invalid) {
		// A namespace that was made anew lacks the search attributes.
		if err = EnsureSearchAttributes(ctx, s.temporal, s.namespace); err == nil {
			err = s.execute(ctx, op, name)
		}
	}
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return nil
	}
	return translate("start the workflow of operation "+op.ID, err)
}

func (s *Starter) execute(ctx context.Context, op operation.Operation, name string) error {
	_, err := s.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       op.ID,
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            string(op.Kind) + " " + op.Subject,
		Priority:                 temporal.Priority{PriorityKey: laneOf(op), FairnessKey: op.WorkspaceID},
		TypedSearchAttributes:    attributesOf(op.WorkspaceID, op.Kind, op.Subject, op.State),
	}, name, SyncRepositoryInput{
		OperationRef: activities.OperationRef{WorkspaceID: op.WorkspaceID, OperationID: op.ID}, Subject: op.Subject, Lane: laneOf(op),
	})
	return err
}

// Cancel asks an operation's workflow to stop. One that has ended, or never
// began, has nothing to stop.
func (s *Starter) Cancel(ctx context.Context, op operation.Operation) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.temporal.CancelWorkflow(ctx, op.ID, "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil
	}
	return translate("cancel the workflow of operation "+op.ID, err)
}

// Tell tells an operation's workflow that the operation's row has changed. One that has
// ended, or never began, sees it there when it begins.
func (s *Starter) Tell(ctx context.Context, op operation.Operation) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.temporal.SignalWorkflow(ctx, op.ID, "", SignalChanged, nil)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil
	}
	return translate("tell the workflow of operation "+op.ID, err)
}

// Check tells whether Temporal answers.
func (s *Starter) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return translate("reach Temporal", err)
}

// translate turns Temporal's errors into the domain's, once. All of them count as
// passing: what Temporal refuses today (search attributes that no worker has added
// yet, among others) the sweeper tries again.
func translate(what string, err error) error {
	if err == nil {
		return nil
	}
	return &operation.Error{
		Code: operation.CodeUnavailable, Message: "The workflow service cannot be reached. Try again shortly.",
		Err: fmt.Errorf("%s: %w", what, err),
	}
}

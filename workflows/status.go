package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/holdfast/holdfast/internal/operation"
)

// runningPage is how many workflows are listed at a time.
const runningPage = 500

// Status tells whether an operation's workflow is there and has not ended.
func (s *Starter) Status(ctx context.Context, op operation.Operation) (operation.WorkflowStatus, error) {
	d, err := s.temporal.DescribeWorkflowExecution(ctx, op.ID, "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return operation.WorkflowMissing, nil
	}
	if err != nil {
		return "", translate("look at the workflow of operation "+op.ID, err)
	}
	info := d.GetWorkflowExecutionInfo()
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return operation.WorkflowEnded, nil
	default: // running, paused, or gone on as a new run
		if operation.State(attribute(info.GetSearchAttributes(), AttributeState.GetName())).Held() {
			return operation.WorkflowHeld, nil
		}
		return operation.WorkflowOpen, nil
	}
}

// attribute is a keyword among search attributes; empty where it is not set.
func attribute(among *commonpb.SearchAttributes, name string) string {
	var value string
	if payload := among.GetIndexedFields()[name]; payload != nil {
		if converter.GetDefaultDataConverter().FromPayload(payload, &value) != nil {
			return "" // it is of another type, and none of ours
		}
	}
	return value
}

// Running names the operations, by workspace and id alone, that have a running workflow,
// a page at a time.
func (s *Starter) Running(ctx context.Context, page []byte) (named []operation.Operation, next []byte, err error) {
	var types []string
	for _, kind := range operation.Kinds() {
		types = append(types, "'"+workflowType(kind)+"'")
	}
	listed, err := s.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: s.namespace, PageSize: runningPage, NextPageToken: page,
		Query: fmt.Sprintf("ExecutionStatus = 'Running' AND WorkflowType IN (%s)", strings.Join(types, ", ")),
	})
	if err != nil {
		return nil, nil, translate("list running workflows", err)
	}
	for _, w := range listed.GetExecutions() {
		op := operation.Operation{ID: w.GetExecution().GetWorkflowId(), WorkspaceID: attribute(w.GetSearchAttributes(), AttributeWorkspace.GetName())}
		if uuid.Validate(op.ID) == nil && uuid.Validate(op.WorkspaceID) == nil { // otherwise somebody else's
			named = append(named, op)
		}
	}
	return named, listed.GetNextPageToken(), nil
}

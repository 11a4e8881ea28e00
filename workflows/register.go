package workflows

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Register adds every workflow to a worker of TaskQueue.
func Register(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(SyncRepository, workflow.RegisterOptions{Name: SyncRepositoryType})
}

// EnsureSearchAttributes adds the search attributes that operations carry to the
// namespace. Those that are there already stay.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	attributes := map[string]enumspb.IndexedValueType{}
	for _, name := range []string{AttributeWorkspace.GetName(), AttributeRepository.GetName(), AttributeKind.GetName(), AttributeState.GetName()} {
		attributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list Temporal's search attributes: %w", err)
	}
	for name := range known.GetCustomAttributes() {
		delete(attributes, name)
	}
	if len(attributes) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: attributes,
	})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("add Temporal's search attributes: %w", err)
	}
	return nil
}

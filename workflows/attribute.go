package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/operation"
)

// attributeNames are the search attributes that operations carry, all keywords.
func attributeNames() []string {
	return []string{AttributeWorkspace.GetName(), AttributeRepository.GetName(), AttributeKind.GetName(), AttributeState.GetName()}
}

// attributesOf are the search attributes of an operation's workflow.
func attributesOf(workspaceID string, kind operation.Kind, subject string, state operation.State) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		AttributeWorkspace.ValueSet(workspaceID), AttributeRepository.ValueSet(subject),
		AttributeKind.ValueSet(string(kind)), AttributeState.ValueSet(string(state)),
	)
}

// EnsureSearchAttributes adds the search attributes that operations carry to the
// namespace. Those that are there already stay. Where Temporal lets nobody add them
// over this connection, as Temporal Cloud does, it is enough that they are there; if
// they are not, the error says how to add them.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	missing, err := unlisted(ctx, c, namespace)
	if refused(err) {
		if missing, err = unsearchable(ctx, c, namespace); err != nil {
			return err
		}
		return addByHand(namespace, missing, nil)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	add := &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: map[string]enumspb.IndexedValueType{}}
	for _, name := range missing {
		add.SearchAttributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, add)
	var exists *serviceerror.AlreadyExists
	switch {
	case err == nil, errors.As(err, &exists):
		return nil
	case refused(err):
		return addByHand(namespace, missing, err)
	default:
		return fmt.Errorf("add Temporal's search attributes: %w", err)
	}
}

// unlisted are the attributes that the namespace does not list.
func unlisted(ctx context.Context, c client.Client, namespace string) ([]string, error) {
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("list Temporal's search attributes: %w", err)
	}
	return slices.DeleteFunc(attributeNames(), func(name string) bool {
		_, ok := known.GetCustomAttributes()[name]
		return ok
	}), nil
}

// unsearchable are the attributes that Temporal refuses to search by: the one way to
// learn of them that needs no right but to read workflows.
func unsearchable(ctx context.Context, c client.Client, namespace string) ([]string, error) {
	var missing []string
	for _, name := range attributeNames() {
		_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: name + " = 'none'"})
		var invalid *serviceerror.InvalidArgument
		switch {
		case errors.As(err, &invalid):
			missing = append(missing, name)
		case err != nil:
			return nil, fmt.Errorf("look for Temporal's search attributes: %w", err)
		}
	}
	return missing, nil
}

// refused tells whether Temporal does not let this client manage search attributes.
func refused(err error) bool {
	var denied *serviceerror.PermissionDenied
	var unimplemented *serviceerror.Unimplemented
	return errors.As(err, &denied) || errors.As(err, &unimplemented)
}

// addByHand says what an operator has to do; nil when nothing is missing.
func addByHand(namespace string, missing []string, cause error) error {
	if len(missing) == 0 {
		return nil
	}
	err := fmt.Errorf("the namespace %s lacks the search attributes %s, and this worker may not add them: add them once, each of the type Keyword, "+
		"in Temporal Cloud's console (the namespace's settings) or with `temporal operator search-attribute create --type Keyword --name NAME`",
		namespace, strings.Join(missing, ", "))
	if cause != nil {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	return err
}

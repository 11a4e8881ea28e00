// Package temporalnamespace makes a Temporal namespace ready for Holdfast: for the
// development server, and for tests that want one of their own.
package temporalnamespace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Retention is how long the server keeps a closed workflow.
const Retention = 7 * 24 * time.Hour

// SearchAttributes are those that Holdfast's workflows set.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		"HoldfastWorkspace":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"HoldfastRepository": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"HoldfastKind":       enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"HoldfastState":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	}
}

// Ensure waits for the server at address and returns once the namespace,
// registered if need be, can be used with all of the search attributes. It tries
// until ctx ends, then the last failure is in the error.
func Ensure(ctx context.Context, address, namespace string) error {
	c, err := client.NewLazyClient(client.Options{
		HostPort: address, Namespace: namespace,
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)), // every try would be logged
	})
	if err != nil {
		return fmt.Errorf("make a Temporal client: %w", err)
	}
	defer c.Close()
	if err := poll(ctx, func() error { return register(ctx, c, namespace) }); err != nil {
		return fmt.Errorf("register the namespace %s: %w", namespace, err)
	}
	if err := poll(ctx, func() error { return addSearchAttributes(ctx, c, namespace, SearchAttributes()) }); err != nil {
		return fmt.Errorf("add search attributes to the namespace %s: %w", namespace, err)
	}
	return nil
}

func register(ctx context.Context, c client.Client, namespace string) error {
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	var missing *serviceerror.NamespaceNotFound
	if !errors.As(err, &missing) {
		return err
	}
	_, err = c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        namespace,
		WorkflowExecutionRetentionPeriod: durationpb.New(Retention),
	})
	return err
}

// addSearchAttributes adds those that are missing and fails until all are there.
func addSearchAttributes(ctx context.Context, c client.Client, namespace string, want map[string]enumspb.IndexedValueType) error {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, kind := range want {
		if _, ok := have.CustomAttributes[name]; !ok {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	if err != nil {
		return err
	}
	return errors.New("search attributes were added and are not listed yet")
}

// poll tries until it succeeds; when ctx ends the last failure is the error.
func poll(ctx context.Context, try func() error) error {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

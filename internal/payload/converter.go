package payload

import (
	"context"
	"errors"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/secret"
)

// Configure makes a Temporal client, and every worker on it, encrypt with keys what
// it hands over, the messages of failures included. Without keys (nil) nothing is
// encrypted, and what is encrypted cannot be read.
func Configure(o *client.Options, keys *secret.Keyset) {
	o.DataConverter = &dataConverter{
		DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), NewCodec(keys)),
	}
	o.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: o.DataConverter, EncodeCommonAttributes: keys != nil,
	})
}

// dataConverter lets a workflow's task fail, and not the workflow, where the key of a
// payload is missing. The SDK ends a workflow for good whose input it cannot decode:
// one worker that was started without the key would end every operation that it is
// given.
type dataConverter struct {
	converter.DataConverter
	inWorkflow bool
}

var _ converter.ContextAware = (*dataConverter)(nil)

// WithWorkflowContext is the converter of workflow code.
func (c *dataConverter) WithWorkflowContext(converter.WorkflowContext) converter.DataConverter {
	return &dataConverter{DataConverter: c.DataConverter, inWorkflow: true}
}

// WithContext is the converter of activities and clients.
func (c *dataConverter) WithContext(context.Context) converter.DataConverter { return c }

// FromPayload reads a value.
func (c *dataConverter) FromPayload(p *commonpb.Payload, into any) error {
	return c.check(c.DataConverter.FromPayload(p, into))
}

// FromPayloads reads values.
func (c *dataConverter) FromPayloads(p *commonpb.Payloads, into ...any) error {
	return c.check(c.DataConverter.FromPayloads(p, into...))
}

// check panics in a workflow whose key is missing: Temporal then gives the task to
// another worker, until one has the key, and shows the reason meanwhile.
func (c *dataConverter) check(err error) error {
	if c.inWorkflow && errors.Is(err, ErrNoKey) {
		panic(err)
	}
	return err
}

package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// Cancel asks the operation to stop and returns it as it then stands.
func (c *Client) Cancel(ctx context.Context, id string) (operation.Operation, error) {
	return c.steer(ctx, id, "cancel", nil, nil)
}

// Pause asks the operation, and its parts, to wait until it is resumed.
func (c *Client) Pause(ctx context.Context, id string) (operation.Operation, error) {
	return c.steer(ctx, id, "pause", nil, nil)
}

// Resume lets a paused operation go on.
func (c *Client) Resume(ctx context.Context, id string) (operation.Operation, error) {
	return c.steer(ctx, id, "resume", nil, nil)
}

// Approve lets an operation begin that awaits approval.
func (c *Client) Approve(ctx context.Context, id string) (operation.Operation, error) {
	return c.steer(ctx, id, "approve", nil, nil)
}

// Reject ends an operation that awaits approval, for a reason; empty: none is given.
func (c *Client) Reject(ctx context.Context, id, reason string) (operation.Operation, error) {
	body, err := json.Marshal(struct {
		Reason string `json:"reason,omitempty"`
	}{reason})
	if err != nil {
		return operation.Operation{}, fmt.Errorf("encode the reason: %w", err)
	}
	return c.steer(ctx, id, "reject", http.Header{"Content-Type": {"application/json"}}, body)
}

// Retry starts a new operation that does what an ended one was asked to do. The same key
// again answers with the same operation; empty: a new key, so that the request may be sent
// again safely.
func (c *Client) Retry(ctx context.Context, id, idempotencyKey string) (operation.Operation, error) {
	return c.steer(ctx, id, "retry", http.Header{"Idempotency-Key": {cmp.Or(idempotencyKey, uuid.NewString())}}, nil)
}

func (c *Client) steer(ctx context.Context, id, verb string, header http.Header, body []byte) (operation.Operation, error) {
	var op progress.Operation
	if err := c.do(ctx, http.MethodPost, "/v1/operations/"+url.PathEscape(id)+"/"+verb, header, body, &op); err != nil {
		return operation.Operation{}, fmt.Errorf("%s operation %s: %w", verb, id, err)
	}
	return op.Domain(), nil
}

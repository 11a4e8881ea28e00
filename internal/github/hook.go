package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	gogithub "github.com/google/go-github/v58/github"
)

// HookDelivery is one attempt of GitHub's to deliver an event to a hook.
// Source: docs.github.com/rest/repos/webhooks#list-deliveries-for-a-repository-webhook.
type HookDelivery struct {
	ID           int64     `json:"id"`   // of the attempt
	GUID         string    `json:"guid"` // X-GitHub-Delivery; all attempts have the same
	DeliveredAt  time.Time `json:"delivered_at"`
	StatusCode   int       `json:"status_code"` // what the hook's URL answered; 0: nothing
	Event        string    `json:"event"`
	RepositoryID int64     `json:"repository_id"` // 0: it is about none
}

// Succeeded tells whether GitHub counts the attempt as delivered.
func (d HookDelivery) Succeeded() bool {
	return d.StatusCode >= http.StatusOK && d.StatusCode < http.StatusMultipleChoices
}

// HookDeliveries is a page of a hook's attempts, newest first.
type HookDeliveries struct {
	Deliveries []HookDelivery
	Next       string    // rel=next, verbatim; empty on the last page
	Date       time.Time // of the answer, by GitHub's clock
}

// ListHookDeliveries reads a page of a hook's attempts: the first of the hook at a
// path, such as orgs/octo/hooks/1, or the one that a rel=next link leads to.
func (c *Client) ListHookDeliveries(ctx context.Context, hook, next string) (HookDeliveries, error) {
	url := next
	if url == "" {
		url = fmt.Sprintf("%s/deliveries?per_page=%d", hook, PerPage)
	}
	page, err := c.List(ctx, url, Ask{})
	if err != nil {
		return HookDeliveries{}, err
	}
	out := HookDeliveries{Next: page.Next, Date: page.Date, Deliveries: make([]HookDelivery, len(page.Items))}
	for i, raw := range page.Items {
		if err := json.Unmarshal(raw, &out.Deliveries[i]); err != nil {
			return HookDeliveries{}, &Error{Kind: KindUnexpected, Message: "a delivery of the hook cannot be read", Err: err}
		}
	}
	return out, nil
}

// Redeliver has GitHub make another attempt, which it does in its own time.
// KindNotFound or KindRejected: GitHub does not have the delivery any more.
// Source: docs.github.com/rest/repos/webhooks#redeliver-a-delivery-for-a-repository-webhook.
func (c *Client) Redeliver(ctx context.Context, hook string, id int64) error {
	req, err := c.gh.NewRequest(http.MethodPost, fmt.Sprintf("%s/deliveries/%d/attempts", hook, id), nil)
	if err != nil {
		return &Error{Kind: KindUnexpected, Err: err}
	}
	_, err = c.gh.Do(withoutContent(ctx), req, nil)
	var accepted *gogithub.AcceptedError // what go-github calls a 202
	switch {
	case err == nil, errors.As(err, &accepted):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return translate(err)
	}
}

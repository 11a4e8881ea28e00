package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// AuditEvent is a request to change something, or one whose token or key was refused.
type AuditEvent struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Subject   string    `json:"subject,omitempty"`
	Action    string    `json:"action"`
	Path      string    `json:"path"`
	Remote    string    `json:"remote"`
	RequestID string    `json:"request_id"`
	Refused   string    `json:"refused,omitempty"`
	Status    int       `json:"status,omitempty"`
	Location  string    `json:"location,omitempty"`
}

// AuditFilter selects events, newest first; the API's defaults where it is empty.
type AuditFilter struct {
	Subject, Action, Cursor string
	Limit                   int
}

// Audit lists a page of who asked for what, and the cursor of the next page, empty after
// the last.
func (c *Client) Audit(ctx context.Context, f AuditFilter) (events []AuditEvent, next string, err error) {
	query := url.Values{}
	for name, value := range map[string]string{"subject": f.Subject, "action": f.Action, "cursor": f.Cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	var page struct {
		Events     []AuditEvent `json:"events"`
		NextCursor string       `json:"next_cursor"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/audit?"+query.Encode(), nil, nil, &page); err != nil {
		return nil, "", fmt.Errorf("list who asked for what: %w", err)
	}
	return page.Events, page.NextCursor, nil
}

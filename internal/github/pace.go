package github

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/holdfast/holdfast/internal/budget"
)

// Pace is what is known of GitHub's answers and of the hourly budget so far.
func (c *Client) Pace() budget.Pace {
	return c.account.Pace()
}

// Count tells how many items a list has, by one request for a page of one: as the
// number of its last page, or as GitHub counts them itself. Of a list of numbered items
// that it pages by cursors, the newest first, it is the newest one's number: about as
// many. It is -1 where GitHub tells nothing. Errors are those of List.
func (c *Client) Count(ctx context.Context, rawURL string, ask Ask) (items, requests int64, err error) {
	var body json.RawMessage
	resp, requests, err := c.get(ctx, rawURL, ask, &body)
	if err != nil {
		return -1, requests, err
	}
	next, last := links(resp.Header.Values("Link"))
	var counted struct {
		Total *int64 `json:"total_count"`
	}
	var listed []struct {
		Number int64 `json:"number"`
	}
	switch {
	case resp.StatusCode == http.StatusNoContent: // the contributors of an empty repository
		return 0, requests, nil
	case json.Unmarshal(body, &counted) == nil && counted.Total != nil:
		return *counted.Total, requests, nil
	case last > 0:
		return int64(last), requests, nil
	}
	if err := json.Unmarshal(body, &listed); err != nil {
		return -1, requests, &Error{Kind: KindUnexpected, Status: resp.StatusCode, Message: "the answer is no list", Err: err}
	}
	switch {
	case next == "":
		return int64(len(listed)), requests, nil
	case len(listed) > 0 && listed[0].Number > 0:
		return listed[0].Number, requests, nil
	default:
		return -1, requests, nil
	}
}

package collection

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// reviewsGraphQL reads the reviews of many pull requests at once: about one point for
// a hundred of them, where REST takes a request for each.
func reviewsGraphQL() *GraphQL {
	return &GraphQL{
		Parent: "pullRequest", ParentFields: "number", Connection: "reviews", Type: "PullRequestReview", Batch: 100, First: MaxNodes,
		Fields: `
  id fullDatabaseId author { ...actor } authorAssociation body state url submittedAt
  commit { oid }
`,
		Item: restReview,
	}
}

// restReview writes a review as REST lists it. What REST calls id does not fit into
// GraphQL's databaseId any more, hence fullDatabaseId. Source:
// docs.github.com/graphql/reference/objects#pullrequestreview.
func restReview(o Origin, node json.RawMessage) (json.RawMessage, error) {
	var in struct {
		NodeID      string          `json:"id"`
		ID          *json.Number    `json:"fullDatabaseId"`
		Author      *actor          `json:"author"`
		Association string          `json:"authorAssociation"`
		Body        json.RawMessage `json:"body"`
		State       string          `json:"state"`
		URL         string          `json:"url"`
		SubmittedAt *string         `json:"submittedAt"`
		Commit      *struct {
			OID string `json:"oid"`
		} `json:"commit"`
	}
	if err := json.Unmarshal(node, &in); err != nil {
		return nil, fmt.Errorf("read a review: %w", err)
	}
	type link struct {
		Href string `json:"href"`
	}
	type links struct {
		HTML        link `json:"html"`
		PullRequest link `json:"pull_request"`
	}
	pull := o.API + "/repos/" + o.Repository + "/pulls/" + strconv.FormatInt(o.Number, 10)
	out := struct {
		ID             *json.Number    `json:"id"`
		NodeID         string          `json:"node_id"`
		User           *user           `json:"user"`
		Body           json.RawMessage `json:"body"`
		State          string          `json:"state"`
		HTMLURL        string          `json:"html_url"`
		PullRequestURL string          `json:"pull_request_url"`
		Association    string          `json:"author_association"`
		Links          links           `json:"_links"`
		SubmittedAt    *string         `json:"submitted_at,omitempty"`
		CommitID       *string         `json:"commit_id"`
	}{
		ID: in.ID, NodeID: in.NodeID, User: in.Author.rest(o.API), Body: in.Body, State: in.State, HTMLURL: in.URL,
		PullRequestURL: pull, Association: in.Association, Links: links{link{in.URL}, link{pull}}, SubmittedAt: in.SubmittedAt,
	}
	if in.Commit != nil {
		out.CommitID = &in.Commit.OID
	}
	return encode(out)
}

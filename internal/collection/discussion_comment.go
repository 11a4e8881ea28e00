package collection

import (
	"encoding/json"
	"fmt"
)

// discussionComments mirrors the comments on discussions and the replies to them. A
// comment raises its discussion's updated_at; an edit of one does not, and is found by
// the next full check. Their shape is that of the "comment" in GitHub's
// discussion_comment webhooks, without reactions and with discussion_number,
// is_answer, is_minimized, deleted_at and upvote_count added. Sources:
// docs.github.com/graphql/guides/using-the-graphql-api-for-discussions#discussioncomment,
// docs.github.com/webhooks/webhook-events-and-payloads#discussion_comment.
func discussionComments() Collection {
	return Collection{
		Name:    "discussion_comments",
		Table:   "discussion_comments",
		Mode:    PerParent,
		Parents: &Parents{Collection: "discussions", Arg: `p.number::text`, Version: `p.updated_at`},
		// Asked by GraphQL: the path stands for the query.
		Path:       "repos/{owner}/{repo}/discussions/{parent}/comments",
		Permission: "discussions",
		OAuthScope: "repo",
		Private:    true,
		Key:        KeyID,
		GraphQL: &GraphQL{
			Only: true, Switch: "hasDiscussionsEnabled", Off: "Discussions are switched off in this repository.",
			Parent: "discussion", ParentFields: "number databaseId", Connection: "comments", Type: "DiscussionComment",
			Batch: 20, First: 50, Thread: "replies", ThreadFirst: 20,
			Fields: discussionCommentFields, Item: webhookDiscussionComment,
		},
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"discussion_number", `github_bigint(raw->>'discussion_number')`},
			{"discussion_id", `github_bigint(raw->>'discussion_id')`},
			{"parent_id", `github_bigint(raw->>'parent_id')`},
			{"user_login", `raw->'user'->>'login'`},
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"body", `raw->>'body'`},
			{"is_answer", `github_bool(raw->>'is_answer')`},
			{"upvotes", `github_bigint(raw->>'upvote_count')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Search:   []string{`raw->>'body'`},
		Identity: Paths{"user"},
		Refresh:  Paths{"author_association", "upvote_count"},
		Events:   []string{"discussion_comment"},
		Member:   "comment",
	}
}

const discussionCommentFields = `
  id databaseId url body author { ...actor } authorAssociation createdAt updatedAt deletedAt
  isAnswer isMinimized upvoteCount replyTo { databaseId }
  counted: replies { totalCount }
`

// webhookDiscussionComment writes a comment as the collection's comment says.
func webhookDiscussionComment(o Origin, node json.RawMessage) (json.RawMessage, error) {
	var in struct {
		NodeID      string          `json:"id"`
		ID          *int64          `json:"databaseId"`
		URL         string          `json:"url"`
		Body        json.RawMessage `json:"body"`
		Author      *actor          `json:"author"`
		Association string          `json:"authorAssociation"`
		CreatedAt   string          `json:"createdAt"`
		UpdatedAt   string          `json:"updatedAt"`
		DeletedAt   *string         `json:"deletedAt"`
		Answer      bool            `json:"isAnswer"`
		Minimized   bool            `json:"isMinimized"`
		Upvotes     int64           `json:"upvoteCount"`
		ReplyTo     *struct {
			ID *int64 `json:"databaseId"`
		} `json:"replyTo"`
		Replies counted `json:"counted"`
	}
	if err := json.Unmarshal(node, &in); err != nil {
		return nil, fmt.Errorf("read a comment on a discussion: %w", err)
	}
	out := map[string]any{
		"id": in.ID, "node_id": in.NodeID, "html_url": in.URL, "parent_id": nil, "child_comment_count": in.Replies.TotalCount,
		"repository_url": o.API + "/repos/" + o.Repository, "discussion_id": o.ParentID, "discussion_number": o.Number,
		"author_association": in.Association, "user": in.Author.rest(o.API), "created_at": in.CreatedAt, "updated_at": in.UpdatedAt,
		"body": in.Body, "is_answer": in.Answer, "is_minimized": in.Minimized, "deleted_at": in.DeletedAt, "upvote_count": in.Upvotes,
	}
	if in.ReplyTo != nil {
		out["parent_id"] = in.ReplyTo.ID
	}
	return encode(out)
}

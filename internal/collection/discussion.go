package collection

import (
	"encoding/json"
	"fmt"
	"strings"
)

// discussions mirrors a repository's discussions. REST does not list them, so their
// shape is that of the "discussion" in GitHub's webhooks, written from what GraphQL
// tells, with upvote_count added. It leaves out what GraphQL does not tell (the
// numbers of category and labels, the timeline's address), and reactions, which would
// cost points for each item. comments counts those that are no replies.
// Sources: docs.github.com/graphql/guides/using-the-graphql-api-for-discussions,
// docs.github.com/webhooks/webhook-events-and-payloads#discussion.
func discussions() Collection {
	return Collection{
		Name:  "discussions",
		Table: "discussions",
		Mode:  NewestFirst,
		// Asked by GraphQL: the path stands for the query in cursors and links.
		Path:       "repos/{owner}/{repo}/discussions",
		Permission: "discussions",
		OAuthScope: "repo",
		Private:    true,
		Key:        KeyID,
		GraphQL: &GraphQL{
			Only: true, Switch: "hasDiscussionsEnabled", Off: "Discussions are switched off in this repository.",
			Connection: "discussions", Type: "Discussion", Fields: discussionFields, Item: webhookDiscussion,
		},
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"number", `github_bigint(raw->>'number')`},
			{"title", `raw->>'title'`},
			{"body", `raw->>'body'`},
			{"state", `raw->>'state'`},
			{"state_reason", `raw->>'state_reason'`},
			{"locked", `github_bool(raw->>'locked')`},
			{"category", `raw->'category'->>'name'`},
			{"user_login", `raw->'user'->>'login'`},
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"labels", `github_texts(raw, '$.labels[*].name')`},
			{"comments", `github_bigint(raw->>'comments')`},
			{"upvotes", `github_bigint(raw->>'upvote_count')`},
			{"answer_chosen_at", `github_time(raw->>'answer_chosen_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Search:   []string{`raw->>'title'`, `raw->>'body'`},
		Identity: Paths{"user", "answer_chosen_by"},
		Set:      Paths{"labels"},
		Refresh:  Paths{"author_association", "upvote_count", "category.updated_at"},
		Events:   []string{"discussion", "discussion_comment"},
		Member:   "discussion",
	}
}

const discussionFields = `
  id databaseId number title body url author { ...actor } authorAssociation createdAt updatedAt
  closed stateReason locked activeLockReason upvoteCount
  category { id name slug emoji description isAnswerable createdAt updatedAt }
  labels(first: 100) { nodes { id name color isDefault description } }
  answer { url } answerChosenAt answerChosenBy { ...actor }
  counted: comments { totalCount }
`

// counted is a list of which only the length was asked for.
type counted struct {
	TotalCount int `json:"totalCount"`
}

// graphDiscussion is what discussionFields bring.
type graphDiscussion struct {
	NodeID      string          `json:"id"`
	ID          *int64          `json:"databaseId"`
	Number      int64           `json:"number"`
	Title       json.RawMessage `json:"title"`
	Body        json.RawMessage `json:"body"`
	URL         string          `json:"url"`
	Author      *actor          `json:"author"`
	Association string          `json:"authorAssociation"`
	CreatedAt   string          `json:"createdAt"`
	UpdatedAt   string          `json:"updatedAt"`
	Closed      bool            `json:"closed"`
	StateReason *string         `json:"stateReason"`
	Locked      bool            `json:"locked"`
	LockReason  *string         `json:"activeLockReason"`
	Upvotes     int64           `json:"upvoteCount"`
	Category    *graphCategory  `json:"category"`
	Labels      *struct {
		Nodes []graphLabel `json:"nodes"`
	} `json:"labels"`
	Answer *struct {
		URL string `json:"url"`
	} `json:"answer"`
	AnswerChosenAt *string `json:"answerChosenAt"`
	AnswerChosenBy *actor  `json:"answerChosenBy"`
	Comments       counted `json:"counted"`
}

type graphCategory struct {
	NodeID      string          `json:"id"`
	Name        json.RawMessage `json:"name"`
	Slug        string          `json:"slug"`
	Emoji       string          `json:"emoji"`
	Description json.RawMessage `json:"description"`
	Answerable  bool            `json:"isAnswerable"`
	CreatedAt   string          `json:"createdAt"`
	UpdatedAt   string          `json:"updatedAt"`
}

type graphLabel struct {
	NodeID      string          `json:"id"`
	Name        json.RawMessage `json:"name"`
	Color       string          `json:"color"`
	Default     bool            `json:"isDefault"`
	Description json.RawMessage `json:"description"`
}

// webhookDiscussion writes a discussion as the collection's comment says.
func webhookDiscussion(o Origin, node json.RawMessage) (json.RawMessage, error) {
	var in graphDiscussion
	if err := json.Unmarshal(node, &in); err != nil {
		return nil, fmt.Errorf("read a discussion: %w", err)
	}
	out := map[string]any{
		"repository_url": o.API + "/repos/" + o.Repository, "category": in.Category.webhook(o),
		"answer_html_url": nil, "answer_chosen_at": in.AnswerChosenAt, "answer_chosen_by": in.AnswerChosenBy.rest(o.API),
		"html_url": in.URL, "id": in.ID, "node_id": in.NodeID, "number": in.Number, "title": in.Title, "user": in.Author.rest(o.API),
		"labels": []any{}, "state": in.state(), "state_reason": lower(in.StateReason), "locked": in.Locked,
		"comments": in.Comments.TotalCount, "created_at": in.CreatedAt, "updated_at": in.UpdatedAt,
		"author_association": in.Association, "active_lock_reason": lockReason(in.LockReason), "body": in.Body,
		"upvote_count": in.Upvotes,
	}
	if in.Answer != nil {
		out["answer_html_url"] = in.Answer.URL
	}
	if in.Labels != nil {
		out["labels"] = webhookLabels(in.Labels.Nodes)
	}
	return encode(out)
}

// state is the discussion's state as webhooks write it.
func (d graphDiscussion) state() string {
	switch {
	case d.Locked:
		return "locked"
	case d.Closed:
		return "closed"
	default:
		return "open"
	}
}

func (c *graphCategory) webhook(o Origin) any {
	if c == nil {
		return nil
	}
	return map[string]any{
		"node_id": c.NodeID, "repository_id": o.RepositoryID, "emoji": c.Emoji, "name": c.Name, "description": c.Description,
		"created_at": c.CreatedAt, "updated_at": c.UpdatedAt, "slug": c.Slug, "is_answerable": c.Answerable,
	}
}

func webhookLabels(labels []graphLabel) []any {
	all := make([]any, len(labels))
	for i, l := range labels {
		all[i] = map[string]any{"node_id": l.NodeID, "name": l.Name, "color": l.Color, "default": l.Default, "description": l.Description}
	}
	return all
}

// lower is how REST and webhooks write GraphQL's DUPLICATE.
func lower(s *string) any {
	if s == nil {
		return nil
	}
	return strings.ToLower(*s)
}

// lockReason is how REST and webhooks write GraphQL's TOO_HEATED and OFF_TOPIC.
// Source: docs.github.com/rest/issues/issues#lock-an-issue.
func lockReason(s *string) any {
	if s == nil {
		return nil
	}
	if *s == "OFF_TOPIC" {
		return "off-topic"
	}
	return strings.ReplaceAll(strings.ToLower(*s), "_", " ")
}

package githubsim

import "slices"

// category is a group of discussions.
type category struct {
	id                             int64
	name, slug, emoji, description string
	answerable                     bool
	created, updated               stamp
}

// discussion is a discussion of a repository. Its number is out of the same row as
// those of issues.
type discussion struct {
	id                       int64
	number, category         int32
	user                     int32
	created, updated, closed stamp
	title, body              text
	reason                   string // of its state, as GraphQL writes it
	locked, deleted          bool
	answer                   int32 // index of a comment, or none
	answeredBy               int32
	answered                 stamp
	labels                   []uint16
	upvotes                  int32
	assoc                    association
	comments                 []int32 // those that are no replies, in their order
}

// discussionComment is a comment on a discussion, or a reply to one.
type discussionComment struct {
	id                 int64
	discussion, parent int32 // parent: index of a comment, or none
	user               int32
	created, updated   stamp
	body               text
	upvotes            int32
	assoc              association
	deleted            bool
	replies            []int32
}

type discussionRows struct{ *Repository }

func (r discussionRows) size() int { return len(r.discussions) }
func (r discussionRows) member(i int32, s stateKey) bool {
	d := &r.discussions[i]
	return !d.deleted && (s == anyState || (s == openState) == (d.closed == 0))
}
func (r discussionRows) id(i int32) int64 { return r.discussions[i].id }
func (r discussionRows) value(i int32, by sortKey) int64 {
	if by == byUpdated {
		return int64(r.discussions[i].updated)
	}
	return int64(r.discussions[i].created)
}

// findDiscussion is the index of the discussion with a number.
func (r *Repository) findDiscussion(number int32) (int32, bool) {
	i := slices.IndexFunc(r.discussions, func(d discussion) bool { return d.number == number && !d.deleted })
	return int32(i), i >= 0
}

// findDiscussionComment is the index of the comment with an id.
func (r *Repository) findDiscussionComment(id int64) (int32, bool) {
	i := slices.IndexFunc(r.discussionComments, func(c discussionComment) bool { return c.id == id && !c.deleted })
	return int32(i), i >= 0
}

// categories that every repository with discussions has, as GitHub makes them.
var firstCategories = []category{
	{name: "Announcements", slug: "announcements", emoji: ":mega:", description: "Updates from maintainers"},
	{name: "General", slug: "general", emoji: ":speech_balloon:", description: "Chat about anything and everything here"},
	{name: "Ideas", slug: "ideas", emoji: ":bulb:", description: "Share ideas for new features"},
	{name: "Q&A", slug: "q-a", emoji: ":pray:", description: "Ask the community for help", answerable: true},
}

// enableDiscussions switches discussions on, with GitHub's own categories.
func (r *Repository) enableDiscussions(at stamp, id func() int64) {
	r.info.hasDiscussions = true
	if len(r.categories) > 0 {
		return
	}
	r.categories = slices.Clone(firstCategories)
	for i := range r.categories {
		c := &r.categories[i]
		c.id, c.created, c.updated = id(), at, at
	}
}

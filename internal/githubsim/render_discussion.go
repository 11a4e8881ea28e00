package githubsim

import "strings"

// discussion writes a discussion in the shape that webhooks have, less what GraphQL
// does not tell: the category's number, labels' numbers, reactions, the timeline's URL.
func (e *encoder) discussion(r *Repository, i int32) {
	d := &r.discussions[i]
	n := int64(d.number)
	e.raw(`{"repository_url":"`).raw(r.api).raw(`","category":`)
	e.category(r, d.category)
	e.raw(`,"answer_html_url":`)
	if d.answer == none {
		e.raw("null")
	} else {
		e.str(r.commentURL(d.answer))
	}
	e.raw(`,"answer_chosen_at":`).time(d.answered).raw(`,"answer_chosen_by":`).userRef(r, d.answeredBy)
	e.raw(`,"html_url":`).str(r.discussionURL(d)).raw(`,"id":`).num(d.id).raw(`,"node_id":`).node("D_", r.info.id, d.id)
	e.raw(`,"number":`).num(n).raw(`,"title":`).text(r, &d.title, n).raw(`,"user":`).userRef(r, d.user)
	e.raw(`,"labels":[`)
	for place, l := range r.labelsOf(d) {
		if place > 0 {
			e.raw(",")
		}
		e.raw(`{"node_id":`).node("LA_", r.info.id, l.id).raw(`,"name":`).str(l.name).raw(`,"color":`).str(l.color).raw(`,"default":`).flag(l.isDefault).raw(`,"description":`).strOrNull(l.description).raw("}")
	}
	e.raw(`],"state":`).str(d.state()).raw(`,"state_reason":`).strOrNull(strings.ToLower(d.reason)).raw(`,"locked":`).flag(d.locked)
	e.raw(`,"comments":`).num(int64(len(d.comments))).raw(`,"created_at":`).time(d.created).raw(`,"updated_at":`).time(d.updated)
	e.raw(`,"author_association":`).str(d.assoc.String()).raw(`,"active_lock_reason":`).strOrNull(strings.ToLower(d.lockReason()))
	e.raw(`,"body":`).text(r, &d.body, n).raw(`,"upvote_count":`).num(int64(d.upvotes)).raw("}")
}

// labelsOf are the labels of a discussion that were not deleted.
func (r *Repository) labelsOf(d *discussion) []*label {
	var there []*label
	for _, i := range d.labels {
		if l := &r.labels[i]; !l.deleted {
			there = append(there, l)
		}
	}
	return there
}

func (e *encoder) category(r *Repository, i int32) {
	c := &r.categories[i]
	e.raw(`{"node_id":`).node("DIC_", r.info.id, c.id).raw(`,"repository_id":`).num(r.info.id).raw(`,"emoji":`).str(c.emoji)
	e.raw(`,"name":`).str(c.name).raw(`,"description":`).str(c.description).raw(`,"created_at":`).time(c.created)
	e.raw(`,"updated_at":`).time(c.updated).raw(`,"slug":`).str(c.slug).raw(`,"is_answerable":`).flag(c.answerable).raw("}")
}

// state is the discussion's state as webhooks write it.
func (d *discussion) state() string {
	switch {
	case d.locked:
		return "locked"
	case d.closed != 0:
		return "closed"
	default:
		return "open"
	}
}

// lockReason is why it is locked, as GraphQL writes it.
func (d *discussion) lockReason() string {
	if d.locked {
		return "RESOLVED"
	}
	return ""
}

// discussionComment writes a comment in the shape that webhooks have, with the same
// omissions and what tells its place.
func (e *encoder) discussionComment(r *Repository, i int32) {
	c := &r.discussionComments[i]
	d := &r.discussions[c.discussion]
	e.raw(`{"id":`).num(c.id).raw(`,"node_id":`).node("DC_", r.info.id, c.id).raw(`,"html_url":`).str(r.commentURL(i)).raw(`,"parent_id":`)
	if c.parent == none {
		e.raw("null")
	} else {
		e.num(r.discussionComments[c.parent].id)
	}
	e.raw(`,"child_comment_count":`).num(int64(len(c.replies))).raw(`,"repository_url":"`).raw(r.api)
	e.raw(`","discussion_id":`).num(d.id).raw(`,"discussion_number":`).num(int64(d.number))
	e.raw(`,"author_association":`).str(c.assoc.String()).raw(`,"user":`).userRef(r, c.user)
	e.raw(`,"created_at":`).time(c.created).raw(`,"updated_at":`).time(c.updated)
	e.raw(`,"body":`).text(r, &c.body, int64(d.number)).raw(`,"is_answer":`).flag(d.answer == i)
	e.raw(`,"is_minimized":false,"deleted_at":null,"upvote_count":`).num(int64(c.upvotes)).raw("}")
}

func (r *Repository) discussionURL(d *discussion) string {
	return r.web + "/discussions/" + decimal(int64(d.number))
}

func (r *Repository) commentURL(i int32) string {
	c := &r.discussionComments[i]
	return r.discussionURL(&r.discussions[c.discussion]) + "#discussioncomment-" + decimal(c.id)
}

// discussionSource reads discussions or the comments on them.
func (r *Repository) discussionSource(collection string) source {
	if !r.info.hasDiscussions {
		return source{}
	}
	var order []int32
	if collection == "discussions" {
		for i := range r.discussions {
			if !r.discussions[i].deleted {
				order = append(order, int32(i))
			}
		}
		return source{len(order), func(e *encoder, n int) string {
			e.discussion(r, order[n])
			return decimal(r.discussions[order[n]].id)
		}}
	}
	for i := range r.discussionComments {
		if !r.discussionComments[i].deleted {
			order = append(order, int32(i))
		}
	}
	return source{len(order), func(e *encoder, n int) string {
		e.discussionComment(r, order[n])
		return decimal(r.discussionComments[order[n]].id)
	}}
}

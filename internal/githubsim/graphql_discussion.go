package githubsim

// discussionVertex is a discussion in the graph.
func (r *Repository) discussionVertex(i int32) *vertex {
	d := &r.discussions[i]
	n := int64(d.number)
	fields := map[string]any{
		"id": scalar(func(e *encoder) { e.node("D_", r.info.id, d.id) }), "databaseId": number(d.id), "number": number(n),
		"title": scalar(func(e *encoder) { e.text(r, &d.title, n) }), "body": scalar(func(e *encoder) { e.text(r, &d.body, n) }),
		"author": r.actorVertex(d.user), "authorAssociation": words(d.assoc.String()), "url": words(r.discussionURL(d)),
		"createdAt": moment(d.created), "updatedAt": moment(d.updated), "closed": flag(d.closed != 0), "stateReason": wordsOrNull(d.reason),
		"locked": flag(d.locked), "activeLockReason": wordsOrNull(d.lockReason()), "upvoteCount": number(int64(d.upvotes)),
		"answerChosenAt": moment(d.answered), "answerChosenBy": r.actorVertex(d.answeredBy),
	}
	return &vertex{"Discussion", func(name string, args map[string]any) any {
		switch name {
		case "category":
			return r.categoryVertex(d.category)
		case "labels":
			list := r.labelsOf(d)
			return places("LabelConnection", len(list), args, func(i int) *vertex { return r.labelVertex(list[i]) })
		case "comments":
			return r.commentList(d.comments, args)
		case "answer":
			if d.answer == none {
				return nil
			}
			return r.discussionCommentVertex(d.answer)
		}
		return fields[name]
	}}
}

func (r *Repository) commentList(list []int32, args map[string]any) *vertex {
	return places("DiscussionCommentConnection", len(list), args, func(i int) *vertex { return r.discussionCommentVertex(list[i]) })
}

// discussionCommentVertex is a comment on a discussion in the graph.
func (r *Repository) discussionCommentVertex(i int32) *vertex {
	c := &r.discussionComments[i]
	d := &r.discussions[c.discussion]
	fields := map[string]any{
		"id": scalar(func(e *encoder) { e.node("DC_", r.info.id, c.id) }), "databaseId": number(c.id), "url": words(r.commentURL(i)),
		"author": r.actorVertex(c.user), "authorAssociation": words(c.assoc.String()),
		"body":      scalar(func(e *encoder) { e.text(r, &c.body, int64(d.number)) }),
		"createdAt": moment(c.created), "updatedAt": moment(c.updated), "upvoteCount": number(int64(c.upvotes)),
		"isAnswer": flag(d.answer == i), "isMinimized": flag(false),
	}
	return &vertex{"DiscussionComment", func(name string, args map[string]any) any {
		switch name {
		case "discussion":
			return r.discussionVertex(c.discussion)
		case "replies":
			return r.commentList(c.replies, args)
		case "replyTo":
			if c.parent == none {
				return nil
			}
			return r.discussionCommentVertex(c.parent)
		}
		return fields[name]
	}}
}

func (r *Repository) categoryVertex(i int32) *vertex {
	c := &r.categories[i]
	return &vertex{"DiscussionCategory", func(name string, _ map[string]any) any {
		return map[string]any{
			"id": scalar(func(e *encoder) { e.node("DIC_", r.info.id, c.id) }), "name": words(c.name), "slug": words(c.slug), "emoji": words(c.emoji),
			"description": words(c.description), "isAnswerable": flag(c.answerable), "createdAt": moment(c.created), "updatedAt": moment(c.updated),
		}[name]
	}}
}

func (r *Repository) labelVertex(l *label) *vertex {
	return &vertex{"Label", func(name string, _ map[string]any) any {
		return map[string]any{
			"id": scalar(func(e *encoder) { e.node("LA_", r.info.id, l.id) }), "name": words(l.name), "color": words(l.color),
			"description": wordsOrNull(l.description), "isDefault": flag(l.isDefault),
		}[name]
	}}
}

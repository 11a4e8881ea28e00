package githubsim

import (
	"fmt"
	"slices"
)

// SetDiscussions switches discussions on or off. What there is stays for when they
// are switched on again.
func (r *Repository) SetDiscussions(enabled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if enabled {
		r.enableDiscussions(r.now(), r.nextID)
	}
	r.info.hasDiscussions = enabled
	r.touch()
}

// NewDiscussion is a discussion to open. Without a category it is a general one.
type NewDiscussion struct{ Title, Body, By, Category string }

// OpenDiscussion opens a discussion and gives its number.
func (r *Repository) OpenDiscussion(n NewDiscussion) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.Category == "" {
		n.Category = "general"
	}
	at := slices.IndexFunc(r.categories, func(c category) bool { return c.slug == n.Category })
	if !r.info.hasDiscussions || at < 0 {
		return 0, fmt.Errorf("there is no category %s of discussions", n.Category)
	}
	r.lastNumber++
	r.discussions = append(r.discussions, discussion{
		id: r.nextID(), number: r.lastNumber, category: int32(at), user: r.addUser(n.By), created: r.now(), updated: r.now(),
		title: literal(n.Title), body: literal(n.Body), answer: none, answeredBy: nobody, assoc: assocNone,
	})
	r.discussionTable.add(int32(len(r.discussions) - 1))
	r.tellDiscussion(int32(len(r.discussions)-1), "created")
	return int(r.lastNumber), nil
}

// DiscussionEdit is what EditDiscussion changes; nil fields stay.
type DiscussionEdit struct {
	Title, Body *string
	Closed      *bool
	Locked      *bool
	Silent      bool // leaves updated_at as it is
}

// EditDiscussion changes a discussion.
func (r *Repository) EditDiscussion(number int, edit DiscussionEdit) error {
	return r.changeDiscussion(number, !edit.Silent, func(d *discussion) error {
		if edit.Title != nil {
			d.title = literal(*edit.Title)
		}
		if edit.Body != nil {
			d.body = literal(*edit.Body)
		}
		if edit.Locked != nil {
			d.locked = *edit.Locked
		}
		if edit.Closed != nil {
			d.closed, d.reason = 0, "REOPENED"
			if *edit.Closed {
				d.closed, d.reason = r.now(), "RESOLVED"
			}
		}
		return nil
	})
}

// DeleteDiscussion deletes a discussion with all comments on it.
func (r *Repository) DeleteDiscussion(number int) error {
	return r.changeDiscussion(number, false, func(d *discussion) error {
		d.deleted = true
		for i := range r.discussionComments {
			c := &r.discussionComments[i]
			c.deleted = c.deleted || r.discussions[c.discussion].deleted
		}
		return nil
	})
}

// CommentOnDiscussion comments on a discussion, or replies to the comment with the id
// replyTo unless that is 0, and gives the comment's id.
func (r *Repository) CommentOnDiscussion(number int, replyTo int64, by, body string) (id int64, err error) {
	err = r.changeDiscussion(number, true, func(d *discussion) error {
		parent := none
		if replyTo != 0 {
			i, ok := r.findDiscussionComment(replyTo)
			if !ok || r.discussionComments[i].parent != none {
				return fmt.Errorf("there is no comment %d to reply to", replyTo)
			}
			parent = i
		}
		at, _ := r.findDiscussion(d.number)
		id = r.nextID()
		r.addDiscussionComment(discussionComment{
			id: id, discussion: at, parent: parent, user: r.addUser(by), created: r.now(), updated: r.now(), body: literal(body), assoc: assocNone,
		})
		return nil
	})
	return id, err
}

// addDiscussionComment adds a comment where it belongs, and raises its discussion's
// updated_at. The discussion must not be in a view, or be being changed.
func (r *Repository) addDiscussionComment(c discussionComment) {
	i := int32(len(r.discussionComments))
	r.discussionComments = append(r.discussionComments, c)
	d := &r.discussions[c.discussion]
	d.updated = max(d.updated, c.updated)
	if c.parent == none {
		d.comments = append(d.comments, i)
	} else {
		p := &r.discussionComments[c.parent]
		p.replies = append(p.replies, i)
	}
}

// EditDiscussionComment changes a comment's text. It does not raise the discussion's
// updated_at.
func (r *Repository) EditDiscussionComment(id int64, body string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.findDiscussionComment(id)
	if !ok {
		return fmt.Errorf("there is no comment %d on a discussion", id)
	}
	r.discussionComments[i].body, r.discussionComments[i].updated = literal(body), r.now()
	r.tellDiscussionComment(i, "edited")
	return nil
}

// DeleteDiscussionComment deletes a comment and the replies to it.
func (r *Repository) DeleteDiscussionComment(id int64) error {
	r.mu.Lock()
	i, ok := r.findDiscussionComment(id)
	number := 0
	if ok {
		number = int(r.discussions[r.discussionComments[i].discussion].number)
	}
	r.mu.Unlock()
	if !ok {
		return fmt.Errorf("there is no comment %d on a discussion", id)
	}
	return r.changeDiscussion(number, true, func(d *discussion) error {
		c := &r.discussionComments[i]
		c.deleted = true
		r.tellDiscussionComment(i, "deleted")
		for _, reply := range c.replies {
			r.discussionComments[reply].deleted = true
		}
		if c.parent != none {
			parent := &r.discussionComments[c.parent]
			parent.replies = slices.DeleteFunc(parent.replies, func(n int32) bool { return n == i })
			return nil
		}
		d.comments = slices.DeleteFunc(d.comments, func(n int32) bool { return n == i })
		if d.answer == i {
			d.answer, d.answeredBy, d.answered = none, nobody, 0
		}
		return nil
	})
}

// AnswerDiscussion marks a comment as the answer of its discussion.
func (r *Repository) AnswerDiscussion(number int, comment int64, by string) error {
	return r.changeDiscussion(number, true, func(d *discussion) error {
		i, ok := r.findDiscussionComment(comment)
		if !ok || r.discussions[r.discussionComments[i].discussion].number != d.number || !r.categories[d.category].answerable {
			return fmt.Errorf("comment %d is no answer to discussion %d", comment, number)
		}
		d.answer, d.answeredBy, d.answered = i, r.addUser(by), r.now()
		return nil
	})
}

// changeDiscussion edits a discussion with f, and raises its updated_at if asked to.
func (r *Repository) changeDiscussion(number int, raise bool, f func(*discussion) error) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.findDiscussion(int32(number))
	if !ok {
		return fmt.Errorf("there is no discussion %d", number)
	}
	comments := len(r.discussionComments)
	r.discussionTable.change(i, func() {
		d := &r.discussions[i]
		if err = f(d); err == nil && raise {
			d.updated = max(d.updated, r.now())
		}
	})
	switch {
	case err != nil || !raise && !r.discussions[i].deleted:
	case len(r.discussionComments) > comments:
		r.tellDiscussionComment(int32(comments), "created")
	default:
		r.tellDiscussion(i, oneName(r.discussions[i].deleted, "deleted", "edited"))
	}
	return err
}

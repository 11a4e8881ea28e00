package githubsim

import (
	"fmt"
	"slices"
)

// AddIssueComment comments on an issue or a pull request, and gives the comment's id.
func (r *Repository) AddIssueComment(number int, by, body string) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.findIssue(int32(number))
	if !ok {
		return 0, fmt.Errorf("there is no issue %d", number)
	}
	c := comment{
		id: r.nextID(), issue: i, user: r.addUser(by), created: r.now(), updated: r.now(),
		body: literal(body), assoc: assocContributor,
	}
	r.comments = append(r.comments, c)
	r.commentTable.add(int32(len(r.comments) - 1))
	err := r.update(number, true, func(is *issue) error {
		is.comments++
		return nil
	})
	r.tellComment(int32(len(r.comments)-1), "created")
	return c.id, err
}

func (r *Repository) findComment(id int64) (int32, error) {
	i := slices.IndexFunc(r.comments, func(c comment) bool { return c.id == id && !c.deleted })
	if i < 0 {
		return 0, fmt.Errorf("there is no comment %d", id)
	}
	return int32(i), nil
}

// EditMode is how an edit shows.
type EditMode uint8

// Silent edits raise no updated_at, as some on GitHub do.
const Silent EditMode = 1

// EditIssueComment changes the text of a comment, and raises its updated_at unless
// it is silent. Its issue stays as it is.
func (r *Repository) EditIssueComment(id int64, body string, how ...EditMode) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.findComment(id)
	if err != nil {
		return err
	}
	r.commentTable.change(i, func() {
		r.comments[i].body = literal(body)
		if !slices.Contains(how, Silent) {
			r.comments[i].updated = max(r.comments[i].updated, r.now())
		}
	})
	if !slices.Contains(how, Silent) {
		r.tellComment(i, "edited")
	}
	return nil
}

// DeleteIssueComment deletes a comment.
func (r *Repository) DeleteIssueComment(id int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.findComment(id)
	if err != nil {
		return err
	}
	r.commentTable.change(i, func() { r.comments[i].deleted = true })
	err = r.update(int(r.issues[r.comments[i].issue].number), true, func(is *issue) error {
		is.comments--
		return nil
	})
	r.tellComment(i, "deleted")
	return err
}

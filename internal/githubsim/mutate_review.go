package githubsim

import (
	"fmt"
	"slices"
)

// NewReview is a review to submit.
type NewReview struct {
	By       string
	State    string // APPROVED, CHANGES_REQUESTED, DISMISSED, PENDING or COMMENTED, the default
	Body     string
	Comments []NewReviewComment
}

// NewReviewComment is a comment on a line of a file, or an answer to another one.
type NewReviewComment struct {
	Path    string
	Line    int
	Body    string
	ReplyTo int64
}

// AddReview reviews a pull request and gives the review's id.
func (r *Repository) AddReview(number int, n NewReview) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := slices.Index(reviewStates[:], n.State)
	if n.State != "" && state < 0 {
		return 0, fmt.Errorf("no state of a review: %q", n.State)
	}
	by, submitted := r.addUser(n.By), r.now()
	if n.State == reviewPending.String() {
		submitted = 0 // not yet
	}
	var id int64
	err := r.update(number, true, func(is *issue) error {
		if is.pull == none {
			return fmt.Errorf("%d is no pull request", number)
		}
		p := &r.pulls[is.pull]
		id = r.nextID()
		p.reviews = append(p.reviews, int32(len(r.reviews)))
		r.reviews = append(r.reviews, review{
			id: id, pull: is.pull, user: by, submitted: submitted, body: literal(n.Body), commit: p.headSHA,
			state: reviewState(max(state, 0)), assoc: assocMember,
		})
		for _, c := range n.Comments {
			r.remarkOn(is.pull, by, c)
		}
		return nil
	})
	if err == nil {
		r.tellReviewed(int32(len(r.reviews)-1), len(n.Comments))
	}
	return id, err
}

func (r *Repository) remarkOn(p, by int32, c NewReviewComment) {
	head := r.pulls[p].headSHA
	r.remarks = append(r.remarks, reviewComment{
		id: r.nextID(), review: int32(len(r.reviews) - 1), pull: p, user: by, created: r.now(), updated: r.now(),
		line: int32(c.Line), position: int32(c.Line), path: c.Path, hunk: literal("@@ -1 +1 @@"), body: literal(c.Body),
		commit: head, original: head, assoc: assocMember, replyTo: c.ReplyTo,
	})
	r.remarkTable.add(int32(len(r.remarks) - 1))
	r.pulls[p].reviewComments++
}

// EditReview changes the text of a review. Its pull request stays as it is.
func (r *Repository) EditReview(id int64, body string) error {
	return r.changeReview(id, false, func(v *review) { v.body = literal(body) })
}

// DismissReview dismisses a review.
func (r *Repository) DismissReview(id int64) error {
	return r.changeReview(id, true, func(v *review) {
		v.state = reviewDismissed
		i := slices.IndexFunc(r.reviews, func(o review) bool { return o.id == id })
		r.happened(r.pulls[v.pull].issue, nobody, issueEvent{kind: eventReviewDismissed, review: int32(i)})
	})
}

// DeleteReview takes a review away with its comments; raise tells whether its pull
// request's updated_at moves.
func (r *Repository) DeleteReview(id int64, raise bool) error {
	return r.changeReview(id, raise, func(v *review) {
		v.deleted = true
		p := &r.pulls[v.pull]
		p.reviews = slices.DeleteFunc(p.reviews, func(i int32) bool { return r.reviews[i].deleted })
		for n := range r.remarks {
			if r.reviews[r.remarks[n].review].id == id {
				r.dropRemark(int32(n))
			}
		}
	})
}

func (r *Repository) changeReview(id int64, raise bool, f func(*review)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.reviews, func(v review) bool { return v.id == id && !v.deleted })
	if i < 0 {
		return fmt.Errorf("there is no review %d", id)
	}
	was := r.reviews[i].state
	err := r.update(int(r.pullNumber(r.reviews[i].pull)), raise, func(*issue) error {
		f(&r.reviews[i])
		return nil
	})
	if v := &r.reviews[i]; err == nil && !v.deleted { // GitHub tells nobody of one that has gone
		r.tellReview(int32(i), oneName(was != v.state, "dismissed", "edited"))
	}
	return err
}

func (r *Repository) findRemark(id int64) (int32, error) {
	i := slices.IndexFunc(r.remarks, func(c reviewComment) bool { return c.id == id && !c.deleted })
	if i < 0 {
		return 0, fmt.Errorf("there is no review comment %d", id)
	}
	return int32(i), nil
}

// EditReviewComment changes the text of a review comment, and nothing else unless
// it is silent: then not even its own updated_at. Its pull request stays as it is.
func (r *Repository) EditReviewComment(id int64, body string, how ...EditMode) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.findRemark(id)
	if err != nil {
		return err
	}
	r.remarkTable.change(i, func() {
		r.remarks[i].body = literal(body)
		if !slices.Contains(how, Silent) {
			r.remarks[i].updated = max(r.remarks[i].updated, r.now())
		}
	})
	if !slices.Contains(how, Silent) {
		r.tellRemark(i, "edited")
	}
	return nil
}

// DeleteReviewComment deletes a review comment. Its pull request stays as it is.
func (r *Repository) DeleteReviewComment(id int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.findRemark(id)
	if err == nil {
		r.dropRemark(i)
		r.tellRemark(i, "deleted")
	}
	return err
}

// dropRemark deletes review comment i unless it is deleted.
func (r *Repository) dropRemark(i int32) {
	if c := &r.remarks[i]; !c.deleted {
		r.remarkTable.change(i, func() { c.deleted = true })
		r.pulls[c.pull].reviewComments--
	}
}

package githubsim

import (
	"bytes"
	"slices"
	"strings"
)

// tellIssue tells of an issue, or of a pull request, with more members after it.
func (r *Repository) tellIssue(i int32, action string, more func(e *encoder)) {
	event, about := "issues", func(e *encoder) {
		e.raw(`"issue":`)
		e.issue(r, i, false)
	}
	if p := r.issues[i].pull; p != none {
		event, about = "pull_request", func(e *encoder) {
			e.raw(`"number":`).num(int64(r.issues[i].number)).raw(`,"pull_request":`)
			e.pull(r, p, true)
		}
	}
	r.tell(event, action, func(e *encoder) {
		about(e)
		if more != nil {
			more(e)
		}
	})
}

// tellChanges tells of what an edit has changed of an issue or a pull request: one
// event for each thing that GitHub has an action for.
func (r *Repository) tellChanges(i int32, was *issue) {
	is := &r.issues[i]
	switch {
	case was.open() && !is.open():
		r.tellIssue(i, "closed", nil)
	case !was.open() && is.open():
		r.tellIssue(i, "reopened", nil)
	}
	if was.title != is.title || was.body != is.body {
		r.tellIssue(i, "edited", func(e *encoder) {
			e.raw(`,"changes":{"title":{"from":`).text(r, &was.title, int64(is.number))
			e.raw(`},"body":{"from":`).text(r, &was.body, int64(is.number)).raw("}}")
		})
	}
	if was.locked != is.locked {
		r.tellIssue(i, oneName(is.locked, "locked", "unlocked"), nil)
	}
	r.tellMilestone(i, was.milestone, is.milestone)
	tellSet(was.assignees, is.assignees, func(user int32, gained bool) {
		r.tellIssue(i, oneName(gained, "assigned", "unassigned"), func(e *encoder) { e.raw(`,"assignee":`).userRef(r, user) })
	})
	tellSet(was.labels, is.labels, func(label uint16, gained bool) {
		r.tellIssue(i, oneName(gained, "labeled", "unlabeled"), func(e *encoder) { e.raw(`,"label":`).json(r.labels[label].json) })
	})
}

func (r *Repository) tellMilestone(i, was, is int32) {
	if was == is {
		return
	}
	if was != none {
		r.tellIssue(i, "demilestoned", func(e *encoder) { e.raw(`,"milestone":`).json(r.milestones[was].json) })
	}
	if is != none {
		r.tellIssue(i, "milestoned", func(e *encoder) { e.raw(`,"milestone":`).json(r.milestones[is].json) })
	}
}

// tellSet tells what a set has gained and lost.
func tellSet[T comparable](was, is []T, tell func(v T, gained bool)) {
	for _, v := range was {
		if !slices.Contains(is, v) {
			tell(v, false)
		}
	}
	for _, v := range is {
		if !slices.Contains(was, v) {
			tell(v, true)
		}
	}
}

func oneName(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// tellComment tells of a comment on an issue or a pull request.
func (r *Repository) tellComment(c int32, action string) {
	r.tell("issue_comment", action, func(e *encoder) {
		e.raw(`"issue":`)
		e.issue(r, r.comments[c].issue, false)
		e.raw(`,"comment":`)
		e.comment(r, c)
		e.changedBody(action)
	})
}

// changedBody writes what an edit of a text has changed.
func (e *encoder) changedBody(action string) {
	if action == "edited" {
		e.raw(`,"changes":{"body":{"from":"as it was"}}`)
	}
}

// tellReview tells of a review of a pull request.
func (r *Repository) tellReview(v int32, action string) {
	r.tell("pull_request_review", action, func(e *encoder) {
		e.raw(`"review":`)
		e.hookReview(r, v)
		e.raw(`,"pull_request":`)
		e.pull(r, r.reviews[v].pull, false)
		e.changedBody(action)
	})
}

// tellRemark tells of a comment on a line of a pull request.
func (r *Repository) tellRemark(c int32, action string) {
	r.tell("pull_request_review_comment", action, func(e *encoder) {
		e.raw(`"comment":`)
		e.remark(r, c)
		e.raw(`,"pull_request":`)
		e.pull(r, r.remarks[c].pull, false)
		e.changedBody(action)
	})
}

// tellLabel and the like tell of what a repository has.
func (r *Repository) tellLabel(i int, action string) {
	r.tell("label", action, func(e *encoder) {
		e.raw(`"label":`).json(r.labels[i].json)
		if action == "edited" {
			e.raw(`,"changes":{"description":{"from":"as it was"}}`)
		}
	})
}

func (r *Repository) tellOfMilestone(i int32, action string) {
	r.tell("milestone", action, func(e *encoder) {
		e.raw(`"milestone":`).json(r.milestones[i].json)
		if action == "edited" {
			e.raw(`,"changes":{"description":{"from":"as it was"}}`)
		}
	})
}

func (r *Repository) tellRelease(i int, action string) {
	r.tell("release", action, func(e *encoder) {
		e.raw(`"release":`)
		e.release(r, int32(i))
		if action == "edited" {
			e.raw(`,"changes":{"body":{"from":"as it was"}}`)
		}
	})
}

// tellStars tells of stars that were given or taken back.
func (r *Repository) tellStars(n int) {
	for range max(n, -n) {
		r.tell("star", oneName(n > 0, "created", "deleted"), func(e *encoder) {
			e.raw(`"starred_at":`)
			if n > 0 {
				e.time(r.now())
			} else {
				e.raw("null")
			}
		})
		if n > 0 {
			r.tell("watch", "started", nil)
		}
	}
}

// tellRepository tells of the repository itself, with what has changed.
func (r *Repository) tellRepository(action, changes string) {
	if changes == "" {
		r.tell("repository", action, nil)
		return
	}
	r.tell("repository", action, func(e *encoder) { e.raw(`"changes":`).raw(changes) })
}

// tellRef tells of a branch or a tag that was pushed: from one commit to another, of
// which either may be none.
func (r *Repository) tellRef(kind, name string, before, after hash) {
	full := "refs/heads/" + name
	if kind == "tag" {
		full = "refs/tags/" + name
	}
	none := hash{}
	if before == none || after == none {
		r.tell(oneName(before == none, "create", "delete"), "", func(e *encoder) {
			e.raw(`"ref":`).str(name).raw(`,"ref_type":`).str(kind)
			if before == none {
				e.raw(`,"master_branch":`).str(r.info.defaultBranch).raw(`,"description":`).strOrNull(r.info.description)
			}
			e.raw(`,"pusher_type":"user"`)
		})
	}
	r.tell("push", "", func(e *encoder) {
		e.raw(`"ref":`).str(full).raw(`,"before":"`).hex(before).raw(`","after":"`).hex(after)
		e.raw(`","created":`).flag(before == none).raw(`,"deleted":`).flag(after == none).raw(`,"forced":`).flag(after != none && !r.leadsTo(after, before))
		e.raw(`,"base_ref":null,"compare":`).str(r.web + "/compare/" + before.String()[:12] + "..." + after.String()[:12])
		e.raw(`,"commits":[],"head_commit":`)
		e.hookCommit(r, after)
		e.raw(`,"pusher":{"name":`).str(r.ownerName(r.info.owner)).raw(`,"email":null}`)
	})
}

// hookCommit writes a commit as pushes have it; null for none.
func (e *encoder) hookCommit(r *Repository, sha hash) {
	i, known := r.git.byHash[sha]
	if !known {
		e.raw("null")
		return
	}
	c := &r.git.commits[i]
	e.raw(`{"id":"`).hex(c.sha).raw(`","tree_id":"`).hex(c.tree).raw(`","distinct":true,"message":`).str(c.message)
	e.raw(`,"timestamp":`).time(c.committed).raw(`,"url":`).str(r.web + "/commit/" + c.sha.String())
	e.raw(`,"author":{"name":`).str(c.authorName).raw(`,"email":`).str(c.authorEmail)
	e.raw(`},"committer":{"name":`).str(c.committerName).raw(`,"email":`).str(c.committerEmail)
	e.raw(`},"added":[],"removed":[],"modified":[]}`)
}

// tellDiscussion tells of a discussion.
func (r *Repository) tellDiscussion(i int32, action string) {
	r.tell("discussion", action, func(e *encoder) {
		e.raw(`"discussion":`)
		e.discussion(r, i)
		e.changedBody(action)
	})
}

// tellDiscussionComment tells of a comment on a discussion.
func (r *Repository) tellDiscussionComment(c int32, action string) {
	r.tell("discussion_comment", action, func(e *encoder) {
		e.raw(`"discussion":`)
		e.discussion(r, r.discussionComments[c].discussion)
		e.raw(`,"comment":`)
		e.discussionComment(r, c)
		e.changedBody(action)
	})
}

// hookReview writes a review as payloads have it: its state is in small letters.
func (e *encoder) hookReview(r *Repository, v int32) {
	inner := encoder{}
	inner.review(r, v)
	state := r.reviews[v].state.String()
	// Inside of a text the quotes would be escaped.
	e.json(bytes.Replace(inner.b, []byte(`,"state":"`+state+`"`), []byte(`,"state":"`+strings.ToLower(state)+`"`), 1))
}

// tellReviewed tells of the last review and its comments.
func (r *Repository) tellReviewed(v int32, comments int) {
	if r.reviews[v].state == reviewPending {
		return // only its author knows
	}
	r.tellReview(v, "submitted")
	for n := len(r.remarks) - comments; n < len(r.remarks); n++ {
		r.tellRemark(int32(n), "created")
	}
}

// tellPushed tells of a pull request whose branch was pushed to.
func (r *Repository) tellPushed(i int32, before, after hash) {
	r.tellIssue(i, "synchronize", func(e *encoder) {
		e.raw(`,"before":"`).hex(before).raw(`","after":"`).hex(after).raw(`"`)
	})
}

// tellRenamed tells of a repository that has another name or another owner.
func (r *Repository) tellRenamed(was string, transferred bool) {
	if transferred {
		e := encoder{}
		e.raw(`{"owner":{"from":{"user":`).userRef(r, r.info.owner).raw("}}}")
		r.tellRepository("transferred", string(e.b))
		return
	}
	e := encoder{}
	e.raw(`{"repository":{"name":{"from":`).str(was).raw("}}}")
	r.tellRepository("renamed", string(e.b))
}

// leadsTo tells whether a commit is one that another leads to, as after a push that
// was not forced. Every commit leads to none.
func (r *Repository) leadsTo(sha, to hash) bool {
	if to == (hash{}) {
		return true
	}
	i, known := r.git.byHash[to]
	return known && slices.Contains(r.git.walk(sha), i)
}

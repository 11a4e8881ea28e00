package githubsim

// pull writes a pull request as lists have it (pull-request-simple); single adds
// what only GET /repos/{owner}/{repo}/pulls/{number} has.
func (e *encoder) pull(r *Repository, i int32, single bool) {
	p := &r.pulls[i]
	is := &r.issues[p.issue]
	n := int64(is.number)
	e.raw(`{"url":"`).raw(r.api).raw("/pulls/").num(n).raw(`","id":`).num(p.id).raw(`,"node_id":`).nodeOf(r, "PR", p.id)
	e.raw(`,"html_url":"`).raw(r.web).raw("/pull/").num(n).raw(`","diff_url":"`).raw(r.web).raw("/pull/").num(n)
	e.raw(`.diff","patch_url":"`).raw(r.web).raw("/pull/").num(n).raw(`.patch","issue_url":"`).raw(r.api).raw("/issues/").num(n)
	e.raw(`","number":`).num(n).raw(`,"state":`).str(stateName(is.open())).raw(`,"locked":`).flag(is.locked)
	e.raw(`,"title":`).text(r, &is.title, n).raw(`,"user":`)
	if single {
		e.userOrGhost(r, is.user)
	} else {
		e.userRef(r, is.user)
	}
	e.raw(`,"body":`).textOrNull(r, &is.body, n)
	e.raw(`,"created_at":`).time(is.created).raw(`,"updated_at":`).time(is.updated)
	e.raw(`,"closed_at":`).time(is.closed).raw(`,"merged_at":`).time(p.merged)
	e.raw(`,"merge_commit_sha":`).sha(p.mergeID)
	e.assignees(r, is)
	e.raw(`,"requested_reviewers":`).userRefs(r, p.requested).raw(`,"requested_teams":[],"labels":`).labelRefs(r, is.labels)
	e.raw(`,"milestone":`).milestoneRef(r, is.milestone).raw(`,"draft":`).flag(p.draft)
	e.pullLinks(r, p, n)
	e.pullHead(r, p)
	e.pullBase(r, p)
	e.links(r, p, n)
	e.raw(`,"author_association":`).str(is.assoc.String()).raw(`,"auto_merge":null,"active_lock_reason":`).lockReason(is)
	if single {
		e.pullSingle(r, p, is)
	}
	e.raw("}")
}

func (e *encoder) pullLinks(r *Repository, p *pull, n int64) {
	e.raw(`,"commits_url":"`).raw(r.api).raw("/pulls/").num(n).raw(`/commits","review_comments_url":"`).raw(r.api)
	e.raw("/pulls/").num(n).raw(`/comments","review_comment_url":"`).raw(r.api)
	e.raw(`/pulls/comments{/number}","comments_url":"`).raw(r.api).raw("/issues/").num(n)
	e.raw(`/comments","statuses_url":"`).raw(r.api).raw("/statuses/").hex(p.headSHA).raw(`"`)
}

// pullHead writes where a pull request comes from. Of a user who was deleted GitHub
// shows neither the name nor the label, in lists as well as alone.
func (e *encoder) pullHead(r *Repository, p *pull) {
	e.raw(`,"head":{"label":`)
	if p.headUser == nobody {
		e.raw("null")
	} else {
		e.str(r.users[p.headUser].login + ":" + p.headRef)
	}
	e.raw(`,"ref":`).str(p.headRef).raw(`,"sha":"`).hex(p.headSHA).raw(`","user":`).userRef(r, p.headUser)
	e.raw(`,"repo":`)
	switch p.headFork {
	case forkSelf:
		e.json(r.info.json)
	case forkDeleted:
		e.raw("null")
	default:
		e.json(r.forks[p.headFork].json)
	}
	e.raw("}")
}

func (e *encoder) pullBase(r *Repository, p *pull) {
	e.raw(`,"base":{"label":`).str(r.ownerName(r.info.owner) + ":" + p.baseRef).raw(`,"ref":`).str(p.baseRef)
	e.raw(`,"sha":"`).hex(p.baseSHA).raw(`","user":`).userRef(r, r.info.owner).raw(`,"repo":`).json(r.info.json).raw("}")
}

func (r *Repository) ownerName(i int32) string {
	if i == nobody {
		return "unknown"
	}
	return r.users[i].login
}

func (e *encoder) links(r *Repository, p *pull, n int64) {
	e.raw(`,"_links":{"self":{"href":"`).raw(r.api).raw("/pulls/").num(n)
	e.raw(`"},"html":{"href":"`).raw(r.web).raw("/pull/").num(n)
	e.raw(`"},"issue":{"href":"`).raw(r.api).raw("/issues/").num(n)
	e.raw(`"},"comments":{"href":"`).raw(r.api).raw("/issues/").num(n)
	e.raw(`/comments"},"review_comments":{"href":"`).raw(r.api).raw("/pulls/").num(n)
	e.raw(`/comments"},"review_comment":{"href":"`).raw(r.api)
	e.raw(`/pulls/comments{/number}"},"commits":{"href":"`).raw(r.api).raw("/pulls/").num(n)
	e.raw(`/commits"},"statuses":{"href":"`).raw(r.api).raw("/statuses/").hex(p.headSHA).raw(`"}}`)
}

func (e *encoder) pullSingle(r *Repository, p *pull, is *issue) {
	e.raw(`,"merged":`).flag(p.merged != 0)
	switch {
	case is.open():
		e.raw(`,"mergeable":true,"rebaseable":true,"mergeable_state":"clean"`)
	default:
		e.raw(`,"mergeable":null,"rebaseable":null,"mergeable_state":"unknown"`)
	}
	e.raw(`,"merged_by":`).userRef(r, p.mergedBy).raw(`,"comments":`).num(int64(is.comments))
	e.raw(`,"review_comments":`).num(int64(p.reviewComments)).raw(`,"maintainer_can_modify":false,"commits":`).num(int64(p.commits))
	e.raw(`,"additions":`).num(int64(p.additions)).raw(`,"deletions":`).num(int64(p.deletions))
	e.raw(`,"changed_files":`).num(int64(p.files))
}

// review writes one review of a pull request.
func (e *encoder) review(r *Repository, i int32) {
	v := &r.reviews[i]
	n := r.pullNumber(v.pull)
	e.raw(`{"id":`).num(v.id).raw(`,"node_id":`).nodeOf(r, "PRR", v.id).raw(`,"user":`).userRef(r, v.user)
	e.raw(`,"body":`).text(r, &v.body, n).raw(`,"state":`).str(v.state.String())
	e.raw(`,"html_url":"`).raw(r.web).raw("/pull/").num(n).raw("#pullrequestreview-").num(v.id)
	e.raw(`","pull_request_url":"`).raw(r.api).raw("/pulls/").num(n).raw(`","author_association":`).str(v.assoc.String())
	e.raw(`,"_links":{"html":{"href":"`).raw(r.web).raw("/pull/").num(n).raw("#pullrequestreview-").num(v.id)
	e.raw(`"},"pull_request":{"href":"`).raw(r.api).raw("/pulls/").num(n).raw(`"}}`)
	if v.submitted != 0 {
		e.raw(`,"submitted_at":`).time(v.submitted)
	}
	e.raw(`,"commit_id":`).sha(v.commit).raw("}")
}

// remark writes one review comment.
func (e *encoder) remark(r *Repository, i int32) {
	c := &r.remarks[i]
	n := r.pullNumber(c.pull)
	e.raw(`{"url":"`).raw(r.api).raw("/pulls/comments/").num(c.id).raw(`","pull_request_review_id":`).num(r.reviews[c.review].id)
	e.raw(`,"id":`).num(c.id).raw(`,"node_id":`).node("PRRC_", r.info.id, c.id)
	e.raw(`,"diff_hunk":`).text(r, &c.hunk, n).raw(`,"path":`).str(c.path)
	e.raw(`,"commit_id":"`).hex(c.commit).raw(`","original_commit_id":"`).hex(c.original)
	e.raw(`","user":`).userRef(r, c.user).raw(`,"body":`).text(r, &c.body, n)
	e.raw(`,"created_at":`).time(c.created).raw(`,"updated_at":`).time(c.updated)
	e.raw(`,"html_url":"`).raw(r.web).raw("/pull/").num(n).raw("#discussion_r").num(c.id)
	e.raw(`","pull_request_url":"`).raw(r.api).raw("/pulls/").num(n).raw(`","author_association":`).str(c.assoc.String())
	e.raw(`,"_links":{"self":{"href":"`).raw(r.api).raw("/pulls/comments/").num(c.id)
	e.raw(`"},"html":{"href":"`).raw(r.web).raw("/pull/").num(n).raw("#discussion_r").num(c.id)
	e.raw(`"},"pull_request":{"href":"`).raw(r.api).raw("/pulls/").num(n).raw(`"}}`)
	e.raw(`,"reactions":{"url":"`).raw(r.api).raw("/pulls/comments/").num(c.id).reactions(c.reactions)
	e.raw(`,"start_line":null,"original_start_line":null,"start_side":null`)
	if c.line > 0 {
		e.raw(`,"line":`).num(int64(c.line)).raw(`,"original_line":`).num(int64(c.line))
	}
	e.raw(`,"side":"RIGHT"`)
	if c.replyTo != 0 {
		e.raw(`,"in_reply_to_id":`).num(c.replyTo)
	}
	if c.position > 0 {
		e.raw(`,"original_position":`).num(int64(c.position)).raw(`,"position":`).num(int64(c.position))
	}
	e.raw(`,"subject_type":"line"}`)
}

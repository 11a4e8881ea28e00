package githubsim

// nodeOf writes the node id that an archive gave, or the one that the id makes.
func (e *encoder) nodeOf(r *Repository, kind string, id int64) *encoder {
	if node, ok := r.nodes[nodeKey{kind, id}]; ok {
		return e.str(node)
	}
	return e.node(kind+"_", r.info.id, id)
}

// issue writes an issue, or the issue side of a pull request, as lists have it;
// single adds what only GET /repos/{owner}/{repo}/issues/{number} has.
func (e *encoder) issue(r *Repository, i int32, single bool) {
	is := &r.issues[i]
	n := int64(is.number)
	e.raw(`{"url":"`).raw(r.api).raw("/issues/").num(n).raw(`","repository_url":"`).raw(r.api)
	for _, link := range issueLinks {
		e.raw(`","`).raw(link[0]).raw(`":"`).raw(r.api).raw("/issues/").num(n).raw(link[1])
	}
	e.raw(`","html_url":"`).raw(r.web)
	if is.pull == none {
		e.raw("/issues/").num(n).raw(`","id":`).num(is.id).raw(`,"node_id":`).nodeOf(r, "I", is.id)
	} else {
		e.raw("/pull/").num(n).raw(`","id":`).num(is.id).raw(`,"node_id":`).nodeOf(r, "PR", r.pulls[is.pull].id)
	}
	e.raw(`,"number":`).num(n).raw(`,"title":`).text(r, &is.title, n)
	e.raw(`,"user":`).userRef(r, is.user).raw(`,"labels":`).labelRefs(r, is.labels)
	e.raw(`,"state":`).str(stateName(is.open())).raw(`,"locked":`).flag(is.locked)
	e.assignees(r, is)
	e.raw(`,"milestone":`).milestoneRef(r, is.milestone).raw(`,"comments":`).num(int64(is.comments))
	e.raw(`,"created_at":`).time(is.created).raw(`,"updated_at":`).time(is.updated)
	e.raw(`,"closed_at":`).time(is.closed).raw(`,"author_association":`).str(is.assoc.String())
	e.raw(`,"active_lock_reason":`).lockReason(is)
	if is.pull != none {
		e.pullRef(r, &r.pulls[is.pull], n)
	}
	e.raw(`,"body":`).textOrNull(r, &is.body, n).raw(`,"closed_by":`).userRef(r, is.closedBy)
	e.raw(`,"reactions":{"url":"`).raw(r.api).raw("/issues/").num(n).reactions(is.reactions)
	e.raw(`,"timeline_url":"`).raw(r.api).raw("/issues/").num(n).raw(`/timeline","performed_via_github_app":null`)
	e.raw(`,"state_reason":`).strOrNull(is.reason.String())
	if is.pull == none {
		e.raw(`,"sub_issues_summary":{"total":0,"completed":0,"percent_completed":0}`)
		e.raw(`,"issue_dependencies_summary":{"blocked_by":0,"total_blocked_by":0,"blocking":0,"total_blocking":0}`)
	}
	if single {
		e.raw(`,"pinned_comment":null`)
	}
	e.raw("}")
}

var issueLinks = [...][2]string{
	{"labels_url", "/labels{/name}"},
	{"comments_url", "/comments"},
	{"events_url", "/events"},
}

func (e *encoder) assignees(r *Repository, is *issue) {
	first := nobody
	if len(is.assignees) > 0 {
		first = is.assignees[0]
	}
	e.raw(`,"assignee":`).userRef(r, first).raw(`,"assignees":`).userRefs(r, is.assignees)
}

func (e *encoder) lockReason(is *issue) {
	if is.locked {
		e.raw(`"resolved"`)
	} else {
		e.raw("null")
	}
}

// pullRef writes what tells a pull request among issues.
func (e *encoder) pullRef(r *Repository, p *pull, n int64) {
	e.raw(`,"draft":`).flag(p.draft).raw(`,"pull_request":{"url":"`).raw(r.api).raw("/pulls/").num(n)
	e.raw(`","html_url":"`).raw(r.web).raw("/pull/").num(n)
	e.raw(`","diff_url":"`).raw(r.web).raw("/pull/").num(n)
	e.raw(`.diff","patch_url":"`).raw(r.web).raw("/pull/").num(n).raw(`.patch","merged_at":`).time(p.merged).raw("}")
}

// reactions ends the url of a reaction rollup and writes its counts, which are
// the nibbles of packed.
func (e *encoder) reactions(packed uint32) {
	total := int64(0)
	for p := packed; p > 0; p >>= 4 {
		total += int64(p & 15)
	}
	e.raw(`/reactions","total_count":`).num(total)
	for _, name := range reactionNames {
		e.raw(`,"`).raw(name).raw(`":`).num(int64(packed & 15))
		packed >>= 4
	}
	e.raw("}")
}

var reactionNames = [...]string{"+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"}

// comment writes a comment on an issue or a pull request.
func (e *encoder) comment(r *Repository, i int32) {
	c := &r.comments[i]
	is := &r.issues[c.issue]
	e.raw(`{"url":"`).raw(r.api).raw("/issues/comments/").num(c.id).raw(`","html_url":"`).raw(r.web)
	if is.pull == none {
		e.raw("/issues/")
	} else {
		e.raw("/pull/")
	}
	e.num(int64(is.number)).raw("#issuecomment-").num(c.id)
	e.raw(`","issue_url":"`).raw(r.api).raw("/issues/").num(int64(is.number)).raw(`","id":`).num(c.id)
	e.raw(`,"node_id":`).node("IC_", r.info.id, c.id).raw(`,"user":`).userRef(r, c.user)
	e.raw(`,"created_at":`).time(c.created).raw(`,"updated_at":`).time(c.updated)
	e.raw(`,"body":`).text(r, &c.body, int64(is.number))
	e.raw(`,"author_association":`).str(c.assoc.String())
	e.raw(`,"reactions":{"url":"`).raw(r.api).raw("/issues/comments/").num(c.id).reactions(c.reactions)
	e.raw(`,"performed_via_github_app":null}`)
}

package githubsim

// commitStatus is what something outside of GitHub has said of a commit.
type commitStatus struct {
	id             int64
	sha            hash
	context, state string
	about, target  string
	creator        int32
	created        stamp
}

// statusesOf are the statuses of the commits that are wanted, the newest first.
func (r *Repository) statusesOf(wanted func(hash) bool) []commitStatus {
	var list []commitStatus
	for i := len(r.statuses) - 1; i >= 0; i-- {
		if wanted(r.statuses[i].sha) {
			list = append(list, r.statuses[i])
		}
	}
	return list
}

// commitStatuses lists the statuses of a commit, also those that a later one of their
// context has replaced.
// Source: docs.github.com/rest/commits/statuses#list-commit-statuses-for-a-reference.
func (q *query) commitStatuses() {
	sha, ok := q.namedCommit()
	if !ok {
		return
	}
	list := q.statusesOf(func(of hash) bool { return of == sha })
	q.plain(len(list), func(n int) { q.enc.commitStatus(q.Repository, &list[n]) })
}

// commitStatus writes a status of a commit.
func (e *encoder) commitStatus(r *Repository, s *commitStatus) {
	e.raw(`{"url":"`).raw(r.api).raw("/statuses/").hex(s.sha).raw(`","avatar_url":`)
	if s.creator == nobody {
		e.raw("null")
	} else {
		e.str(r.users[s.creator].avatar())
	}
	e.raw(`,"id":`).num(s.id).raw(`,"node_id":`).node("SC_", r.info.id, s.id).raw(`,"state":`).str(s.state)
	e.raw(`,"description":`).strOrNull(s.about).raw(`,"target_url":`).strOrNull(s.target).raw(`,"context":`).str(s.context)
	e.raw(`,"created_at":`).time(s.created).raw(`,"updated_at":`).time(s.created).raw(`,"creator":`).userRef(r, s.creator).raw("}")
}

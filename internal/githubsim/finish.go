package githubsim

// addFork adds a fork of the repository that belongs to a user.
func (r *Repository) addFork(owner int32, name string) int32 {
	full := r.users[owner].login + "/" + name
	r.forks = append(r.forks, repoInfo{
		id:    100_000_000 + int64(hashOf("repository", r.users[owner].login, name)%900_000_000),
		owner: owner, name: name, fullName: full, description: r.info.description, language: r.info.language,
		license: r.info.license, defaultBranch: r.info.defaultBranch, fork: true, size: r.info.size,
		created: r.info.created, updated: r.info.updated, pushed: r.info.pushed,
	})
	return int32(len(r.forks) - 1)
}

// finish counts what a repository that was just filled holds, and renders what
// is kept rendered.
func (r *Repository) finish() {
	r.info.forks = max(r.info.forks, int32(len(r.forks)))
	r.info.openIssues = 0
	for i := range r.milestones {
		r.milestones[i].open, r.milestones[i].closed = 0, 0
		r.useID(r.milestones[i].id)
	}
	for i := range r.issues {
		is := &r.issues[i]
		r.lastNumber = max(r.lastNumber, is.number)
		r.useID(is.id)
		if is.open() {
			r.info.openIssues++
		}
		if is.milestone != none && is.open() {
			r.milestones[is.milestone].open++
		} else if is.milestone != none {
			r.milestones[is.milestone].closed++
		}
	}
	r.useIDs()
	r.render()
}

func (r *Repository) useIDs() {
	for i := range r.pulls {
		r.useID(r.pulls[i].id)
	}
	for i := range r.comments {
		r.useID(r.comments[i].id)
	}
	for i := range r.reviews {
		r.useID(r.reviews[i].id)
	}
	for i := range r.remarks {
		r.useID(r.remarks[i].id)
	}
	for i := range r.discussions {
		r.useID(r.discussions[i].id)
	}
	for i := range r.discussionComments {
		r.useID(r.discussionComments[i].id)
	}
	for i := range r.releases {
		r.useID(r.releases[i].id)
		for _, a := range r.releases[i].assets {
			r.useID(a.id)
		}
	}
}

package githubsim

import "slices"

// socialSource reads what happens around issues, pull requests and the repository. The
// keys of files and commits of pull requests begin with the pull request's id and a slash.
func (r *Repository) socialSource(collection string) (source, bool) {
	switch collection {
	case "issue_events":
		events := slices.Clone(r.events)
		return source{len(events), func(e *encoder, n int) string {
			e.issueEvent(r, &events[n])
			return decimal(events[n].id)
		}}, true
	case "stargazers":
		stars := slices.Clone(r.stargazers[:min(len(r.stargazers), listedStars)])
		return source{len(stars), func(e *encoder, n int) string {
			e.stargazer(r, &stars[n])
			return decimal(r.users[stars[n].user].id)
		}}, true
	case "forks":
		order := r.forkOrder()
		return source{len(order), func(e *encoder, n int) string {
			e.fork(&r.forks[order[n]], false)
			return decimal(r.forks[order[n]].id)
		}}, true
	case "contributors":
		list := r.contributors()
		return source{len(list), func(e *encoder, n int) string {
			e.contributor(r, list[n])
			return decimal(r.users[list[n].user].id)
		}}, true
	case "collaborators":
		list := r.collaboratorOrder()
		return source{len(list), func(e *encoder, n int) string {
			e.collaborator(r, list[n])
			return decimal(r.users[list[n].user].id)
		}}, true
	case "pull_files":
		return r.partSource(func(i int32) int { return r.pulls[i].listed() }, func(e *encoder, i int32, n int) string {
			return e.pullFile(r, &r.pulls[i], n)
		}), true
	case "pull_commits":
		return r.partSource(func(i int32) int { return len(r.pullLine(i)) }, func(e *encoder, i int32, n int) string {
			c := r.pullLine(i)[n]
			e.commit(r, &c)
			return c.sha.String()
		}), true
	default:
		return source{}, false
	}
}

// partSource reads what pull requests have several of: size is how many, write writes
// the n-th and gives what identifies it there.
func (r *Repository) partSource(size func(i int32) int, write func(e *encoder, i int32, n int) string) source {
	type part struct {
		pull int32
		n    int
	}
	var parts []part
	for _, i := range r.pullTable.view(byCreated, anyState).order {
		for n := range size(i) {
			parts = append(parts, part{i, n})
		}
	}
	return source{len(parts), func(e *encoder, n int) string {
		p := parts[n]
		if p.n >= size(p.pull) {
			return ""
		}
		return decimal(r.pulls[p.pull].id) + "/" + write(e, p.pull, p.n)
	}}
}

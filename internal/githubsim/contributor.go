package githubsim

import (
	"cmp"
	"net/http"
	"slices"
)

// listedContributors is how many contributors GitHub lists: it links the first 500
// authors' addresses to users.
// Source: docs.github.com/rest/repos/repos#list-repository-contributors.
const listedContributors = 500

// contributor is a user with the number of their commits.
type contributor struct{ user, commits int32 }

// contributors are the authors of what the default branch reaches, the busiest first.
func (r *Repository) contributors() []contributor {
	head, _ := r.defaultHead()
	commits := map[int32]int32{}
	for _, i := range r.git.walk(head) {
		if author := r.git.commits[i].author; author != nobody && r.users[author].id != ghost.id {
			commits[author]++
		}
	}
	all := make([]contributor, 0, len(commits))
	for user, n := range commits {
		all = append(all, contributor{user, n})
	}
	slices.SortFunc(all, func(a, b contributor) int {
		return cmp.Or(cmp.Compare(b.commits, a.commits), cmp.Compare(r.users[a.user].id, r.users[b.user].id))
	})
	return all[:min(len(all), listedContributors)]
}

// contributorList answers 204 for an empty repository.
func (q *query) contributorList() {
	if _, found := q.defaultHead(); !found {
		q.status = http.StatusNoContent
		return
	}
	list := q.contributors()
	q.plain(len(list), func(n int) { q.enc.contributor(q.Repository, list[n]) })
}

func (e *encoder) contributor(r *Repository, c contributor) {
	e.viewOfUser(&r.users[c.user], "public").raw(`,"contributions":`).num(int64(c.commits)).raw("}")
}

package githubsim

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
)

// Collections are the names of what can be counted and read with Count and Items.
func Collections() []string {
	return []string{
		"repository", "labels", "milestones", "issues", "issue_comments", "pulls", "reviews", "review_comments",
		"commits", "branches", "tags", "releases", "discussions", "discussion_comments",
		"issue_events", "pull_files", "pull_commits", "stargazers", "forks", "contributors", "collaborators",
		"workflow_runs", "workflow_jobs", "deployments", "deployment_statuses", "check_runs", "commit_statuses",
	}
}

// Items are the items of a collection, each with its key and its JSON as the
// list endpoint serves it now: the truth that a mirror is compared with. The key
// is the id in decimal, the name of a branch or a tag, or the sha of a commit.
// The repository collection has one item, in the shape that a request without a
// token gets. Commits are those that the default branch reaches. There are none
// if the repository or the collection is not known.
//
// Items that are changed while the loop runs appear as they are when it comes
// to them; those that are added appear in the next loop.
func (s *Server) Items(owner, name, collection string) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		r := s.Repository(owner, name)
		if r == nil {
			return
		}
		source := r.source(collection)
		for from := 0; from < source.size; from += batch {
			for _, it := range r.batch(source, from) {
				if !yield(it.key, it.json) {
					return
				}
			}
		}
	}
}

// Count is how many items a collection has now.
func (s *Server) Count(owner, name, collection string) int {
	r := s.Repository(owner, name)
	if r == nil {
		return 0
	}
	return r.source(collection).size
}

// batch is how many items are read under one lock.
const batch = 100

type item struct {
	key  string
	json json.RawMessage
}

// source reads a collection: write writes the n-th item and gives its key,
// which is "" if the item is no more.
type source struct {
	size  int
	write func(e *encoder, n int) (key string)
}

func (r *Repository) batch(s source, from int) []item {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var items []item
	for n := from; n < min(from+batch, s.size); n++ {
		e := encoder{b: make([]byte, 0, 2048)}
		if key := s.write(&e, n); key != "" {
			items = append(items, item{key, e.b})
		}
	}
	return items
}

func decimal(id int64) string { return strconv.FormatInt(id, 10) }

// source is what reads a collection, over the items that there are now.
func (r *Repository) source(collection string) source {
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch collection {
	case "repository":
		return source{1, func(e *encoder, _ int) string {
			e.singleRepository(r, false)
			return decimal(r.info.id)
		}}
	case "labels":
		order := r.labelOrder()
		return source{len(order), func(e *encoder, n int) string {
			e.json(r.labels[order[n]].json)
			return decimal(r.labels[order[n]].id)
		}}
	case "milestones":
		order := r.milestoneOrder(anyState, false)
		return source{len(order), func(e *encoder, n int) string {
			e.json(r.milestones[order[n]].json)
			return decimal(r.milestones[order[n]].id)
		}}
	case "releases":
		order := r.releaseOrder()
		return source{len(order), func(e *encoder, n int) string {
			e.release(r, order[n])
			return decimal(r.releases[order[n]].id)
		}}
	case "reviews":
		order := r.reviewOrder()
		return source{len(order), func(e *encoder, n int) string {
			e.review(r, order[n])
			return decimal(r.reviews[order[n]].id)
		}}
	case "commits", "branches", "tags":
		return r.gitSource(collection)
	case "discussions", "discussion_comments":
		return r.discussionSource(collection)
	default:
		if s, ok := r.socialSource(collection); ok {
			return s
		}
		if s, ok := r.checkSource(collection); ok {
			return s
		}
		return r.tableSource(collection)
	}
}

// reviewOrder is all reviews that are there.
func (r *Repository) reviewOrder() []int32 {
	order := make([]int32, 0, len(r.reviews))
	for i := range r.reviews {
		if !r.reviews[i].deleted {
			order = append(order, int32(i))
		}
	}
	return order
}

func (r *Repository) gitSource(collection string) source {
	switch collection {
	case "branches":
		list := slices.Clone(r.git.branches)
		return source{len(list), func(e *encoder, n int) string {
			e.branch(r, &list[n])
			return list[n].name
		}}
	case "tags":
		list := slices.Clone(r.git.tags)
		return source{len(list), func(e *encoder, n int) string {
			e.tag(r, &list[n])
			return list[n].name
		}}
	default:
		head, _ := r.defaultHead()
		order := r.git.walk(head)
		return source{len(order), func(e *encoder, n int) string {
			c := &r.git.commits[order[n]]
			e.commit(r, c)
			return c.sha.String()
		}}
	}
}

func (r *Repository) tableSource(collection string) source {
	var t *table
	var write func(e *encoder, i int32) int64
	switch collection {
	case "issues":
		t = r.issueTable
		write = func(e *encoder, i int32) int64 { e.issue(r, i, false); return r.issues[i].id }
	case "pulls":
		t = r.pullTable
		write = func(e *encoder, i int32) int64 { e.pull(r, i, false); return r.pulls[i].id }
	case "issue_comments":
		t = r.commentTable
		write = func(e *encoder, i int32) int64 { e.comment(r, i); return r.comments[i].id }
	case "review_comments":
		t = r.remarkTable
		write = func(e *encoder, i int32) int64 { e.remark(r, i); return r.remarks[i].id }
	default:
		return source{}
	}
	order := slices.Clone(t.view(byCreated, anyState).order)
	return source{len(order), func(e *encoder, n int) string {
		if !t.rows.member(order[n], anyState) {
			return ""
		}
		return decimal(write(e, order[n]))
	}}
}

package githubsim

import (
	"container/heap"
	"slices"
	"strings"
	"sync"
)

// commit is one commit of the history.
type commit struct {
	sha, tree           hash
	parents             []hash
	author, committer   int32 // GitHub users, or nobody
	authorName          string
	authorEmail         string
	committerName       string
	committerEmail      string
	authored, committed stamp
	message             string
	files               []string // paths that it changes, of commits that were pushed
}

type ref struct {
	name string
	sha  hash
}

// git is the history: commits by name, branches and tags by name.
type git struct {
	commits  []commit
	byHash   map[hash]int32
	branches []ref // sorted by name
	tags     []ref // sorted by name

	mu    sync.Mutex
	walks map[hash][]int32 // histories that were asked for, newest first
	tip   hash             // of the default branch's known history
}

// maxWalks bounds how many histories are remembered.
const maxWalks = 64

func newGit() git { return git{byHash: make(map[hash]int32), walks: make(map[hash][]int32)} }

// replace makes g what other is.
func (g *git) replace(other *git) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commits, g.byHash, g.walks = other.commits, other.byHash, other.walks
}

// add adds a commit unless it is there.
func (g *git) add(c commit) {
	if _, ok := g.byHash[c.sha]; ok {
		return
	}
	g.byHash[c.sha] = int32(len(g.commits))
	g.commits = append(g.commits, c)
}

func findRef(refs []ref, name string) (int, bool) {
	return slices.BinarySearchFunc(refs, name, func(r ref, n string) int { return strings.Compare(r.name, n) })
}

// setRef points a ref at sha, or removes it if sha is zero.
func setRef(refs []ref, name string, sha hash) []ref {
	n, found := findRef(refs, name)
	switch {
	case sha == (hash{}) && found:
		return slices.Delete(refs, n, n+1)
	case sha == (hash{}):
		return refs
	case found:
		refs[n].sha = sha
		return refs
	default:
		return slices.Insert(refs, n, ref{name, sha})
	}
}

// walk lists what can be reached from head, newest first by the committer's
// date and never a parent before its child, as git log does.
func (g *git) walk(head hash) []int32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if order, ok := g.walks[head]; ok {
		return order
	}
	order := g.search(head)
	if len(g.walks) >= maxWalks {
		clear(g.walks)
	}
	g.walks[head] = order
	return order
}

func (g *git) search(head hash) []int32 {
	start, ok := g.byHash[head]
	if !ok {
		return nil
	}
	seen := make([]bool, len(g.commits))
	seen[start] = true
	queue := &newest{git: g, items: []int32{start}}
	var order []int32
	for queue.Len() > 0 {
		i := heap.Pop(queue).(int32)
		order = append(order, i)
		for _, p := range g.commits[i].parents {
			if n, ok := g.byHash[p]; ok && !seen[n] {
				seen[n] = true
				heap.Push(queue, n)
			}
		}
	}
	return order
}

// newest is a heap of commits whose top was committed last.
type newest struct {
	git   *git
	items []int32
}

func (q *newest) Len() int { return len(q.items) }
func (q *newest) Less(a, b int) bool {
	x, y := &q.git.commits[q.items[a]], &q.git.commits[q.items[b]]
	if x.committed != y.committed {
		return x.committed > y.committed
	}
	return q.items[a] > q.items[b]
}
func (q *newest) Swap(a, b int) { q.items[a], q.items[b] = q.items[b], q.items[a] }
func (q *newest) Push(x any)    { q.items = append(q.items, x.(int32)) }
func (q *newest) Pop() any {
	last := q.items[len(q.items)-1]
	q.items = q.items[:len(q.items)-1]
	return last
}

// head is the commit that a branch's name or a commit's sha stands for.
func (r *Repository) head(name string) (hash, bool) {
	if name == "" || name == r.info.defaultBranch {
		return r.defaultHead()
	}
	if n, ok := findRef(r.git.branches, name); ok {
		return r.git.branches[n].sha, true
	}
	if n, ok := findRef(r.git.tags, name); ok {
		return r.git.tags[n].sha, true
	}
	sha := parseHash(name)
	_, ok := r.git.byHash[sha]
	return sha, ok
}

// defaultHead is the tip of the default branch, or where its known history ends
// if the tip itself is not known.
func (r *Repository) defaultHead() (hash, bool) {
	n, found := findRef(r.git.branches, r.info.defaultBranch)
	if found {
		if sha := r.git.branches[n].sha; r.known(sha) || r.git.tip == (hash{}) {
			return sha, true
		}
	}
	return r.git.tip, r.git.tip != (hash{})
}

func (r *Repository) known(sha hash) bool {
	_, ok := r.git.byHash[sha]
	return ok
}

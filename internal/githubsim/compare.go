package githubsim

import (
	"net/http"
	"slices"
	"strings"
)

// comparedCommits is how many commits a comparison shows that is not paged.
// Source: docs.github.com/rest/commits/commits#compare-two-commits.
const comparedCommits = 250

// comparison is how a head stands to a base.
type comparison struct {
	base, head, mergeBase int32   // commits
	ahead                 []int32 // what only the head reaches, oldest first
	behind                int     // how many only the base reaches
}

func (c *comparison) status() string {
	switch {
	case len(c.ahead) > 0 && c.behind > 0:
		return "diverged"
	case len(c.ahead) > 0:
		return "ahead"
	case c.behind > 0:
		return "behind"
	default:
		return "identical"
	}
}

// compare answers GET /repos/{owner}/{repo}/compare/{base}...{head}. A commit that is
// not known is answered with 404, as is a pair without a common ancestor.
func (q *query) compare() {
	baseName, headName, _ := strings.Cut(q.args[0], "...")
	base, baseKnown := q.findCommit(baseName)
	head, headKnown := q.findCommit(headName)
	if !baseKnown || !headKnown {
		q.notFound()
		return
	}
	c := q.Repository.compare(base, head)
	if c.mergeBase == none {
		q.problem(http.StatusNotFound, "No common ancestor between "+baseName+" and "+headName+".", "https://docs.github.com/rest"+q.route.docs)
		return
	}
	from, to := max(len(c.ahead)-comparedCommits, 0), len(c.ahead)
	if q.params.Has("page") || q.params.Has("per_page") {
		p := q.page()
		from = min((p.number-1)*p.size, len(c.ahead))
		to = min(from+p.size, len(c.ahead))
		q.links(p, len(c.ahead), to, nil, nil)
	}
	q.enc.comparison(q.Repository, c, from, to)
}

// findCommit is the commit that a branch, a tag or a sha stands for.
func (q *query) findCommit(name string) (int32, bool) {
	sha, found := q.head(name)
	i, known := q.git.byHash[sha]
	return i, name != "" && found && known
}

func (r *Repository) compare(base, head int32) *comparison {
	c := &comparison{base: base, head: head, mergeBase: none}
	ofBase, ofHead := r.git.walk(r.git.commits[base].sha), r.git.walk(r.git.commits[head].sha)
	inBase, inHead := make([]bool, len(r.git.commits)), make([]bool, len(r.git.commits))
	for _, i := range ofBase {
		inBase[i] = true
	}
	for _, i := range ofHead {
		inHead[i] = true
		switch {
		case !inBase[i]:
			c.ahead = append(c.ahead, i)
		case c.mergeBase == none:
			c.mergeBase = i // the walk meets the newest first
		}
	}
	for _, i := range ofBase {
		if !inHead[i] {
			c.behind++
		}
	}
	slices.Reverse(c.ahead)
	return c
}

func (e *encoder) comparison(r *Repository, c *comparison, from, to int) {
	base, head := &r.git.commits[c.base], &r.git.commits[c.head]
	owner := r.ownerName(r.info.owner)
	pair := base.sha.String() + "..." + head.sha.String()
	e.raw(`{"url":"`).raw(r.api).raw("/compare/").raw(pair).raw(`","html_url":"`).raw(r.web).raw("/compare/").raw(pair)
	e.raw(`","permalink_url":"`).raw(r.web).raw("/compare/").raw(owner).raw(":").raw(base.sha.String()[:7])
	e.raw("...").raw(owner).raw(":").raw(head.sha.String()[:7])
	e.raw(`","diff_url":"`).raw(r.web).raw("/compare/").raw(pair).raw(`.diff","patch_url":"`).raw(r.web).raw("/compare/").raw(pair)
	e.raw(`.patch","base_commit":`).commit(r, base)
	e.raw(`,"merge_base_commit":`).commit(r, &r.git.commits[c.mergeBase])
	e.raw(`,"status":`).str(c.status()).raw(`,"ahead_by":`).num(int64(len(c.ahead))).raw(`,"behind_by":`).num(int64(c.behind))
	e.raw(`,"total_commits":`).num(int64(len(c.ahead))).raw(`,"commits":[`)
	for n, i := range c.ahead[from:to] {
		if n > 0 {
			e.raw(",")
		}
		e.commit(r, &r.git.commits[i])
	}
	e.raw("]")
	if from == 0 { // further pages have no files
		e.raw(`,"files":[]`)
	}
	e.raw("}")
}
